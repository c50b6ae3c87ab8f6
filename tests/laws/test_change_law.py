"""Other rules, other limits or another version of the law: the tables end as a replay by the new ones."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.laws.arrivals import (
    END,
    HOUR,
    LIMITS,
    Arrived,
    Decision,
    Seed,
    events_of,
    line_of,
    some_decisions,
    some_events,
)
from tests.laws.mortal_worker import CrashError, Mortal, crash_lists
from tests.laws.offline import RULES, offline, tables
from touchline.engine import engine
from touchline.engine.memory import MemoryLog, MemoryStore
from touchline.engine.ports import InForce
from touchline.engine.worker import Worker
from touchline.friction import RuleSet
from touchline.identity import Limits, Policy
from touchline.rules import parse_rules
from touchline.vocabulary.event import Event

OLD_RULES = RuleSet(parse_rules("rules: [{id: any, kind: match, when: {}}]"))
OTHER_LIMITS: list[Limits] = [LIMITS, {"account": 1}, {"account": 1, "email": 2}]


def _log_of(events: list[Event]) -> MemoryLog:
    """A log with one record."""
    log = MemoryLog()
    log.append("touchpoints", [line_of(event) for event in events], 0)
    return log


def _a_customer() -> list[Event]:
    """The one event of a customer with two identifiers."""
    return events_of([("help.failed", 1, "web", ["account:1", "device:x"], 0)])


@given(some_events)
def test_other_rules_take_the_place_of_the_old(events: list[Event]) -> None:
    """After a change of the rules, a refold of everyone leaves no trace of the old ones."""
    log, store = _log_of(events), MemoryStore()
    now = max(event.time for event in events)
    old = Worker(log, store, OLD_RULES)
    old.flush(old.read(), now)
    new = Worker(log, store, RULES, limits=LIMITS)
    refolded = new.bring_rules_into_force(now)
    assert refolded == len({row["customer"] for row in store.tables["identities"].values()}), "each once"
    assert new.bring_rules_into_force(now) == 0
    assert tables(store) == offline(events, now, Policy(LIMITS))


@given(some_events, some_decisions, st.randoms(use_true_random=True), crash_lists)
def test_other_rules_and_limits_decide_about_everyone_again(
    events: list[Event], decisions: list[Decision], random: Any, crashes: list[int]
) -> None:
    """A store that other rules or limits made ends with the tables of these, whatever is cut off."""
    arrived, store = Arrived(), MemoryStore()
    for event in events:
        arrived.add(event)
    for decision in decisions:
        arrived.add(decision)
    log, last = arrived.log, random.choice(OTHER_LIMITS)
    for steps in [*crashes, 0]:
        limits, rules = last, RULES
        if steps:
            limits, rules = random.choice(OTHER_LIMITS), random.choice([RULES, OLD_RULES])
        mortal = Mortal(log, store, steps * 3)
        try:
            worker = Worker(mortal, mortal, rules, held_customers=1, limits=limits)
            worker.bring_rules_into_force(END)
            assert worker.rules_in_force
            for _ in range(random.randint(0, 9) if steps else len(log.records)):
                if records := worker.read(random.randint(1, 3)):
                    worker.flush(records, END)
            while worker.flush([], END):
                pass
        except CrashError:
            continue
    arrived.check(store, END, last)


def test_another_version_of_the_law_refolds_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that an earlier version folded is refolded at the next start, with the same rules."""
    log, store = _log_of(_a_customer()), MemoryStore()
    with monkeypatch.context() as patch:
        patch.setattr(engine, "LAW_VERSION", 1)
        old = Worker(log, store, RULES, limits=LIMITS)
        old.bring_rules_into_force(HOUR)
        old.flush(old.read(), HOUR)
        assert Worker(log, store, RULES, limits=LIMITS).rules_in_force
    new = Worker(log, store, RULES, limits=LIMITS)
    assert not new.rules_in_force
    assert new.bring_rules_into_force(HOUR) == 1
    assert new.rules_in_force
    assert Worker(log, store, RULES, limits=LIMITS).bring_rules_into_force(HOUR) == 0


def test_a_refold_that_is_stopped_begins_again() -> None:
    """Progress counts every identifier; if it raises, nothing new is in force, and the next call refolds."""
    log, store = _log_of(_a_customer()), MemoryStore()
    old = Worker(log, store, RULES, limits=LIMITS)
    old.flush(old.read(), HOUR)
    store.put_in_force(InForce("1/old"), 0)
    seen: list[tuple[int, int]] = []

    def stop(done: int, of: int) -> None:
        seen.append((done, of))
        raise CrashError

    with pytest.raises(CrashError):
        Worker(log, store, RULES, limits=LIMITS).bring_rules_into_force(HOUR, HOUR, stop)
    assert seen == [(2, 2)]
    new = Worker(log, store, RULES, limits=LIMITS)
    assert not new.rules_in_force
    assert new.bring_rules_into_force(HOUR) == 1
    assert new.rules_in_force


def test_a_stopped_change_that_is_taken_back_leaves_no_trace() -> None:
    """After a refold by other rules and limits that was stopped, the former ones refold everyone again."""
    other: Limits = {"account": 1, "email": 2}
    emails = ["email:a@b.example", "email:c@d.example"]
    seeds: list[Seed] = [("cart.updated", 0, "web", [email, "device:x"], 0) for email in emails]
    events = events_of([*seeds, ("help.failed", 1, "web", ["device:y"], 0)])
    log, store = _log_of(events), MemoryStore()
    former = Worker(log, store, RULES, limits=LIMITS)
    former.flush(former.read(), END)
    former.bring_rules_into_force(END)

    def stop(done: int, of: int) -> None:
        raise CrashError

    with pytest.raises(CrashError):
        Worker(log, store, OLD_RULES, limits=other).bring_rules_into_force(END, END, stop)
    assert tables(store) != offline(events, END, Policy(LIMITS))
    again = Worker(log, store, RULES, limits=LIMITS)
    assert not again.rules_in_force
    again.bring_rules_into_force(END)
    assert tables(store) == offline(events, END, Policy(LIMITS))


def test_other_rules_after_a_crash_leave_no_trace_of_the_old() -> None:
    """Rows that a cut-off flush wrote by old rules, of events that it did not store, are retracted."""
    events = events_of([("help.failed", 1, "web", ["device:y"], 0)])
    log, store = _log_of(events), MemoryStore()
    mortal = Mortal(log, store, 4)
    old = Worker(mortal, mortal, OLD_RULES)
    with pytest.raises(CrashError):
        old.flush(old.read(), HOUR)
    assert store.tables["frictions"]
    assert not store.tables["events"]
    new = Worker(log, store, RULES, limits=LIMITS)
    new.bring_rules_into_force(HOUR)
    new.flush(new.read(), HOUR)
    assert tables(store) == offline(events, HOUR, Policy(LIMITS))
