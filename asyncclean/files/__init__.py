"""Local files: knows formats, knows nothing of HTTP."""
