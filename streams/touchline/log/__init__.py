"""The log: its contract, the SQLite file of one process, and Kafka."""
