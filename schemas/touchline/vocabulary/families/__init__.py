"""Event types, one module per family. `touchline.vocabulary.registry` has the table of all types."""
