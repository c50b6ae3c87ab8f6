"""A mapping to start from, suggested by the names and values of a file's columns."""
