"""`touchline customer`: one customer's story, and what an operator decides about it."""
