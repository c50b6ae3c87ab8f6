"""Shipped mappings, for public data sets of real customer contacts."""
