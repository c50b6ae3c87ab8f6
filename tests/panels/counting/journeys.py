"""What *Journeys* must show."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Protocol

from tests.panels.counting.impact import loss_texts
from tests.panels.counting.measures import one_ratio
from tests.panels.counting.reading import FUNNEL, WEEK, Count, Plain, Rows, Seen, met, moment, series
from tests.panels.counting.walks import ended, grade, outcome, score, walked
from tests.panels.counting.ways import flows
from touchline.vocabulary.event import Event
from touchline.vocabulary.internal import INTERNAL_TYPES


class Named(Protocol):
    """Anything with a time (ms), a type and an id."""

    @property
    def time(self) -> int: ...
    @property
    def type(self) -> str: ...
    @property
    def id(self) -> str: ...


def funnel(plain: Plain, seen: Seen) -> Rows:
    own: dict[str, list[Event]] = defaultdict(list)
    for event in plain.events:
        if (
            event.type in FUNNEL
            and seen.during(event.time)
            and seen.chosen(channel=event.channel, source=event.source)
        ):
            own[plain.owners[event.id]].append(event)
    steps = list(FUNNEL)
    got = [0] * (len(steps) + 1)
    for events in own.values():
        # When the cart of the way to each step was filled: the latest leaves most time for the rest.
        begun: dict[int, int] = {}
        for event in events:
            step = steps.index(event.type)
            if step == 0:
                begun[0] = event.time
            elif step - 1 in begun and event.time - begun[step - 1] <= WEEK:
                begun[step] = begun[step - 1]
        for step in begun:
            got[step] += 1
    if not got[0]:
        return []
    return [
        {"label": FUNNEL[kind], "customers": got[at], "lost": got[at] - got[at + 1] if at < 3 else 0}
        for at, kind in enumerate(steps)
    ]


def cart_flows(plain: Plain, seen: Seen) -> Rows:
    own: dict[str, list[Event]] = defaultdict(list)
    for event in plain.events:
        if (
            event.type not in INTERNAL_TYPES
            and seen.during(event.time)
            and seen.chosen(channel=event.channel, source=event.source)
            and event.id in plain.owners
        ):
            own[plain.owners[event.id]].append(event)
    anchors = {one["anchor"] for one in plain.frictions if seen.during(one["opened_at"])}
    return came_next(own, anchors)


def came_next(own: Mapping[str, Sequence[Named]], anchors: set[str]) -> Rows:
    """Where customers went from each step of the cart; frictions hang on `anchors`."""
    steps, back = list(FUNNEL), {"page", "search", "element", "form", "cart", "checkout", "coupon"}

    def kind(event: Named) -> str:
        family = event.type.split(".")[0]
        if family == "contact":
            return "a contact"
        if event.id in anchors:
            return "a friction"
        return "back to the shop" if family in back else "something else"

    return flows(
        own.values(), list(FUNNEL.values()), lambda event, step: event.type == steps[step], WEEK, kind
    )


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
