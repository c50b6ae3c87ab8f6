"""The log in Kafka: topics, records, and the collector's side of it."""
