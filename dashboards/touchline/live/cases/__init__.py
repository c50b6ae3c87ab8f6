"""Cases on the live page: the list of frictions that staff take care of, and one friction with its case."""
