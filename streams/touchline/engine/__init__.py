"""The worker's engine: records in, rows and messages out. Pure but for its ports."""
