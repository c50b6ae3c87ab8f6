"""Commands that measure, compare and try rules."""
