"""The desk: what people write on the page, and how it reaches the store."""
