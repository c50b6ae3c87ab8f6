"""Middlewares that bind the current customer and request. Importing them loads no framework."""
