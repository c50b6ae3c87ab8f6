"""What *Journeys* must show."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Protocol

from tests.panels.counting.impact import loss_texts
from tests.panels.counting.measures import one_ratio
from tests.panels.counting.reading import FUNNEL, WEEK, Count, Plain, Rows, Seen, met, moment, series
from tests.panels.counting.walks import ended, grade, outcome, score, walked
from tests.panels.counting.ways import CartWay, cart_ways, flows, targets


class Named(Protocol):
    """Anything with a time (ms), a type and an id."""

    @property
    def time(self) -> int: ...
    @property
    def type(self) -> str: ...
    @property
    def id(self) -> str: ...


def _furthest(plain: Plain, seen: Seen) -> list[CartWay]:
    """Each customer's furthest way of those that began in the span; of equals the last."""
    own: dict[str, list[CartWay]] = defaultdict(list)
    for journey, events in walked(plain):
        for way in cart_ways(events):
            if seen.during(way.first.time) and seen.chosen(
                channel=way.first.channel, source=way.first.source
            ):
                own[journey["customer"]].append(way)
    return [max(ways, key=lambda way: (way.reached, way.first.time)) for ways in own.values()]


def funnel(plain: Plain, seen: Seen) -> Rows:
    ways = _furthest(plain, seen)
    got = [sum(way.reached > step for way in ways) for step in range(len(FUNNEL))]
    lost = [*(here - onward for here, onward in pairwise(got)), 0]
    labels = FUNNEL.values()
    return [
        {"label": label, "customers": customers, "lost": gone}
        for label, customers, gone in zip(labels, got, lost, strict=True)
        if ways
    ]


def cart_flows(plain: Plain, seen: Seen) -> Rows:
    anchors = {one["anchor"] for one in plain.frictions}
    reached: list[Counter[str]] = [Counter() for _ in FUNNEL]
    for way in _furthest(plain, seen):
        reached[way.reached - 1][_kind(way.next, anchors) if way.next else ""] += 1
    return targets(reached, list(FUNNEL.values()))


def came_next(own: Mapping[str, Sequence[Named]], anchors: set[str]) -> Rows:
    """Where customers went from each step of the cart; frictions hang on `anchors`."""
    steps = list(FUNNEL)
    return flows(
        own.values(),
        list(FUNNEL.values()),
        lambda event, step: event.type == steps[step],
        WEEK,
        lambda event: _kind(event, anchors),
    )


def _kind(event: Named, anchors: set[str]) -> str:
    family = event.type.split(".")[0]
    if family == "contact":
        return "a contact"
    if event.id in anchors:
        return "a friction"
    back = ("page", "search", "element", "form", "cart", "checkout", "coupon")
    return "back to the shop" if family in back else "something else"


def paths(plain: Plain, seen: Seen) -> Rows:
    by: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for journey, events in ended(plain, seen):
        by[" → ".join(journey["path"])].append((outcome(events), score(journey)))
    rows: Rows = [
        {
            "channels": channels,
            "journeys": len(own),
            "converted": sum(end == "converted" for end, _ in own) / len(own),
            "abandoned": sum(end == "abandoned" for end, _ in own) / len(own),
            "score": sum(points for _, points in own) / len(own),
        }
        for channels, own in by.items()
    ]
    return sorted(rows, key=lambda row: (-row["journeys"], row["channels"]))[:30]


def outcomes(plain: Plain, seen: Seen) -> Rows:
    by: dict[str, Counter[str]] = defaultdict(Counter)
    for journey, events in ended(plain, seen):
        by[journey["path"][0]][outcome(events)] += 1
    return [
        {"label": channel, **{end: ends[end] for end in ("converted", "resolved", "open", "abandoned")}}
        for channel, ends in sorted(by.items(), key=lambda one: (-one[1].total(), one[0]))
    ]


def strikes_by_rule(plain: Plain, seen: Seen) -> Rows:
    weights: Counter[str] = Counter()
    for one in met(plain, seen):
        weights[one["rule"]] += one["weight"]
    found = sorted(weights.items(), key=lambda one: (-one[1], one[0]))
    return [{"rule": rule, "strikes": weight, **loss_texts(plain, rule)} for rule, weight in found[:20]]


def journeys_of_a_rule(plain: Plain, seen: Seen) -> Rows:
    ends = {journey["id"]: outcome(events) for journey, events in walked(plain)}
    newest = sorted(met(plain, seen), key=lambda one: (-one["opened_at"], one["rule"], one["id"]))
    return [
        {
            "opened_at": moment(one["opened_at"]),
            "rule": one["rule"],
            "customer": one["customer"],
            "channel": one["channel"],
            "source": one["source"],
            "status": "open" if one["resolved_at"] is None else "resolved",
            "grade": grade(one["journey"]),
            "outcome": ends[one["journey"]["id"]],
        }
        for one in newest[:100]
    ]


def customer_events(plain: Plain, seen: Seen) -> Rows:
    return [
        {
            "time": moment(event.time),
            "type": event.type,
            "channel": event.channel,
            "source": event.source,
            "entity": event.entity,
            "data": event.data,
        }
        for event in plain.events
        if plain.owners[event.id] == seen.customer and seen.during(event.time)
    ]


COUNTS: dict[str, Count] = {
    "journeys_without_friction": one_ratio("grade_a"),
    "strikes": one_ratio("strikes"),
    "effort": one_ratio("effort"),
    "recovered": one_ratio("recovered"),
    "funnel": funnel,
    "cart_flows": cart_flows,
    "grades_over_time": lambda plain, seen: series(
        ((journey["last"], grade(journey)) for journey, _ in ended(plain, seen)), seen
    ),
    "paths": paths,
    "outcomes": outcomes,
    "strikes_by_rule": strikes_by_rule,
    "journeys_of_a_rule": journeys_of_a_rule,
    "customer_events": customer_events,
}
"""Panel id → its plain count."""
