"""The page of measures: each with its value, its goal and the distance between them."""
