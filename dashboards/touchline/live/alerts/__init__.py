"""The page of alerts: what is wrong, where, since when, and how many customers are affected."""
