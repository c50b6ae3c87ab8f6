"""The SQLite inbox: moves batches of the SDK's `embedded://` transport (`inbox.sqlite`) to the log.

A batch is appended to the log first and deleted here second. A crash between the two repeats the batch; the
worker recognises its events by their ids.
"""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Final, NamedTuple

import structlog

from touchline.collector.acceptance import VOCABULARY, Acceptance, CurrentValidator, accept
from touchline.collector.accounts import ClientCounters, with_account
from touchline.collector.dialects.dialect import Received
from touchline.collector.results import Result
from touchline.log.contract import Batch, Log, LogFull, LogUnavailable
from touchline.vocabulary.validation import Validator

Count = Callable[[str, list[Result]], None]

_BATCHES: Final = 100
_BYTES: Final = 4 * 1024**2
_BUSY_SECONDS: Final = 10.0
_logger = structlog.get_logger(__name__)


def drain(
    path: Path, log: Log, *, received_at_ms: int, count: Count, validator: Validator = VOCABULARY
) -> int:
    """Move the oldest batches from an inbox to the log. Returns their number, 0 if there are none.

    Args:
        path: The inbox; it may be missing.
        log: The log.
        received_at_ms: The clock, milliseconds since 1970.
        count: Called with the producer and the results of each batch when they are durable.
        validator: What the events are validated by.

    Raises:
        LogFull, LogUnavailable: from the log; the batches stay in the inbox.
        sqlite3.Error: the inbox cannot be read or written.
    """
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)) as inbox:
        rows = _oldest(inbox)
        if not rows:
            return 0
        accepted = [
            accept(Received(row.body, received_at_ms, row.producer), validator=validator)
            if row.body.strip()
            else Acceptance(Batch([], [], received_at_ms), [])
            for row in rows
        ]
        log.append(
            Batch.joined(
                with_account(acceptance, row.producer, ClientCounters.parse(row.account))
                for row, acceptance in zip(rows, accepted, strict=True)
            )
        )
        # No event stays in the file's free space, nor, unless a client is writing, in its write-ahead file.
        inbox.execute("PRAGMA secure_delete = ON")
        inbox.execute("DELETE FROM batches WHERE id <= ?", (rows[-1].id,))
        inbox.execute("PRAGMA busy_timeout = 0")
        with suppress(sqlite3.OperationalError):
            inbox.execute("PRAGMA wal_checkpoint(TRUNCATE)")
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
    validator: CurrentValidator = lambda: VOCABULARY,
    every: float = 0.25,
) -> None:
    """Drain an inbox every `every` seconds until `stop` is set; `clock` returns seconds since 1970."""
    while not stop.is_set():
        try:
            moved = drain(path, log, received_at_ms=int(clock() * 1000), count=count, validator=validator())
        except (LogFull, LogUnavailable, sqlite3.Error) as error:
            _logger.warning("cannot drain the inbox, will retry", inbox=str(path), why=str(error))
            stop.wait(5)
            continue
        if not moved:
            stop.wait(every)


class _Row(NamedTuple):
    """A batch in the inbox; `account` is None if an older client wrote it."""

    id: int
    producer: str
    body: bytes
    account: str | None


def _oldest(inbox: sqlite3.Connection) -> list[_Row]:
    columns = {name for _, name, *_ in inbox.execute("PRAGMA table_info(batches)")}
    if not columns:
        return []  # The first writer is just creating the table.
    account = "account" if "account" in columns else "NULL"
    batches: list[_Row] = []
    size = 0
    sql = f"SELECT id, producer, body, {account} FROM batches ORDER BY id"  # noqa: S608 - one of two constants
    with closing(inbox.execute(sql)) as rows:
        for number, producer, body, counters in rows:
            size += len(body)
            if batches and (size > _BYTES or len(batches) == _BATCHES):
                break
            batches.append(_Row(number, producer, bytes(body), counters))
    return batches
