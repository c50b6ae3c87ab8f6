"""The embedded log: a durable queue in one SQLite file."""

from touchline.log.sqlite.log import Record, SqliteLog

__all__ = ["Record", "SqliteLog"]
