"""Whatever the order, the duplicates, the flushes and the crashes: the tables end as a replay's result."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.laws.arrivals import (
    END,
    HOUR,
    IDENTIFIERS,
    LIMITS,
    Arrival,
    Arrived,
    Decision,
    events_of,
    interleaved,
    line_of,
    some_decisions,
    some_events,
)
from tests.laws.mortal_worker import CrashError, crash_lists, work
from tests.laws.offline import RULES, offline, tables
from touchline.engine import flush
from touchline.engine.flush import STEPS, Step
from touchline.engine.memory import MemoryLog, MemoryStore
from touchline.engine.worker import Worker
from touchline.identity import Entry, Policy, Suppression, customer_id, kept
from touchline.tables.rows import FrictionRow, JourneyRow
from touchline.vocabulary.event import Event
from touchline.vocabulary.identifiers import rank


@given(some_events, st.randoms(use_true_random=True), st.integers(1, 5), crash_lists)
def test_any_arrival_and_any_crash_end_with_the_offline_result(
    events: list[Event], random: Any, cut: int, crashes: list[int]
) -> None:
    """Events shuffled, doubled, cut into records, with crashes and evictions, give the tables of a replay."""
    arriving = events + [event for event in events if random.random() < 0.3]
    random.shuffle(arriving)
    log, store = MemoryLog(), MemoryStore()
    for start in range(0, len(arriving), cut):
        log.append("touchpoints", [line_of(event) for event in arriving[start : start + cut]], 2_000 * HOUR)
    end = max(event.time for event in events) + random.choice([0, 1, 100]) * HOUR
    work(log, store, random, crashes, end)
    assert tables(store) == offline(events, end, Policy(LIMITS))


@given(some_events, some_decisions, st.randoms(use_true_random=True), crash_lists, st.booleans())
def test_the_ledger_takes_its_effect_whatever_happens(
    events: list[Event], decisions: list[Decision], random: Any, crashes: list[int], aimed: bool
) -> None:
    """With splits, shares, their undoing and erasures between the events, the tables are a replay's.

    A decision that is undone leaves no trace, and no table names what is erased.
    """
    arrived, store = Arrived(), MemoryStore()
    arriving: list[Arrival] = [*events, *(event for event in events if random.random() < 0.3)]
    random.shuffle(arriving)
    # Half of them at the end, where no later event makes good what one left undone.
    places = sorted(random.choice([len(arriving), random.randint(0, len(arriving))]) for _ in decisions)
    for n, (place, decision) in enumerate(zip(places, decisions, strict=True)):
        arriving.insert(place + n, decision)
    for arrival in arriving:
        arrived.add(arrival)
    end = max(event.time for event in events) + random.choice([0, 1, 100]) * HOUR
    work(arrived.log, store, random, crashes, end, aimed)
    arrived.check(store, end)
    assert all(Suppression(map(kept, store.ledger())).suppresses((one,)) for one in arrived.forgotten)


@given(
    some_events,
    some_decisions,
    st.randoms(use_true_random=True),
    crash_lists,
    st.booleans(),
    st.integers(1, 3),
)
def test_withdrawn_events_leave_no_trace(
    events: list[Event], decisions: list[Decision], random: Any, crashes: list[int], aimed: bool, times: int
) -> None:
    """Events that are taken back are as if they had never come, and may come again with other identifiers."""
    arrived, store = Arrived(), MemoryStore()
    for arrival in interleaved(random, events, decisions):
        arrived.add(arrival)
    for turn in range(times):
        gone = [event for event in arrived.events.values() if random.random() < 0.5]
        if not gone:
            continue
        arrived.withdraw(turn, gone)
        for event in gone:
            if random.random() < 0.5:
                named = random.sample(IDENTIFIERS, random.randint(1, 3))
                arrived.add(replace(event, identifiers=tuple(sorted(named, key=rank))))
    work(arrived.log, store, random, crashes, END, aimed)
    arrived.check(store, END)
    assert not any(entry.events for entry in store.ledger())


def _crashing(name: str, after: bool, countdown: list[int]) -> tuple[Step, ...]:
    """The steps of writing, one of which crashes at its turn that the countdown gives."""

    def crash(write: Any) -> Any:
        def step(writing: Any) -> None:
            countdown[0] -= 1
            if after:
                write(writing)
            if countdown[0] == 0:
                raise CrashError
            if not after:
                write(writing)

        return step

    return tuple(step._replace(write=crash(step.write)) if step.name == name else step for step in STEPS)


@given(
    st.sampled_from(STEPS),
    some_events,
    some_decisions,
    st.randoms(use_true_random=True),
    st.integers(1, 4),
    st.booleans(),
)
def test_a_crash_at_any_step_of_writing_changes_no_result(
    step: Step, events: list[Event], decisions: list[Decision], random: Any, turn: int, after: bool
) -> None:
    """A worker that dies before or after any step of the table is followed by one that ends the same."""
    arrived, store = Arrived(), MemoryStore()
    for arrival in interleaved(random, events, decisions):
        arrived.add(arrival)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush, "STEPS", _crashing(step.name, after, [turn]))
        work(arrived.log, store, random, [0], END)
    arrived.check(store, END)


@given(some_events, st.integers(0, 1_000))
def test_deadlines_alone_bring_a_store_up_to_date(events: list[Event], later: int) -> None:
    """When time passes and no event comes, evaluating what falls due equals a refold of everyone."""
    log, store = MemoryLog(), MemoryStore()
    log.append("touchpoints", [line_of(event) for event in events], 0)
    worker = Worker(log, store, RULES, limits=LIMITS)
    newest = max(event.time for event in events)
    worker.flush(worker.read(), newest)
    now = newest + later * HOUR
    restarted = Worker(log, store, RULES, limits=LIMITS)
    while restarted.flush([], now):
        pass
    assert tables(store) == offline(events, now, Policy(LIMITS))
    assert restarted.next_deadline is None or restarted.next_deadline > now


def test_the_rows_of_new_customers_are_not_queried() -> None:
    """An event of a new customer costs the same however many rows the store holds."""
    queried: list[UUID] = []

    class Observed(MemoryStore):
        def frictions_of(
            self, customers: Sequence[UUID], retracted_after: int | None = None
        ) -> list[FrictionRow]:
            queried.extend(customers)
            return super().frictions_of(customers, retracted_after)

        def journeys_of(self, customers: Sequence[UUID]) -> list[JourneyRow]:
            queried.extend(customers)
            return super().journeys_of(customers)

    log, store = MemoryLog(), Observed()
    events = events_of(
        [
            ("request.denied", 1, "store", ["account:1", "device:x"], 0),
            ("help.failed", 2, "web", ["device:y"], 0),
        ]
    )
    log.append("touchpoints", [line_of(event) for event in events], 0)
    worker = Worker(log, store, RULES, limits=LIMITS)
    worker.flush(worker.read(), 3 * HOUR)
    assert not queried
    log.append("touchpoints", [line_of(replace(events[0], id="e2", time=3 * HOUR))], 0)
    restarted = Worker(log, store, RULES, limits=LIMITS)
    restarted.flush(restarted.read(), 3 * HOUR)
    assert set(queried) == {customer_id("account:1")}
    assert tables(store)["signals"]


def test_a_readmitted_identifier_has_its_row_again() -> None:
    """The worker writes the row that it deleted when the identifier was forgotten."""
    store, log = MemoryStore(), MemoryLog()
    worker = Worker(log, store, RULES, limits=LIMITS)
    erase = Entry(id="e", at=1, who="operator", what="erase", identifiers=("device:x",), salt="s")
    readmit = Entry(id="r", at=2, who="operator", what="readmit", hashes=kept(erase).hashes, salt="s")
    before, after = events_of([("request.denied", hour, "web", ["device:x"], 0) for hour in (1, 2)])
    log.append("touchpoints", [line_of(before)], 0)
    log.append("ledger", [msgspec.json.encode(erase)], 0)
    log.append("ledger", [msgspec.json.encode(readmit)], 0)
    log.append("touchpoints", [line_of(after)], 0)
    while records := worker.read(1):
        worker.flush(records, END)
    assert list(store.tables["identities"]) == [("device:x",)]
