"""The embedded runtime: a worker in a thread, between a log and a store that keep all in memory."""

import threading
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from touchline.engine.memory import MemoryLog, MemoryStore
from touchline.friction import RuleSet
from touchline.rules import parse_rules
from touchline.runtime.embedded import Embedded
from touchline.runtime.refolding import RefoldLog

NOW = 1_790_000_000_000
SECOND = 1_000
RULES = """
rules:
  - {id: unanswered, kind: expect, after: contact.queued, then: contact.answered, within: 60s}
"""
OTHERS = "rules: [{id: queued, kind: match, when: contact.queued}]"


class Away(Exception):
    """The store, or the log, is away."""


def _rules(text: str = RULES) -> RuleSet:
    return RuleSet(parse_rules(text, "test"))


def _append(log: MemoryLog, id_: str, type_: str, time_: int, received_at: int) -> None:
    line = {
        "id": id_,
        "type": type_,
        "time": time_,
        "received_at": received_at,
        "channel": "phone",
        "source": "desk",
        "producer": "test",
        "entity": "account:u-1",
        "identifiers": ["account:u-1"],
        "data": {},
        "context": {},
        "schema": 1,
    }
    log.append("touchpoints", [orjson.dumps(line)], received_at)


def _rules_found(store: MemoryStore) -> list[str]:
    return [row["rule"] for row in store.tables["frictions"].values() if row["status"] != "retracted"]


class Clock:
    """A clock that is set by hand; `looked` counts how often it was read."""

    def __init__(self) -> None:
        self.now, self.looked = NOW, 0

    def __call__(self) -> float:
        self.looked += 1
        return self.now / 1000


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def run(clock: Clock) -> Any:
    """Starts a worker on a log and a store; it is ended with the test."""
    running: list[Embedded] = []

    def begin(log: MemoryLog, store: MemoryStore, rules: RuleSet | None = None, **more: Any) -> Embedded:
        running.append(Embedded(log, store, rules or _rules(), clock=clock, retriable=(Away,), **more))
        running[-1].start()
        return running[-1]

    yield begin
    for one in running:
        assert one.stop(10)


def test_a_missed_obligation_is_announced_a_grace_after_its_deadline(
    clock: Clock, run: Any, wait_for: Any
) -> None:
    """Its answer may be on the way: within the grace nothing is said, after it the deadline counts."""
    log, store = MemoryLog(), MemoryStore()
    _append(log, "e-1", "contact.queued", NOW, NOW)
    run(log, store)
    wait_for(lambda: log.committed() == 1)
    clock.now = NOW + 64 * SECOND
    looked = clock.looked
    wait_for(lambda: clock.looked > looked + 3)
    assert _rules_found(store) == []
    clock.now = NOW + 65 * SECOND
    wait_for(lambda: _rules_found(store) == ["unanswered"])
    (row,) = store.tables["frictions"].values()
    assert row["opened_at"] == NOW + 60 * SECOND


def test_in_a_backlog_the_last_record_read_is_the_time(clock: Clock, run: Any, wait_for: Any) -> None:
    """An answer that is still in the queue is never reported missing, however late the worker comes to it."""

    class Slow(MemoryLog):
        def read(self, after_offset: int, *, limit_bytes: int, limit_records: int) -> Any:
            return super().read(after_offset, limit_bytes=limit_bytes, limit_records=1)

    log, store = Slow(), MemoryStore()
    _append(log, "e-1", "contact.queued", NOW, NOW)
    _append(log, "e-2", "page.viewed", NOW + SECOND, NOW + 30 * SECOND)
    _append(log, "e-3", "contact.answered", NOW + 50 * SECOND, NOW + 51 * SECOND)
    clock.now = NOW + 86_400 * SECOND
    run(log, store)
    wait_for(lambda: log.committed() == 3)
    assert store.tables["frictions"] == {}, "not even one that was taken back"


def test_it_reports_when_it_has_caught_up_with_the_log(run: Any) -> None:
    """`caught_up` returns once the waiting records are processed."""
    log, store = MemoryLog(), MemoryStore()
    idle = Embedded(log, store, _rules())
    assert not idle.caught_up(0.0)
    _append(log, "e-1", "contact.queued", NOW, NOW)
    assert run(log, store).caught_up(10.0)
    assert log.committed() == 1


