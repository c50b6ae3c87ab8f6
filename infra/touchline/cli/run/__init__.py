"""Commands that run Touchline, whole or in parts."""
