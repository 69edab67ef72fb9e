"""The wire: the only place that knows paths, JSON names and status codes."""
