"""Event types, one module a family. The table of all of them is `touchline.vocabulary.registry`."""
