"""After an operator's decision, nothing of deleted records stays in the log's files."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from touchline.log.contract import Batch
from touchline.log.sqlite import SqliteLog

SECRET = b"secret-77"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    """A log that is open, as in a running process."""
    with closing(SqliteLog(tmp_path / "log.sqlite")) as opened:
        yield opened


def event(number: int, padding: int) -> bytes:
    """An event that names the secret."""
    return b'{"id":"%d","identifiers":["account:%s"],"data":"%s"}' % (number, SECRET, b"x" * padding)


def holding(folder: Path) -> list[str]:
    """The files that hold the secret."""
    return sorted(path.name for path in folder.iterdir() if SECRET in path.read_bytes())


def fill(log: SqliteLog) -> None:
    """Append records that share pages, and records of many pages; some are in the file, some in the WAL."""
    for size in (10, 100_000, 3_000, 2_000_000, 200):
        log.append(Batch([event(number, size) for number in range(3)], [], 1))


def test_a_decision_overwrites_what_was_deleted(log: SqliteLog, tmp_path: Path) -> None:
    """Bytes of deleted records stay until a decision is processed; then they are gone."""
    fill(log)
    log.commit(log.end())
    assert log.read(0) == []
    assert holding(tmp_path)
    log.append(Batch([], [], 2, [b'{"what":"erase","identifiers":["account:%s"]}' % SECRET]))
    log.commit(log.end())
    assert holding(tmp_path) == []
    log.append(Batch([b'{"id":"new"}'], [], 3))
    assert [record.body for record in log.read(0)] == [b'{"id":"new"}\n']
    assert log.health_error() is None


def test_overwriting_waits_for_records_that_are_left(log: SqliteLog, tmp_path: Path) -> None:
    """Records behind the decision stay as they are; once they are processed too, all is overwritten."""
    fill(log)
    log.append(Batch([], [], 2, [b'{"what":"erase"}']))
    decision = log.end()
    fill(log)
    log.commit(decision)
    assert len(log.read(0)) == 5
    log.commit(log.end())
    assert holding(tmp_path) == []


def test_another_process_sees_no_damage(log: SqliteLog, tmp_path: Path) -> None:
    """A log that is open elsewhere stays usable: the files neither shrink nor are replaced."""
    with closing(SqliteLog(tmp_path / "log.sqlite")) as other:
        fill(log)
        log.append(Batch([], [], 2, [b'{"what":"erase"}']))
        log.commit(log.end())
        other.append(Batch([b'{"id":"other"}'], [], 3))
        assert [record.body for record in log.read(0)] == [b'{"id":"other"}\n']
        assert holding(tmp_path) == []
