"""The SQL of segments, against the rule language and plain loops over the same events."""

import random
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from tests.live import rows as make
from touchline.rules.conditions import condition, operators
from touchline.rules.rule import SelectorModel
from touchline.segments.definition import Segment, read_segment
from touchline.segments.membership import members_sql
from touchline.segments.selector_sql import selector_sql, text_sql
from touchline.store import Store
from touchline.vocabulary.durations import DAY, HOUR
from touchline.vocabulary.event import Event

NOW = 1_800_000_000_000
HARM = "'); DROP TABLE events; -- \\ $__toTime ${channel:queryparam}"
VALUES: tuple[Any, ...] = (
    "gold",
    "it's",
    HARM,
    "",
    3,
    3.5,
    -1,
    2**53,
    True,
    False,
    None,
    ["gold"],
    {"tier": "x"},
)
TYPES = ("page.viewed", "order.placed", "contact.started", "contact.ended", "custom.contact")


def _events(draw: random.Random) -> dict[str, list[Event]]:
    """The events of 40 customers in order, in one or two journeys that are 20 days apart."""
    found: dict[str, list[Event]] = defaultdict(list)
    for number in range(40):
        who = f"account:u{number}" if number % 3 else f"device:d{number}"
        start = NOW - draw.randrange(5, 60) * DAY
        for place in range(draw.randrange(1, 8)):
            late = 20 * DAY if place > 4 else 0
            kind = draw.choice(TYPES)
            data: dict[str, Any] = {} if draw.random() < 0.3 else {"tier": draw.choice(VALUES)}
            if draw.random() < 0.3:
                data["deep"] = {"a": draw.choice(VALUES)}
            if kind == "order.placed":
                data |= {"value": draw.choice((10.0, 40.0, 90.0)), "currency": draw.choice(("EUR", "USD"))}
            found[who].append(
                Event(
                    id=f"{who}-{place}",
                    type=kind,
                    time=start + late + place * HOUR,
                    channel=draw.choice(("web", "phone")),
                    source="shop",
                    identifiers=(who, "email:a@b.example") if number % 2 else (who,),
                    data=data,
                    context={"app": draw.choice(VALUES)},
                )
            )
    return found


@pytest.fixture
def log(store: Store) -> Mapping[str, list[Event]]:
    """The events by customer; the store has them, some twice, with their journeys and some frictions."""
    found = _events(random.Random(5))
    rows = [
        make.event(list(event.identifiers), event.id, event.time, event.type)
        | {"channel": event.channel, "source": "shop", "entity": who}
        | {"data": orjson.dumps(event.data).decode(), "context": orjson.dumps(event.context).decode()}
        for who, events in found.items()
        for event in events
    ]
    make.put(store, "events", rows, "events")
    make.put(store, "events", rows[::3], "again")
    journeys = [
        make.journey(who, own[0].time, own[-1].time, path=[own[0].channel])
        for who, events in found.items()
        for own in _journeys(events)
    ]
    make.put(store, "journeys", journeys, "journeys")
    make.put(
        store, "identities", [{"entity": w, "customer": make.of(w), "version": 1} for w in found], "known"
    )
    met = [
        make.friction(who, rule, own[0].time, journey=make.journey(who, own[0].time, 0)["id"], **status)
        for number, (who, events) in enumerate(found.items())
        for own in _journeys(events)[-1:]
        for rule, status in (("slow", {}), ("gone", {"status": "retracted"}))
        if number % 4 == 0
    ]
    make.put(store, "frictions", met, "frictions")
    return found


def _journeys(events: list[Event]) -> list[list[Event]]:
    first = [event for event in events if event.time < events[0].time + 14 * DAY]
    return [own for own in (first, events[len(first) :]) if own]


SELECTORS: list[dict[str, Any]] = [
    {"types": ["contact.*"]},
    {"types": ["contact.*", "order.placed"], "where": {"channel": "web"}},
    {"types": ["*"], "where": {"source": {"ne": "shop"}}},
    *({"where": {"data.tier": value}} for value in ("gold", HARM, "", 3, 3.5, True, False, 2**53)),
    *({"where": {"data.tier": {name: value}}} for name in ("ne", "ge", "lt") for value in ("gold", 3)),
    {"where": {"data.tier": {"ne": True}, "context.app": {"exists": True}}},
    {"where": {"data.deep.a": {"in": ["gold", 3, True]}}},
    {"where": {"data.deep.a": {"not_in": ["gold", 3]}}},
    {"where": {"data.tier": {"not_in": []}}},
    {"where": {"data.tier": {"in": []}}},
    {"where": {"data.tier": {"exists": False}}},
    {"where": {"data.tier": {"matches": "^(gold|it's)$"}}},
    {"where": {"identifiers.email": "a@b.example"}},
    {"where": {"identifiers.account": {"exists": True}}},
    {"where": {"identifiers.device": {"matches": "d1"}}},
    {"where": {"id": {"gt": "account:u2"}, "type": {"ne": "page.viewed"}}},
    {"where": {"channel": 3}},
    {"where": {"channel": {"ne": 3}}},
]


