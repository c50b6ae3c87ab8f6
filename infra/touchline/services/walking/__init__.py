"""Walked audits: Chromium as the browser of a walk, and the walks' events on their way to the log."""
