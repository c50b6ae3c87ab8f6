"""The dashboards, one module each: their panels and variables."""
