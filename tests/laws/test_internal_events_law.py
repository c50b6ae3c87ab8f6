"""Internal events: whatever staff and audits say, journeys and frictions are those of the touchpoints."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.laws.arrivals import END, LIMITS, Arrived, interleaved, some_events
from tests.laws.offline import RULES, offline, tables
from touchline.engine.memory import MemoryStore
from touchline.engine.worker import Worker
from touchline.friction import RuleSet
from touchline.identity import Policy
from touchline.rules import parse_rules
from touchline.vocabulary.event import Event
from touchline.vocabulary.internal import INTERNAL_TYPES, touchpoints

EVERY_EVENT = RuleSet(
    parse_rules("rules: [{id: any, kind: match, when: {}}, {id: all, kind: match, when: '*'}]")
)


def _said(events: list[Event], types: list[str]) -> list[Event]:
    """An internal event of each of the types, about the customers of the events."""
    return [
        replace(
            events[n % len(events)],
            id=f"said{n}",
            type=name,
            time=events[n % len(events)].time + (n - 2) * 3_600_000,
            identifiers=events[n % len(events)].identifiers[:1],
        )
        for n, name in enumerate(types)
    ]


@given(
    some_events.map(touchpoints).filter(bool),
    st.lists(st.sampled_from(sorted(INTERNAL_TYPES)), min_size=1, max_size=5),
    st.randoms(use_true_random=False),
)
def test_internal_events_change_no_journey_and_no_friction(
    events: list[Event], types: list[str], random: Any
) -> None:
    """In any order of arrival, the tables are those of the touchpoints alone, and so is the newest time."""
    arrived, store = Arrived(), MemoryStore()
    for arrival in interleaved(random, [*events, *_said(events, types)], []):
        arrived.add(arrival)
    worker = Worker(arrived.log, store, RULES, limits=LIMITS)
    for record in worker.read():
        worker.flush([record], END)
    found, expected = tables(store), offline(events, END, Policy(LIMITS))
    assert (found["signals"], found["journeys"]) == (expected["signals"], expected["journeys"])
    assert {event.id for event in events} < found["customers"].keys()
    opened = [row["opened_at"] for row in store.tables["frictions"].values() if row["status"] != "retracted"]
    assert store.newest() == max([event.time for event in events] + opened)


def test_no_selector_takes_internal_events() -> None:
    """Not even a rule of every event fires on one, and a customer of such events alone has no journey."""
    event = Event(
        id="i1",
        type="audit.step_failed",
        time=1,
        channel="web",
        source="desk",
        identifiers=("walk:shop",),
        data={"walk": "shop"},
    )
    store, arrived = MemoryStore(), Arrived()
    arrived.add(event)
    worker = Worker(arrived.log, store, EVERY_EVENT)
    worker.flush(worker.read(), END)
    assert tables(store)["customers"].keys() == {"i1"}
    assert not store.tables["frictions"]
    assert not store.tables["journeys"]