def _selects(selector: SelectorModel, event: Event) -> bool:
    """What the rule language says."""
    families = tuple(name[:-1] for name in selector.types or () if name.endswith(".*"))
    named = selector.types is None or "*" in selector.types or event.type in selector.types
    return (named or event.type.startswith(families)) and all(
        condition(path, dict(operators(wanted)))(event) for path, wanted in selector.where.items()
    )


def test_sql_selects_what_the_rule_language_selects(store: Store, log: Mapping[str, list[Event]]) -> None:
    """Each selector selects the same events in SQL as in rules, whatever the types of the values."""
    events = [event for own in log.values() for event in own]
    for given in SELECTORS:
        selector = SelectorModel.model_validate(given)
        sql = f"SELECT DISTINCT id FROM events WHERE {selector_sql(selector)}"
        found = {row[0] for row in store.query(sql).result_rows}
        assert found == {event.id for event in events if _selects(selector, event)}, given
    assert store.query(f"SELECT {text_sql(HARM)}").result_rows == [[HARM]]


CONDITIONS = """
{value: {at_least: 90}}
{value: {at_least: 90, currency: EUR}}
{order_value: {at_least: 90}}
{first_channel: [phone]}
{first_seen: {within: 30d}}
{first_seen: {before: 30d}, first_channel: [web]}
{did: [contact.*]}
{did: [{types: order.placed, where: {data.currency: EUR}}, contact.started]}
{did: [{where: {data.tier: {in: [gold, 3]}}}]}
{did_not: [order.placed]}
{did: [page.viewed], did_not: [contact.*], not_met: [slow]}
{met: [slow]}
{met: [gone]}
{not_met: [slow, gone], value: {at_least: 1}}
"""


def _is_member(segment: Segment, events: list[Event], whole: list[Event], met: set[str]) -> bool:
    """Whether events of a customer, or of a journey, fulfil the segment; `whole` are the customer's."""
    orders = [event.data for event in events if event.type == "order.placed"]
    checks = []
    for worth, total in ((segment.value, sum), (segment.order_value, max)):
        if worth is not None:
            counted = [order["value"] for order in orders if worth.currency in ("", order["currency"])]
            checks.append(bool(counted) and total(counted) >= worth.at_least)
    if segment.first_channel:
        checks.append(events[0].channel in segment.first_channel)
    if segment.first_seen is not None:
        age = NOW - whole[0].time
        within, before = segment.first_seen.within, segment.first_seen.before
        checks.append(age <= within if within is not None else age > (before or 0))
    checks += [any(_selects(one, event) for event in events) for one in segment.did]
    checks += [not any(_selects(one, event) for event in events) for one in segment.did_not]
    if segment.met:
        checks.append(bool(met & set(segment.met)))
    return all(checks) and not met & set(segment.not_met)


@pytest.mark.parametrize("of", ["customers", "journeys"])
def test_members_are_those_of_a_plain_loop(store: Store, log: Mapping[str, list[Event]], of: str) -> None:
    """Each condition selects the customers, or the journeys, that a loop over their events selects."""
    sizes = []
    for text in CONDITIONS.strip().splitlines():
        segment = read_segment(f"{{id: s, title: T, of: {of}, {text[1:]}")
        found = {tuple(row) for row in store.query(members_sql(segment, NOW)).result_rows}
        expected = set()
        for number, (who, events) in enumerate(log.items()):
            parts = _journeys(events)
            for place, own in enumerate(parts if of == "journeys" else [events]):
                last = of == "customers" or place == len(parts) - 1
                met = {"slow"} if number % 4 == 0 and last else set()
                if _is_member(segment, own, events, met):
                    journey = make.journey(who, own[0].time, 0)["id"] if of == "journeys" else make.SPACE
                    expected.add((str(make.of(who)), str(journey)))
        assert found == expected, text
        sizes.append(len(found))
    assert sum(0 < size < 40 for size in sizes) >= 8
