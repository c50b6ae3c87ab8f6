"""Who owns an identifier: decided in this process, ordered by operators, or looked up in the store."""
