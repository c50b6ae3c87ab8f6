"""Upkeep of the embedded engine's files: traces of deleted rows, and parts that it could not read."""

import os
import time

import orjson
import structlog

from touchline.store.handles.handle import DATABASE, Handle

_logger = structlog.get_logger(__name__)

HELD_SECONDS = 2.0
"""How long readers may still use the files of deleted rows."""

_DONE = f"database = '{DATABASE}' AND is_done"
_DAMAGED = f"""
SELECT table, name, path FROM system.detached_parts
WHERE database = '{DATABASE}' AND startsWith(reason, 'broken') ORDER BY table, name
"""  # noqa: S608 - constants


def clear_deleted(handle: Handle) -> None:
    """Remove from the disk what the engine still keeps after deletions: old parts, and texts of mutations.

    The engine itself would keep both for long. What readers still use stays until the next call.
    """
    tables = [row[0] for row in _rows(handle, f"SELECT DISTINCT table FROM system.mutations WHERE {_DONE}")]  # noqa: S608
    if not tables:
        return
    # The new parts must be on disk before the old ones go.
    os.sync()
    for table in tables:
        if _old_parts_removed(handle, table):
            handle.command(f"KILL MUTATION WHERE {_DONE} AND table = '{table}' SYNC", None)


def damaged_parts(handle: Handle) -> list[str]:
    """The paths of parts that the engine could not read and set aside; each is logged as an error."""
    damaged = _rows(handle, _DAMAGED)
    for table, name, path in damaged:
        _logger.error(
            "store.part_damaged",
            table=table,
            part=name,
            path=path,
            what="rows of this part are missing from the store: stop the process and restore the data folder "
            "from a backup; to go on without these rows, delete the folder of the part",
        )
    return [path for _, _, path in damaged]


def _old_parts_removed(handle: Handle, table: str) -> bool:
    old = (
        f"SELECT count() FROM system.parts WHERE database = '{DATABASE}' AND table = '{table}' AND NOT active"  # noqa: S608
    )
    give_up_at = time.monotonic() + HELD_SECONDS
    while True:
        # Dropping a partition, even one that does not exist, removes parts that are no longer active.
        handle.command(f"ALTER TABLE {DATABASE}.`{table}` DROP PARTITION ID 'none'", None)
        if _rows(handle, old) == [["0"]]:
            return True
        if time.monotonic() > give_up_at:
            return False
        time.sleep(0.1)


def _rows(handle: Handle, sql: str) -> list[list[str]]:
    rows: list[list[str]] = orjson.loads(handle.read(sql, "JSONCompactStrings", None, None))["data"]
    return rows
