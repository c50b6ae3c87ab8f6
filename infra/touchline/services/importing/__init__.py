"""`touchline import`: files are checked whole, then their events are put into the log and folded."""
