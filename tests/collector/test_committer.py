"""Group commit: many requests wait, one thread writes."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from touchline.collector import Batch, LogUnavailable
from touchline.collector.committer import Committer
from touchline.log.sqlite import SqliteLog


def batch(line: bytes) -> Batch:
    return Batch([line], [], 0)


class Disk:
    """A log whose appends can be blocked."""

    def __init__(self, log: SqliteLog) -> None:
        self._log = log
        self.busy = threading.Event()
        self.free = threading.Event()

    def append(self, batch: Batch) -> None:
        self.busy.set()
        assert self.free.wait(20)
        self._log.append(batch)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    log = SqliteLog(tmp_path / "log.sqlite")
    yield log
    log.close()


def test_the_queue_is_bounded(log: SqliteLog) -> None:
    """Past the bound a batch is rejected at once; queued batches are written in one record."""
    disk = Disk(log)
    committer = Committer(disk, most_waiting_bytes=100)
    first = committer.submit(batch(b"a" * 40))
    assert disk.busy.wait(20)
    others = [committer.submit(batch(b"b" * 30)), committer.submit(batch(b"c" * 30))]
    with pytest.raises(LogUnavailable, match="cannot keep up"):
        committer.submit(batch(b"d"))
    disk.free.set()
    for done in (first, *others):
        done.result(20)
    assert [record.body.count(b"\n") for record in log.read(0)] == [1, 2]
    committer.submit(batch(b"d")).result(20)
    committer.close()


def test_close_writes_queued_batches_and_rejects_new_ones(log: SqliteLog) -> None:
    """After close every queued batch is written."""
    committer = Committer(log)
    waiting = [committer.submit(batch(b"%d" % number)) for number in range(20)]
    committer.close()
    assert all(done.done() for done in waiting)
    assert b"".join(record.body for record in log.read(0)).split() == [b"%d" % n for n in range(20)]
    with pytest.raises(LogUnavailable, match="shutting down"):
        committer.submit(batch(b"late"))


def test_a_failed_append_fails_its_own_batches_only(log: SqliteLog) -> None:
    """The thread survives an exception of the log: the next batch is written."""

    class Failing:
        def __init__(self) -> None:
            self.failures = 1

        def append(self, batch: Batch) -> None:
            if self.failures:
                self.failures -= 1
                raise LogUnavailable("just now")
            log.append(batch)

    committer = Committer(Failing())
    with pytest.raises(LogUnavailable, match="just now"):
        committer.submit(batch(b"a")).result(20)
    committer.submit(batch(b"b")).result(20)
    assert [record.body for record in log.read(0)] == [b"b\n"]
    committer.close()
