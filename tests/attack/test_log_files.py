"""The log's files are removed, replaced, cut or damaged while they are open: nothing is acknowledged then."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from touchline.log.contract import Batch, LogDamaged, LogUnavailable
from touchline.log.sqlite import SqliteLog

BATCH = Batch([b'{"a":1}' * 100], [], 7)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.sqlite"


@pytest.fixture
def log(path: Path) -> Iterator[SqliteLog]:
    """A log with three records."""
    log = SqliteLog(path)
    for _ in range(3):
        log.append(BATCH)
    yield log
    log.close()


def _wal(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _replace(path: Path) -> None:
    shutil.copy(path, path.with_suffix(".copy"))
    path.with_suffix(".copy").replace(path)


def _cut(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 1)


ATTACKS: dict[str, Callable[[Path], object]] = {
    "removed": Path.unlink,
    "write-ahead file removed": lambda path: _wal(path).unlink(),
    "replaced": _replace,
    "write-ahead file replaced": lambda path: _replace(_wal(path)),
    "cut": _cut,
    "write-ahead file cut": lambda path: _cut(_wal(path)),
    "folder moved": lambda path: path.parent.rename(path.parent.with_name("moved")),
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_a_lost_file_is_not_written_to(log: SqliteLog, path: Path, attack: Callable[[Path], object]) -> None:
    """From the loss on, nothing is acknowledged and the log is not ready; what it has can be read."""
    attack(path)
    with pytest.raises(LogDamaged, match=r"while it was in use|any more|damaged"):
        log.append(BATCH)
    assert "log.sqlite" in (log.health_error() or "")
    with pytest.raises(LogDamaged):
        log.append(BATCH)


def test_what_was_accepted_before_a_removal_is_still_read(log: SqliteLog, path: Path) -> None:
    """The worker goes on with a removed log: it reads its records and commits them."""
    path.unlink()
    assert log.health_error() is not None
    assert [record.offset for record in log.read(0)] == [1, 2, 3]
    log.begin(3)
    log.commit(3)
    assert log.committed() == 3


def test_readiness_alone_notices_a_loss(log: SqliteLog, path: Path) -> None:
    """Without a single append, a probe finds that the file is gone."""
    assert log.health_error() is None
    path.unlink()
    assert "removed" in (log.health_error() or "")


def test_damage_that_a_reader_meets_stops_appends(path: Path) -> None:
    """Once the worker cannot read a damaged page, no event is acknowledged any more."""
    with closing(SqliteLog(path)) as log:
        for _ in range(200):
            log.append(BATCH)
    content = bytearray(path.read_bytes())
    content[4096 * 2 :] = b"\xff" * (len(content) - 4096 * 2)
    path.write_bytes(content)
    with closing(SqliteLog(path)) as log:
        with pytest.raises(LogUnavailable):
            log.read(0, limit_bytes=10**9)
        with pytest.raises(LogDamaged, match="damaged"):
            log.append(BATCH)
        assert "damaged" in (log.health_error() or "")


def _appended_and_killed(path: Path, records: int) -> None:
    """Append in a process that ends without closing the log."""
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from touchline.log.contract import Batch\n"
        "from touchline.log.sqlite import SqliteLog\n"
        "log = SqliteLog(Path(sys.argv[1]))\n"
        "for number in range(int(sys.argv[2])):\n"
        "    log.append(Batch([b'{}'], [], number))\n"
        "os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(path), str(records)], check=True, timeout=60)


def test_damage_in_the_write_ahead_file_is_reported_at_the_start(path: Path) -> None:
    """SQLite drops what follows a damaged frame; the process says that accepted events may be missing."""
    _appended_and_killed(path, 20)
    with _wal(path).open("r+b") as file:
        file.seek(32 + 10 * (24 + 4096) + 24 + 2_000)
        file.write(b"\xff" * 8)
    with capture_logs() as logs, closing(SqliteLog(path)) as log:
        assert 0 < log.end() < 20
    (entry,) = logs
    assert (entry["event"], entry["log_level"]) == ("log.damaged", "error")
    assert entry["pages_lost"] > 0


def test_an_intact_write_ahead_file_is_not_reported(path: Path) -> None:
    """After a kill, a second open and a restart of the file's frames there is nothing to report."""
    with capture_logs() as logs:
        for number in range(3):
            _appended_and_killed(path, 20)
            with closing(SqliteLog(path)) as log:
                assert log.end() == 20 * (number + 1)
                with closing(SqliteLog(path)) as second:
                    assert second.end() == log.end()
    assert logs == []
