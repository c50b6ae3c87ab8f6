"""The customers of a worker: folded, held, and compared with the rows of the store."""
