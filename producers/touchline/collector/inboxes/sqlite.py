"""What other processes left in the data folder (`inbox.sqlite`) while no collector listened, or instead.

The order: appended to the log, then deleted here. A crash between the two repeats a batch, whose events the
worker knows by their ids; none is lost.
"""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

import structlog

from touchline.collector.acceptance import Acceptance, Result, accept
from touchline.collector.accounts import Told, accounted
from touchline.log.contract import Batch, Log, LogFull, LogUnavailable

Count = Callable[[str, list[Result]], None]

_BATCHES: Final = 100
_BYTES: Final = 4 * 1024**2
_BUSY_SECONDS: Final = 10.0
_logger = structlog.get_logger(__name__)


def drain(path: Path, log: Log, *, received_at_ms: int, count: Count, region: str | None = None) -> int:
    """Move some batches from an inbox into the log; how many they were, 0 if there is none.

    Args:
        path: The inbox; it need not exist.
        log: Where accepted and quarantined events go.
        received_at_ms: The clock, milliseconds since 1970.
        count: Told the producer and the results of each batch, once they are durable.
        region: The region by which local phone numbers are read (ISO 3166 alpha-2).

    Raises:
        LogFull, LogUnavailable: as the log says; the batches stay in the inbox.
        sqlite3.Error: the inbox cannot be used.
    """
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)) as inbox:
        rows = _some(inbox)
        if not rows:
            return 0
        accepted = [
            accept(row.body, received_at_ms=received_at_ms, producer=row.producer, region=region)
            if row.body.strip()
            else Acceptance(Batch([], [], received_at_ms), [])
            for row in rows
        ]
        log.append(
            Batch.joined(
                accounted(acceptance, row.producer, Told.parse(row.account))
                for row, acceptance in zip(rows, accepted, strict=True)
            )
        )
        inbox.execute("DELETE FROM batches WHERE id <= ?", (rows[-1].id,))
    for row, acceptance in zip(rows, accepted, strict=True):
        count(row.producer, acceptance.results)
    return len(rows)


def keep_draining(
    path: Path,
    log: Log,
    *,
    stop: threading.Event,
    clock: Callable[[], float],
    count: Count,
    region: str | None = None,
    every: float = 0.25,
) -> None:
    """Drain an inbox until told to stop, looking `every` so many seconds; `clock`: seconds since 1970."""
    while not stop.is_set():
        try:
            moved = drain(path, log, received_at_ms=int(clock() * 1000), count=count, region=region)
        except (LogFull, LogUnavailable, sqlite3.Error) as error:
            _logger.warning("the inbox waits", inbox=str(path), why=str(error))
            stop.wait(5)
            continue
        if not moved:
            stop.wait(every)


class _Left(NamedTuple):
    """A batch that somebody left; `account` is None where an older client did."""

    id: int
    producer: str
    body: bytes
    account: str | None


def _some(inbox: sqlite3.Connection) -> list[_Left]:
    columns = {name for _, name, *_ in inbox.execute("PRAGMA table_info(batches)")}
    if not columns:
        return []  # its first writer is just making it
    account = "account" if "account" in columns else "NULL"
    found: list[_Left] = []
    size = 0
    sql = f"SELECT id, producer, body, {account} FROM batches ORDER BY id"  # noqa: S608 - one of two constants
    with closing(inbox.execute(sql)) as rows:
        for number, producer, body, told in rows:
            size += len(body)
            if found and (size > _BYTES or len(found) == _BATCHES):
                break
            found.append(_Left(number, producer, bytes(body), told))
    return found
