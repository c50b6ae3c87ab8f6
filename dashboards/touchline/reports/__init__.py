"""Reports: the audit, the weekly digest, and pictures of panels.

| Module | What |
|---|---|
| `report` | what a report says: sections of blocks, as values |
| `renderers` | a report as HTML and as Markdown |
| `pictures` | charts and panels as SVG |
| `audit`, `weekly` | what the two reports say, from values that their `reading` takes from the store |
"""
