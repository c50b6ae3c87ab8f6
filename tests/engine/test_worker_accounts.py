"""What a worker says of its flushes stays true when one of them has to be repeated."""

from typing import Any

import orjson
import pytest

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


def _line(event_id: str, kind: str, hour: int) -> bytes:
    event: dict[str, Any] = {
        "id": event_id,
        "type": kind,
        "time": hour * HOUR,
        "channel": "web",
        "source": "shop",
        "identifiers": ["account:1"],
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


def test_each_record_is_accounted_for_with_its_own_producers() -> None:
    """Of records that are worked off together, each has a row for each producer in it."""
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
