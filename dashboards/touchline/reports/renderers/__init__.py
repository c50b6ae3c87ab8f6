"""A report as HTML and as Markdown. Each renderer escapes everything that it did not write itself."""
