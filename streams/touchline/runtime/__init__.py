"""The processes around the engine: embedded, distributed, identity, alerting."""
