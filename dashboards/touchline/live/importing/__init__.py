"""Import on the live page: what a file gives by a mapping, before it is imported."""
