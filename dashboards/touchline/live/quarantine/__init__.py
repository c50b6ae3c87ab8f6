"""Quarantine on the live page: the events that were refused, by reason."""
