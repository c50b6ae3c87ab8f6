"""The log in memory, on which the laws are tested, reads like the one on disk."""

from pathlib import Path

import pytest

from touchline.engine.memory import MemoryLog
from touchline.engine.ports import Log
from touchline.log.contract import Batch
from touchline.log.sqlite import SqliteLog

NOW = 1_795_000_000_000
DAY = 86_400_000


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_the_logs_keep_one_contract(kind: str, tmp_path: Path) -> None:
    """Records are read in order after an offset, up to a limit; the log keeps the last commit and its end."""
    log: Log
    if kind == "memory":
        log = memory = MemoryLog()
        for number in range(5):
            memory.append("touchpoints", [b"%d" % number], NOW)
    else:
        log = durable = SqliteLog(tmp_path / "log.sqlite")
        for number in range(5):
            durable.append(Batch([b"%d" % number], [], NOW))
    assert (log.committed(), log.begun()) == (0, 0)
    first = log.read(0, limit_bytes=1_000, limit_records=2)
    assert [record.body.strip() for record in first] == [b"0", b"1"]
    assert [record.offset for record in first] == [1, 2]
    assert {(record.kind, record.received_at) for record in first} == {("touchpoints", NOW)}
    log.begin(2)
    log.commit(2)
    assert (log.committed(), log.begun()) == (2, 2)
    rest = log.read(log.committed(), limit_bytes=1_000, limit_records=100)
    assert [record.body.strip() for record in rest] == [b"2", b"3", b"4"]
    assert log.end() == 5
    assert list(log.read(log.end(), limit_bytes=1_000, limit_records=100)) == []
    if kind == "sqlite":
        durable.close()
