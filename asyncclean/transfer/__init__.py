"""Many blocks and pages at once: knows no format."""
