"""A Kafka broker on this machine, for development and tests. It is not part of the wheel."""
