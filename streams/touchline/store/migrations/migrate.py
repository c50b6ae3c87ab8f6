"""Applying migrations, so that after a crash at any point the next start completes them.

A migration counts as applied once its row is written, which happens after its last statement; in a new store,
after the last one of all. Until then all its statements run again; each of them can be repeated.
"""

import json
import time
from collections.abc import Sequence
from typing import Any

from touchline.store.arrow import arrow_stream, arrow_type, record_batch
from touchline.store.errors import QueryError, StoreMismatch
from touchline.store.handles.handle import Handle
from touchline.store.migrations.cluster import create_database, statements
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

UNKNOWN_TABLE, UNKNOWN_DATABASE = 60, 81


def migrate(handle: Handle, known: Sequence[Migration], cluster: str = "") -> None:
    """Apply the migrations that the store lacks, in order.

    Args:
        handle: A handle that may create tables.
        known: All migrations of this version.
        cluster: The name of the ClickHouse cluster that holds the tables; empty for a single engine.

    Raises:
        StoreMismatch: an applied migration was edited since, or is unknown.
    """
    handle.command(create_database(cluster), database=None)
    for statement in statements(_APPLIED, cluster):
        handle.command(statement)
    lacking = pending(handle, known)
    # Of a new store, all are recorded at once: each record takes as long as two statements.
    groups = [lacking] if len(lacking) == len(known) else [[migration] for migration in lacking]
    for group in groups:
        for migration in group:
            for statement in statements(migration.sql, cluster):
                handle.command(statement)
        _record(handle, group)


def _record(handle: Handle, applied: Sequence[Migration]) -> None:
    rows: dict[str, list[Any]] = {
        "number": [migration.number for migration in applied],
        "name": [migration.name for migration in applied],
        "checksum": [migration.checksum for migration in applied],
        "applied_at": [time.time_ns() // 1_000_000] * len(applied),
    }
    token = "-".join(migration.checksum for migration in applied)
    settings = {"insert_deduplication_token": token}
    handle.insert("migrations", list(rows), arrow_stream([record_batch(rows, _TYPES)]), settings)


def script(known: Sequence[Migration], cluster: str = "") -> list[str]:
    """The statements that apply the migrations, after those that create the database and their own table."""
    migration_statements = [
        statement for migration in known for statement in statements(migration.sql, cluster)
    ]
    return [create_database(cluster), *statements(_APPLIED, cluster), *migration_statements]


def pending(handle: Handle, known: Sequence[Migration]) -> list[Migration]:
    """The migrations that the store lacks; all of them where it has no tables.

    Raises:
        StoreMismatch: an applied migration was edited since, or is unknown.
    """
    try:
        rows = handle.read("SELECT number, name, checksum FROM migrations ORDER BY number", "JSONCompact")
    except QueryError as error:
        if error.code in (UNKNOWN_TABLE, UNKNOWN_DATABASE):
            return list(known)
        raise
    left = {migration.number: migration for migration in known}
    for number, name, checksum in json.loads(rows)["data"]:
        migration = left.pop(number, None)
        if migration is None:
            raise StoreMismatch(
                f"the store has migration {number} ({name}), which this version of touchline does not know: "
                "a newer version created it; update touchline"
            )
        if migration.checksum != checksum:
            raise StoreMismatch(
                f"migration {number} ({name}) was edited after it was applied: undo the edit, and put the "
                "change into a new migration"
            )
    return [migration for migration in known if migration.number in left]
