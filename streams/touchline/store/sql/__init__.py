"""Parsing SQL far enough to refuse what its sender may not do."""
