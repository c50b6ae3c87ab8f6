"""What other processes left in the data folder (`inbox.sqlite`) while no collector listened, or instead.

The order: appended to the log, then deleted here. A crash between the two repeats a batch, whose events the
worker knows by their ids; none is lost.
"""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

import structlog

from touchline.collector.acceptance import Result, accept
from touchline.collector.log import Batch, Log, LogFull, LogUnavailable

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
            (producer, accept(body, received_at_ms=received_at_ms, producer=producer, region=region))
            for _, producer, body in rows
        ]
        log.append(Batch.joined(acceptance.batch for _, acceptance in accepted))
        inbox.execute("DELETE FROM batches WHERE id <= ?", (rows[-1][0],))
    for producer, acceptance in accepted:
        count(producer, acceptance.results)
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


def _some(inbox: sqlite3.Connection) -> list[tuple[int, str, bytes]]:
    if not inbox.execute("SELECT 1 FROM sqlite_master WHERE name = 'batches'").fetchone():
        return []  # its first writer is just making it
    found: list[tuple[int, str, bytes]] = []
    size = 0
    with closing(inbox.execute("SELECT id, producer, body FROM batches ORDER BY id")) as rows:
        for number, producer, body in rows:
            size += len(body)
            if found and (size > _BYTES or len(found) == _BATCHES):
                break
            found.append((number, producer, bytes(body)))
    return found
