"""`touchline friction`: what staff do about frictions."""
