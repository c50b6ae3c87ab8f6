"""Commands that read, fill and correct the data."""
