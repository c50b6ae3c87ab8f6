"""The page of rules: what each finds, what it is, and what it would find with other numbers."""
