"""Batches in the SQLite inbox are moved to the log."""

import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from touchline.collector import Batch, LogFull, Result
from touchline.collector.inboxes.sqlite import drain, keep_draining
from touchline.log.sqlite import SqliteLog

NOW = 1_709_290_800_000
MakeEvent = Callable[..., dict[str, Any]]


def leave(path: Path, *bodies: bytes, producer: str = "shop") -> None:
    """Puts batches into the inbox, as a process with the embedded transport does."""
    with closing(sqlite3.connect(path)) as inbox, inbox:
        inbox.execute("PRAGMA journal_mode = WAL")
        inbox.execute(
            "CREATE TABLE IF NOT EXISTS batches"
            " (id INTEGER PRIMARY KEY AUTOINCREMENT, producer TEXT, body BLOB)"
        )
        inbox.executemany(
            "INSERT INTO batches (producer, body) VALUES (?, ?)", [(producer, body) for body in bodies]
        )


def left(path: Path) -> int:
    with closing(sqlite3.connect(path)) as inbox:
        return int(inbox.execute("SELECT count(*) FROM batches").fetchone()[0])


def lines(log: SqliteLog, kind: str) -> list[dict[str, Any]]:
    found = [record for record in log.read(0) if record.kind == kind]
    return [json.loads(line) for record in found for line in record.body.splitlines()]


class Counted:
    """Counts the results of each producer."""

    def __init__(self) -> None:
        self.tally: Counter[tuple[str, str]] = Counter()

    def __call__(self, producer: str, results: list[Result]) -> None:
        self.tally.update((producer, result.status) for result in results)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    return tmp_path / "inbox.sqlite"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    log = SqliteLog(tmp_path / "log.sqlite")
    yield log
    log.close()


def test_batches_are_validated_and_moved(inbox: Path, log: SqliteLog, event: MakeEvent) -> None:
    """Valid events go to the log and invalid ones to quarantine; then the inbox is empty."""
    good = [json.dumps(event()).encode() for _ in range(3)]
    leave(inbox, good[0] + b"\n{cut\n" + good[1] + b"\n")
    leave(inbox, good[2], b"no JSON at all", producer="crm")
    counted = Counted()
    assert drain(inbox, log, received_at_ms=NOW, count=counted) == 3
    assert [line["producer"] for line in lines(log, "touchpoints")] == ["shop", "shop", "crm"]
    assert [line["body"] for line in lines(log, "quarantine")] == ["{cut", "no JSON at all"]
    assert counted.tally == {
        ("shop", "stored"): 2,
        ("shop", "quarantined"): 1,
        ("crm", "stored"): 1,
        ("crm", "quarantined"): 1,
    }
    assert left(inbox) == 0
    assert drain(inbox, log, received_at_ms=NOW, count=counted) == 0


def test_a_missing_inbox_is_empty(inbox: Path, log: SqliteLog) -> None:
    """A missing file and a file without a table count as empty; no file is created."""
    assert drain(inbox, log, received_at_ms=NOW, count=Counted()) == 0
    assert not inbox.exists()
    sqlite3.connect(inbox).close()
    inbox.touch()
    assert drain(inbox, log, received_at_ms=NOW, count=Counted()) == 0


def test_a_crash_between_append_and_delete_repeats_and_does_not_lose(
    inbox: Path, log: SqliteLog, event: MakeEvent
) -> None:
    """A batch that was appended and not deleted is appended again, with the same ids."""

    class Crashing:
        def append(self, batch: Batch) -> None:
            log.append(batch)
            raise KeyboardInterrupt

    leave(inbox, json.dumps(event(id="once")).encode())
    with pytest.raises(KeyboardInterrupt):
        drain(inbox, Crashing(), received_at_ms=NOW, count=Counted())
    assert left(inbox) == 1
    drain(inbox, log, received_at_ms=NOW, count=Counted())
    assert [line["id"] for line in lines(log, "touchpoints")] == ["once", "once"]


def test_a_full_log_leaves_the_inbox_as_it_is(inbox: Path, tmp_path: Path, event: MakeEvent) -> None:
    """If the log is full, the batches stay in the inbox."""
    full = SqliteLog(tmp_path / "small.sqlite", max_bytes=40_000)
    big = event(data={"cart_id": "7", "note": "x" * 30_000})
    leave(inbox, *[json.dumps(big).encode()] * 3)
    with pytest.raises(LogFull):
        drain(inbox, full, received_at_ms=NOW, count=Counted())
    assert (left(inbox), full.end()) == (3, 0)
    full.close()


def test_a_long_inbox_is_moved_in_parts(inbox: Path, log: SqliteLog, event: MakeEvent) -> None:
    """One call moves a bounded number of batches, oldest first."""
    leave(inbox, *(json.dumps(event(id=f"n{number}")).encode() for number in range(150)))
    moved = [drain(inbox, log, received_at_ms=NOW, count=Counted()) for _ in range(3)]
    assert moved == [100, 50, 0]
    assert [line["id"] for line in lines(log, "touchpoints")] == [f"n{number}" for number in range(150)]


def test_an_inbox_is_drained_while_it_is_written(inbox: Path, log: SqliteLog, event: MakeEvent) -> None:
    """A running drain moves new batches, and stops when `stop` is set."""
    stop, arrived = threading.Event(), threading.Event()
    counted = Counted()

    def count(producer: str, results: list[Result]) -> None:
        counted(producer, results)
        if counted.tally["shop", "stored"] == 20:
            arrived.set()

    running = threading.Thread(
        target=keep_draining,
        args=(inbox, log),
        kwargs={"stop": stop, "clock": lambda: NOW / 1000, "count": count, "every": 0.01},
    )
    running.start()
    try:
        for _ in range(20):
            leave(inbox, json.dumps(event()).encode())
        assert arrived.wait(15)
    finally:
        stop.set()
        running.join(15)
    assert not running.is_alive()
    assert len({line["id"] for line in lines(log, "touchpoints")}) == 20
