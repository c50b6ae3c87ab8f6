"""Customers on the live page: search, and the history of one."""
