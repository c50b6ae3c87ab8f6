"""Bringing a store's tables up to date, so that a crash at any point is made good by the next start.

A migration counts as applied once its row is written, after its last statement; until then all of its
statements run again, which each of them allows.
"""

import json
import time
from collections.abc import Sequence
from typing import Any

from touchline.store.arrow import arrow_stream, arrow_type, record_batch
from touchline.store.cluster import database, statements
from touchline.store.engine import Handle
from touchline.store.errors import QueryError, StoreMismatch
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


NO_TABLES = (60, 81)
"""ClickHouse's numbers for a table, and a database, that there is not."""


def migrate(handle: Handle, known: Sequence[Migration], cluster: str = "") -> None:
    """Apply those of the `known` migrations that the store has not had, in order.

    Args:
        handle: May make tables.
        known: All migrations.
        cluster: The name of the ClickHouse cluster that keeps the tables; empty for a single engine.

    Raises:
        StoreMismatch: where an applied one was edited since, or is unknown.
    """
    handle.command(database(cluster), database=None)
    for statement in statements(_APPLIED, cluster):
        handle.command(statement)
    for migration in pending(handle, known):
        for statement in statements(migration.sql, cluster):
            handle.command(statement)
        row: dict[str, list[Any]] = {
            "number": [migration.number],
            "name": [migration.name],
            "checksum": [migration.checksum],
            "applied_at": [time.time_ns() // 1_000_000],
        }
        settings = {"insert_deduplication_token": migration.checksum}
        handle.insert("migrations", list(row), arrow_stream([record_batch(row, _TYPES)]), settings)


def script(known: Sequence[Migration], cluster: str = "") -> list[str]:
    """The statements by which the `known` migrations are applied, that of the list of migrations first."""
    rendered = [statement for migration in known for statement in statements(migration.sql, cluster)]
    return [database(cluster), *statements(_APPLIED, cluster), *rendered]


def pending(handle: Handle, known: Sequence[Migration]) -> list[Migration]:
    """The `known` migrations that the store has not had; all of them where it has no tables.

    Raises:
        StoreMismatch: where an applied one was edited since, or is unknown.
    """
    try:
        rows = handle.read("SELECT number, name, checksum FROM migrations ORDER BY number", "JSONCompact")
    except QueryError as error:
        if error.code in NO_TABLES:
            return list(known)
        raise
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
