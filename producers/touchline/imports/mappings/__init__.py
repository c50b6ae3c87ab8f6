"""Mappings that come with Touchline, for public sets of real customer contacts."""
