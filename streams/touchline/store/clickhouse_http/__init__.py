"""ClickHouse's HTTP protocol in front of the embedded store: read-only, or also for writers and admins."""
