"""What a worker says of its flushes stays true when one of them has to be repeated."""

from typing import Any

import orjson
import pytest

from touchline.engine import duplicates
from touchline.engine.memory import MemoryLog, MemoryStore
from touchline.engine.worker import Worker
from touchline.friction import RuleSet
from touchline.rules import parse_rules

HOUR = 3_600_000

RULES = RuleSet(
    parse_rules(
        "rules: [{id: late, kind: expect, after: order.placed, then: delivery.completed, within: 2h}]"
    )
)


class CutOff(Exception):
    """The process died here."""


class Cutting(MemoryLog):
    """A log whose first commit is never reached."""

    cuts: int = 1

    def commit(self, offset: int) -> None:
        if self.cuts:
            self.cuts -= 1
            raise CutOff
        super().commit(offset)


def _line(event_id: str, kind: str, hour: int, **changes: Any) -> bytes:
    event: dict[str, Any] = {
        "id": event_id,
        "type": kind,
        "time": hour * HOUR,
        "channel": "web",
        "source": "shop",
        "identifiers": ["account:1"],
        **changes,
    }
    return orjson.dumps(event)


def test_an_event_of_a_repeated_record_is_stored_and_no_duplicate() -> None:
    """Cut off before the commit, a record is counted again as stored; what came twice, as a duplicate."""
    log, store = Cutting(), MemoryStore()
    log.append("touchpoints", [_line("a", "order.placed", 0), _line("a", "order.placed", 0)], 0)
    first = Worker(log, store, RULES)
    with pytest.raises(CutOff):
        first.flush(first.read(), HOUR)
    again = Worker(log, store, RULES)
    flushed = again.flush(again.read(), HOUR)
    assert flushed is not None
    assert (flushed.stored, flushed.duplicates) == (1, 1)

    log.append("touchpoints", [_line("a", "order.placed", 0)], 0)
    flushed = again.flush(again.read(), HOUR)
    assert flushed is not None
    assert (flushed.stored, flushed.duplicates) == (0, 1)


def test_the_accounts_tell_what_is_stored_from_what_is_double() -> None:
    """Of three events of a record, one of them twice, two are accounted as stored and one as a duplicate."""
    log, store = MemoryLog(), MemoryStore()
    lines = [_line("a", "order.placed", 0), _line("b", "order.placed", 0), _line("a", "order.placed", 0)]
    log.append("touchpoints", lines, 0)
    worker = Worker(log, store, RULES)
    worker.flush(worker.read(), HOUR)
    (row,) = store.tables["accounts"].values()
    assert (row["stored"], row["duplicates"], row["suppressed"]) == (2, 1, 0)


@pytest.mark.parametrize("together", [True, False], ids=["one record", "another flush"])
def test_duplicates_with_other_content_are_counted_by_producer(together: bool) -> None:
    """Duplicates that differ from the first event are counted apart, wherever that one is."""
    log, store = MemoryLog(), MemoryStore()
    first = _line("a", "order.placed", 0, producer="shop", data={"n": 1, "m": 2})
    later = [
        _line(
            "a", "order.placed", 0, producer="shop", data={"m": 2, "n": 1}, received_at=9, context={"x": 1}
        ),
        _line("a", "order.placed", 0, producer="till", data={"n": 1, "m": 2, "o": 3}),
        _line("a", "order.placed", 1, producer="till", data={"n": 1, "m": 2}),
        _line("a", "order.placed", 0, producer="shop", data={"n": 1, "m": 2}, identifiers=["account:2"]),
        _line("a", "order.placed", 0, producer="shop", data={"n": True, "m": 2}),
    ]
    worker = Worker(log, store, RULES)
    if together:
        log.append("touchpoints", [first, *later], 0)
    else:
        log.append("touchpoints", [first], 0)
        worker.flush(worker.read(), HOUR)
        log.append("touchpoints", later, 0)
    flushed = worker.flush(worker.read(), HOUR)
    assert flushed is not None
    assert (flushed.duplicates, flushed.conflicting) == (5, {"till": 2, "shop": 2})
    rows = list(store.tables["accounts"].values())
    assert sum(row["duplicates"] for row in rows) == 5
    assert sum(row["conflicting"] for row in rows) == 4


def test_many_duplicates_are_compared_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many duplicates come, no more than a portion of the stored events is read at a time."""
    monkeypatch.setattr(duplicates, "COMPARED_TOGETHER", 2)
    log, store = MemoryLog(), MemoryStore()
    worker = Worker(log, store, RULES)
    for data in ({}, {"n": 1}):
        log.append("touchpoints", [_line(f"e{n}", "order.placed", 0, data=data) for n in range(7)], 0)
        flushed = worker.flush(worker.read(), HOUR)
    assert flushed is not None
    assert (flushed.duplicates, flushed.conflicting) == (7, {"": 7})


def test_a_new_worker_writes_rows_without_a_version() -> None:
    """After a restart, rows of tables without versions are written, and for a repeated flush not again."""
    log, store = Cutting(), MemoryStore()
    for one in ("a", "b"):
        refused = {"id": one, "received_at": 0, "producer": "", "reason": "malformed_json", "body": ""}
        log.append("quarantine", [orjson.dumps(refused | {"message": "", "field": ""})], 0)
    with pytest.raises(CutOff):
        Worker(log, store, RULES).flush(log.read(0, limit_bytes=1, limit_records=1), HOUR)
    for _ in range(2):
        worker = Worker(log, store, RULES)
        worker.flush(worker.read(1), HOUR)
    assert sorted(row["id"] for row in store.tables["quarantine"].values()) == ["a", "b"]


def test_a_friction_keeps_the_time_at_which_it_was_first_known() -> None:
    """When it is resolved its row changes, and `detected_at` does not."""
    log, store = MemoryLog(), MemoryStore()
    worker = Worker(log, store, RULES)
    log.append("touchpoints", [_line("a", "order.placed", 0)], 0)
    worker.flush(worker.read(), 3 * HOUR, 3 * HOUR)
    (found,) = store.tables["frictions"].values()
    assert (found["status"], found["detected_at"]) == ("open", 3 * HOUR)
    log.append("touchpoints", [_line("b", "delivery.completed", 4)], 0)
    worker.flush(worker.read(), 5 * HOUR, 5 * HOUR)
    (found,) = store.tables["frictions"].values()
    assert (found["status"], found["detected_at"]) == ("resolved", 3 * HOUR)


def test_each_record_is_accounted_for_per_producer() -> None:
    """Each record of a flush has one account row per producer in it."""
    log, store = MemoryLog(), MemoryStore()
    for number, producers in enumerate((["till", "till"], ["shop", "till", "shop"])):
        lines = [
            orjson.dumps({**orjson.loads(_line(f"{number}-{place}", "order.placed", 0)), "producer": name})
            for place, name in enumerate(producers)
        ]
        log.append("touchpoints", lines, number)
    worker = Worker(log, store, RULES)
    worker.flush(worker.read(), HOUR)
    rows = [(row["at"], row["producer"], row["stored"]) for row in store.tables["accounts"].values()]
    assert sorted(rows) == [(0, "till", 2), (1, "shop", 2), (1, "till", 1)]
