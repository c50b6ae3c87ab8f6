"""What came after each step, on random logs: counted by loops, and reconciled with the funnel."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import orjson

from tests.live import rows as make
from tests.panels.counting.journeys import came_next
from tests.panels.counting.reading import FUNNEL, Rows
from tests.panels.counting.ways import flows
from touchline.journeys import Strike, journeys
from touchline.panels import BY_ID, Panel, expand
from touchline.segments.definition import Funnel, read_funnel
from touchline.segments.funnels import funnel_panels
from touchline.store import Store
from touchline.vocabulary.durations import HOUR
from touchline.vocabulary.event import Event
from touchline.vocabulary.order import PHASES
from touchline.vocabulary.registry import OWN_PHASE

NOW = 1_800_000_000_000
TYPES = (*FUNNEL, "page.viewed", "payment.failed", "contact.started", "help.failed", "visit.started")
FINDINGS = ("payment.failed", "help.failed")


class Logged(NamedTuple):
    """An event of the log."""

    time: int
    phase: int
    id: str
    type: str


def _is_step(wanted: Sequence[Sequence[str]], event: Logged, step: int) -> bool:
    return event.type in wanted[step]


def _log(draw: random.Random) -> dict[str, list[Logged]]:
    """Events of customers, in order; some share a time, and some lie too far apart for any way."""
    log = {}
    for number in range(250):
        who = f"account:u{number}"
        events = []
        for place in range(draw.randrange(1, 10)):
            kind = draw.choice(TYPES)
            time = NOW + draw.choice((1, 1, 30)) * draw.randrange(12) * HOUR
            events.append(Logged(time, PHASES.get(kind, OWN_PHASE), f"{who}-{place}", kind))
        log[who] = sorted(events)
    return log


def _event(who: str, one: Logged) -> Event:
    return Event(id=one.id, type=one.type, time=one.time, channel="web", source="shop", identifiers=(who,))


def _journeys(log: Mapping[str, Sequence[Logged]], anchors: set[str]) -> Iterator[dict[str, Any]]:
    """The customers' journeys, with their ways."""
    for who, logged in log.items():
        events = [_event(who, one) for one in logged]
        for found in journeys(events, [Strike(NOW, 1, anchor) for anchor in anchors]):
            yield make.journey(who, found.start, found.last, **make.ways(found))


def _shown(store: Store, panel: Panel) -> Rows:
    answer = store.query(expand(panel.sql, NOW - HOUR, NOW + 400 * HOUR, 60))
    return [dict(zip(answer.column_names, row, strict=True)) for row in answer.result_rows]


def _reconciles(funnel: Rows, found: Rows) -> None:
    """Each step has as many customers in, out and in the funnel; as many end as begin."""
    source, target = Counter[str](), Counter[str]()
    for row in found:
        source[row["source"]] += row["customers"]
        target[row["target"]] += row["customers"]
    counts = {row["label"]: row["customers"] for row in funnel}
    first, *others, last = counts
    assert all(source[name] == counts[name] for name in (first, *others))
    assert all(target[name] == counts[name] for name in (*others, last))
    ends = sum(number for name, number in target.items() if name not in counts)
    assert ends + counts[last] == counts[first]


def _funnel(draw: random.Random, number: int) -> Funnel:
    steps = [
        {"name": f"Step {step}'s", "when": {"types": draw.sample(TYPES, draw.randrange(1, 4))}}
        for step in range(draw.randrange(2, 6))
    ]
    own = {"id": f"f{number}", "title": "F", "within": f"{draw.choice((3, 12, 200))}h", "steps": steps}
    return read_funnel(orjson.dumps(own).decode())


def test_flows_reconcile_with_their_funnel(store: Store) -> None:
    """The cart's funnel and random own funnels show the flows that loops count, and no customer is lost."""
    draw = random.Random(5)
    log = _log(draw)
    rows = [
        make.event([who], event.id, event.time, event.type) for who, events in log.items() for event in events
    ]
    make.put(store, "events", rows, "events")
    make.put(store, "events", rows[::3], "again")
    closed = [
        make.event([who], f"{who}-staff", events[0].time + 1, "case.closed") for who, events in log.items()
    ]
    make.put(store, "events", closed, "what staff did is no touchpoint")
    hanging = [(who, event) for who, events in log.items() for event in events if event.type in FINDINGS[:1]]
    frictions: list[dict[str, Any]] = [
        make.friction(who, "declined", event.time, anchor=event.id) for who, event in hanging
    ]
    make.put(store, "frictions", frictions, "frictions")
    make.put(store, "journeys", list(_journeys(log, {event.id for _, event in hanging})), "journeys")

    found = _shown(store, BY_ID["cart_flows"])
    assert found == came_next(log, {event.id for _, event in hanging})
    _reconciles(_shown(store, BY_ID["funnel"]), found)
    targets = {row["target"] for row in found}
    assert {"Then: a contact", "Then: a friction", "Then: back to the shop", "Then: nothing"} <= targets

    for number in range(4):
        own = _funnel(draw, number)
        wanted = [step.when.types or () for step in own.steps]
        steps, flow, _ = funnel_panels(own)
        found = _shown(store, flow)
        assert found == flows(
            log.values(),
            [step.name for step in own.steps],
            partial(_is_step, wanted),
            own.within,
            lambda event: event.type,
        )
        _reconciles(_shown(store, steps), found)
        assert "Then: something else" in {row["target"] for row in found}
