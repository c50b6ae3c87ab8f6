"""Bringing a store's tables up to date, so that a crash at any point is made good by the next start.

A migration counts as applied once its row is written, after its last statement; until then all of its
statements run again, which each of them allows.
"""

import json
import time
from collections.abc import Sequence
from typing import Any

from touchline.pipeline.store.arrow import arrow_stream, arrow_type
from touchline.pipeline.store.engine import DATABASE, Handle
from touchline.pipeline.store.errors import StoreMismatch
from touchline.pipeline.store.statement import split
from touchline.tables import Migration

_APPLIED = """CREATE TABLE IF NOT EXISTS migrations
(number UInt32, name String, checksum String, applied_at DateTime64(3, 'UTC'))
ENGINE = MergeTree ORDER BY number SETTINGS fsync_after_insert = 1, fsync_part_directory = 1"""

_TYPES = {
    name: arrow_type(kind)
    for name, kind in (
        ("number", "UInt32"),
        ("name", "String"),
        ("checksum", "String"),
        ("applied_at", "DateTime64(3, 'UTC')"),
    )
}


def migrate(handle: Handle, known: Sequence[Migration]) -> None:
    """Apply those of the `known` migrations that the store has not had, in order.

    Raises:
        StoreMismatch: where an applied one was edited since, or is unknown.
    """
    handle.command(f"CREATE DATABASE IF NOT EXISTS {DATABASE}", database=None)
    handle.command(_APPLIED)
    for migration in pending(handle, known):
        for statement in split(migration.sql):
            handle.command(statement)
        row: dict[str, list[Any]] = {
            "number": [migration.number],
            "name": [migration.name],
            "checksum": [migration.checksum],
            "applied_at": [time.time_ns() // 1_000_000],
        }
        settings = {"insert_deduplication_token": migration.checksum}
        handle.insert("migrations", list(row), arrow_stream(row, _TYPES), settings)


def pending(handle: Handle, known: Sequence[Migration]) -> list[Migration]:
    """The `known` migrations that the store has not had.

    Raises:
        StoreMismatch: where an applied one was edited since, or is unknown.
    """
    rows = handle.read("SELECT number, name, checksum FROM migrations ORDER BY number", "JSONCompact")
    left = {migration.number: migration for migration in known}
    for number, name, checksum in json.loads(rows)["data"]:
        migration = left.pop(number, None)
        if migration is None:
            raise StoreMismatch(
                f"the store has migration {number} ({name}), which this version of touchline does not know: "
                "it was made by a newer one; update touchline"
            )
        if migration.checksum != checksum:
            raise StoreMismatch(
                f"migration {number} ({name}) was edited after the store applied it: undo the edit, and put "
                "the change into a migration of its own"
            )
    return [migration for migration in known if migration.number in left]
