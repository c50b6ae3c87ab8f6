"""Inboxes: where SDKs leave batches without a collector, in a SQLite file or a Kafka topic."""
