"""Dashboards on the live page: their panels are queried, and drawn as charts, numbers and tables."""
