"""Connections to a ClickHouse engine: the one embedded in this process, or a server."""