def test_what_passes_is_tried_again_with_a_new_worker(run: Any, wait_for: Any) -> None:
    """While the store is away `error` says so; when it is back, all is stored once."""

    class Flaky(MemoryStore):
        away = True

        def insert(self, table: str, columns: Any, token: str) -> None:
            if self.away and table == "events":
                raise Away("the disk is full")
            super().insert(table, columns, token)

    log, store = MemoryLog(), Flaky()
    _append(log, "e-1", "contact.queued", NOW, NOW)
    one = run(log, store)
    wait_for(lambda: one.error == "the worker waits: the disk is full")
    assert log.committed() == 0
    store.away = False
    wait_for(lambda: one.error is None and log.committed() == 1)
    assert len(store.tables["events"]) == 1


def test_an_unexpected_error_ends_the_loop_and_is_reported(run: Any, wait_for: Any) -> None:
    """An unexpected error is not retried: the loop ends, `error` keeps it, and `on_end` gets it."""

    class Broken(MemoryStore):
        def insert(self, table: str, columns: Any, token: str) -> None:
            raise ZeroDivisionError

    log, store = MemoryLog(), Broken()
    _append(log, "e-1", "contact.queued", NOW, NOW)
    errors: list[str] = []
    embedded = run(log, store, on_end=errors.append)
    wait_for(lambda: errors)
    assert "ZeroDivisionError" in errors[0]
    assert embedded.error == errors[0]
    assert log.committed() == 0
    assert embedded.stop(0)


def test_other_rules_fold_everybody_again(clock: Clock, run: Any, wait_for: Any) -> None:
    """At the start with changed rules what is stored is folded by them: signals come and go."""
    log, store = MemoryLog(), MemoryStore()
    _append(log, "e-1", "contact.queued", NOW, NOW)
    clock.now = NOW + 3_600 * SECOND
    first = run(log, store)
    wait_for(lambda: _rules_found(store) == ["unanswered"])
    assert first.stop(10)
    run(log, store, _rules(OTHERS))
    wait_for(lambda: _rules_found(store) == ["queued"])


def test_a_refold_of_everyone_shows_its_progress(clock: Clock, run: Any, wait_for: Any) -> None:
    """While it refolds, it says how many identifiers are done, and is not ready; then it is."""
    log, store = MemoryLog(), MemoryStore()
    _append(log, "e1", "contact.queued", NOW, NOW)
    first = run(log, store)
    wait_for(lambda: first.processed_until is not None)
    assert first.stop(10)
    go_on, seen = threading.Event(), list[tuple[int, int]]()

    def on_refold(done: int, of: int) -> None:
        seen.append((done, of))
        assert go_on.wait(10)

    second = run(log, store, _rules(OTHERS), on_refold=on_refold)
    wait_for(lambda: seen == [(1, 1)])
    assert second.error is not None
    assert "it refolds every customer, 1 of 1 identifiers" in second.error
    go_on.set()
    wait_for(lambda: second.error is None)


def test_a_refold_of_everyone_can_be_stopped(clock: Clock, run: Any, wait_for: Any) -> None:
    """A worker that is stopped while it refolds ends after a portion; the next one begins again."""
    log, store = MemoryLog(), MemoryStore()
    _append(log, "e1", "contact.queued", NOW, NOW)
    first = run(log, store)
    wait_for(lambda: first.processed_until is not None)
    assert first.stop(10)
    ended: list[str] = []
    reached, go_on = threading.Event(), threading.Event()

    def on_refold(done: int, of: int) -> None:
        reached.set()
        assert go_on.wait(10)

    second = run(log, store, _rules(OTHERS), on_refold=on_refold, on_end=ended.append)
    assert reached.wait(10)
    assert not second.stop(0)
    go_on.set()
    assert second.stop(10)
    assert ended == []
    third = run(log, store, _rules(OTHERS))
    wait_for(lambda: third.error is None)
    assert _rules_found(store) == ["queued"]


def test_progress_is_logged_now_and_then() -> None:
    """The first, the last and one line every ten seconds are logged."""
    times = iter([0.0, 1.0, 9.0, 10.0, 11.0])
    refolding = RefoldLog(lambda: next(times))
    with capture_logs() as lines:
        for done in (1, 2, 3, 4, 5):
            refolding(done, 5)
    assert [line["identifiers"] for line in lines] == [1, 4, 5]
