"""Delivers the changes of frictions: reads them from the store, and sends them to programs."""
