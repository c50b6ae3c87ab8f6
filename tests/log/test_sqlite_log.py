"""The embedded log."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from touchline.log.contract import Batch, LogFull, LogUnavailable
from touchline.log.sqlite import Record, SqliteLog


def batch(*lines: bytes, quarantine: tuple[bytes, ...] = (), at: int = 7) -> Batch:
    return Batch(touchpoints=lines, quarantine=quarantine, received_at=at)


def fill(log: SqliteLog, body: bytes) -> int:
    """Appends until the log is full; how many it took."""
    for count in range(100_000):
        try:
            log.append(batch(body))
        except LogFull:
            return count
    raise AssertionError("the log never got full")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "log.sqlite"


@pytest.fixture
def log(path: Path) -> Iterator[SqliteLog]:
    log = SqliteLog(path)
    yield log
    log.close()


def test_a_batch_becomes_one_record_a_kind(log: SqliteLog) -> None:
    """Lines come back as NDJSON; accepted events, quarantined ones and an operator's decisions apart."""
    log.append(Batch([b'{"a":1}', b'{"a":2}'], [b'{"q":1}'], 42, [b'{"l":1}']))
    assert log.read(0) == [
        Record(1, "touchpoints", 42, b'{"a":1}\n{"a":2}\n'),
        Record(2, "quarantine", 42, b'{"q":1}\n'),
        Record(3, "ledger", 42, b'{"l":1}\n'),
    ]
    assert log.end() == 3


def test_what_was_begun_is_known_after_a_restart(log: SqliteLog, path: Path) -> None:
    """The worker finds where it had begun, and what it began and did not commit is still there."""
    assert log.begun() == 0
    log.append(batch(b"{}"))
    log.append(batch(b"{}"))
    log.begin(2)
    again = SqliteLog(path)
    assert (again.begun(), again.committed(), len(again.read(0))) == (2, 0, 2)
    again.commit(2)
    assert (again.begun(), again.committed(), again.read(0)) == (2, 2, [])
    again.close()


def test_an_empty_batch_leaves_no_record(log: SqliteLog) -> None:
    """A batch without lines is not a record."""
    log.append(batch())
    assert (log.read(0), log.end()) == ([], 0)


def test_reading_is_bounded_in_records_and_bytes(log: SqliteLog) -> None:
    """A read stops at either limit, and still gives one record that alone is over the limit."""
    for number in range(5):
        log.append(batch(b"x" * 99, at=number))
    assert [record.offset for record in log.read(1, limit_records=2)] == [2, 3]
    assert [record.offset for record in log.read(0, limit_bytes=250)] == [1, 2]
    assert [record.offset for record in log.read(3, limit_bytes=1)] == [4]


def test_a_commit_is_remembered_and_never_moves_back(log: SqliteLog, path: Path) -> None:
    """What was committed survives a restart; an older commit changes nothing."""
    for _ in range(3):
        log.append(batch(b"{}"))
    assert log.committed() == 0
    log.commit(2)
    log.commit(1)
    again = SqliteLog(path)
    assert again.committed() == 2
    assert [record.offset for record in again.read(0)] == [3]
    again.close()


def test_a_record_is_kept_until_every_consumer_is_done_with_it(log: SqliteLog) -> None:
    """The slowest consumer decides what is deleted."""
    log.append(batch(b"{}"))
    log.append(batch(b"{}"))
    log.commit(1, consumer="copy")
    log.commit(2)
    assert [record.offset for record in log.read(0)] == [2]
    log.commit(2, consumer="copy")
    assert log.read(0) == []


def test_offsets_are_not_used_again(log: SqliteLog, path: Path) -> None:
    """After all records were deleted and the file opened again, offsets go on where they were."""
    log.append(batch(b"{}"))
    log.append(batch(b"{}"))
    log.commit(2)
    log.close()
    again = SqliteLog(path)
    assert again.end() == 2
    again.append(batch(b"{}"))
    assert [record.offset for record in again.read(0)] == [3]
    again.close()


def test_a_commit_deletes_a_bounded_number_and_the_next_goes_on(log: SqliteLog) -> None:
    """Deleting a long backlog is spread over several commits."""
    connection = sqlite3.connect(log._path)
    with connection:
        connection.executemany(
            "INSERT INTO records (kind, received_at, body) VALUES ('touchpoints', 0, ?)", [(b"{}\n",)] * 1500
        )
    connection.close()
    log.commit(1500)
    assert log.read(0)[0].offset == 1001
    log.commit(1500)
    assert log.read(0) == []


def test_a_full_log_says_so_and_works_again_when_space_returns(path: Path) -> None:
    """Past its bound nothing of a batch is kept; after a commit has freed space, appending goes on."""
    log = SqliteLog(path, max_bytes=256 * 1024)
    kept = fill(log, b"x" * 10_000)
    assert kept >= 10
    assert len(log.read(0)) == log.end() == kept
    with pytest.raises(LogFull, match="is full"):
        log.append(batch(b"small", quarantine=(b"x" * 20_000,)))
    assert log.end() == kept, "half a batch was kept"
    log.commit(kept // 2)
    assert fill(log, b"x" * 10_000) >= kept // 2 - 1
    assert log.size <= 256 * 1024
    log.close()


APPEND_50 = """
import sys
from touchline.log.contract import Batch
from touchline.log.sqlite import SqliteLog
log = SqliteLog(sys.argv[1])
for number in range(50):
    log.append(Batch([f"{sys.argv[2]} {number}".encode()], [], 0))
"""


def test_two_processes_write_one_log(path: Path) -> None:
    """Processes that open a new log at the same time and write to it lose nothing and keep their order."""
    writers = [subprocess.Popen([sys.executable, "-c", APPEND_50, path, name]) for name in ("a", "b")]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    log = SqliteLog(path)
    lines = [record.body.split() for record in log.read(0)]
    for name in (b"a", b"b"):
        assert [int(number) for who, number in lines if who == name] == list(range(50))
    log.close()


def test_a_foreign_sqlite_file_is_left_alone(path: Path) -> None:
    """Another program's database is refused with its path, and not changed."""
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(LogUnavailable, match=r"log\.sqlite .*not a Touchline log.*move it"):
        SqliteLog(path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    """A damaged file gives an error that names it and says what to do."""
    path.parent.mkdir()
    path.write_bytes(b"not a database, " * 1000)
    with pytest.raises(LogUnavailable, match=r"log\.sqlite is damaged"):
        SqliteLog(path)


def test_a_newer_log_is_refused(log: SqliteLog, path: Path) -> None:
    """A log of a later version is not touched by an older program."""
    log.close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(LogUnavailable, match="newer Touchline"):
        SqliteLog(path)


def test_a_closed_log_is_unavailable(log: SqliteLog) -> None:
    """Using a log after it was closed is an error of the log, not of SQLite."""
    log.close()
    with pytest.raises(LogUnavailable):
        log.append(batch(b"{}"))
    with pytest.raises(LogUnavailable):
        log.read(0)
