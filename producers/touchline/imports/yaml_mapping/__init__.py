"""Mappings in YAML: cells, times, numbers and durations of a row."""
