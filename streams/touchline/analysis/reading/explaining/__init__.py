"""What an explanation reads: whom it compares (`scopes`), at which step, and what they had before."""
