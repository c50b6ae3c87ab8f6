"""The history of one customer: journeys with their events, frictions and evidence."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Literal

import orjson

from touchline.live import queries
from touchline.live.cases.loading import states_of
from touchline.live.customers.search import find_customers
from touchline.live.customers.sharing import why_shared
from touchline.live.labels import (
    RuleText,
    clip,
    customer_label,
    full_text,
    identifier_label,
    rule_title,
    sentence,
    touchpoint,
)
from touchline.live.queries import Row, Store, run
from touchline.panels.colours import colour_of
from touchline.vocabulary.identifiers import rank
from touchline.vocabulary.names import channel_name, plain_name
from touchline.vocabulary.normaliser import Normaliser

_MAX_DETAILS = 6
_MAX_DETAIL = 80
_MAX_IDENTIFIERS = 12
_MAX_SEARCH = 512

NO_LIMITS: Mapping[str, int] = {}

Numbers = Mapping[str, list[int]]
"""Id of an event or friction → the numbers of the frictions that it is evidence for."""


@dataclass(frozen=True)
class Detail:
    """A field of an event's data; `full` is the value if it is clipped."""

    name: str
    value: str
    full: str = ""


@dataclass(frozen=True)
class EventRow:
    """One event, or several equal ones in a row (`count` > 1).

    `evidence_for` has the numbers of the frictions that it is evidence for.
    """

    at: int
    until: int
    count: int
    title: str
    touchpoint: str
    channel: str
    details: list[Detail]
    evidence_for: list[int]
    kind: Literal["event"] = "event"


@dataclass(frozen=True)
class FrictionRow:
    """One friction. Frictions are numbered by time.

    `evidence` is the number of its events and frictions, `not_shown` of those that the page leaves out.
    `case` is what staff did about it.
    """

    at: int
    number: int
    title: str
    why: str
    rule: str
    touchpoint: str
    channel: str
    strikes: int
    open: bool
    resolved: int | None
    factor: str
    evidence: int
    not_shown: int
    evidence_for: list[int]
    key: str = ""
    case: str = ""
    kind: Literal["friction"] = "friction"


@dataclass(frozen=True)
class Journey:
    """One journey, with its events and frictions in order of time.

    `names` and `colours` are those of its channels.
    """

    start: int
    last: int
    score: int
    grade: str
    strikes: int
    outcome: str
    channels: list[str]
    names: list[str]
    colours: list[str]
    rows: list[EventRow | FrictionRow]


@dataclass(frozen=True)
class Match:
    """A customer that a search found; `by` is the field and the event that had the text, or ''."""

    customer: str
    name: str
    by: str = ""


@dataclass(frozen=True)
class History:
    """The result of a search: no customer, several to choose from, or one with their history."""

    search: str
    matches: list[Match] = field(default_factory=list)
    identifiers: list[str] = field(default_factory=list)
    hidden_identifiers: int = 0
    shared: str = ""
    frictions: list[FrictionRow] = field(default_factory=list)
    journeys: list[Journey] = field(default_factory=list)
    events: int = 0
    hidden_events: int = 0


def load(
    store: Store,
    search: str,
    normaliser: Normaliser,
    rules: Mapping[str, RuleText],
    limits: Mapping[str, int] = NO_LIMITS,
) -> History:
    """Find the customer that `search` means, and load the history. Raises what the store raises.

    `limits` say how many identifiers of a kind a customer may have.
    """
    search = search[:_MAX_SEARCH]
    customers = find_customers(store, search, normaliser)
    matches = [
        Match(customer.id, customer_label(customer.identifiers), customer.by) for customer in customers
    ]
    if len(customers) != 1:
        return History(clip(search), matches)
    [customer] = customers
    events = run(
        store,
        queries.EVENTS,
        customer=customer.id,
        max_data=queries.MAX_DATA,
        limit=queries.MAX_EVENTS,
    )[::-1]
    frictions = _ordered(run(store, queries.FRICTIONS, customer=customer.id, limit=queries.MAX_FRICTIONS))
    journeys = run(store, queries.JOURNEYS, customer=customer.id, limit=queries.MAX_JOURNEYS)
    numbers = _evidence_numbers(frictions)
    shown = {row["key"] for row in frictions} | {row["id"] for row in events}
    cases = states_of(store, customer.id)
    friction_rows = [
        replace(
            _friction_row(number, row, shown, numbers.get(row["key"], []), rules),
            key=row["key"],
            case=cases.get(row["key"], ""),
        )
        for number, row in enumerate(frictions, 1)
    ]
    identifiers = sorted(customer.identifiers, key=rank)
    total = events[0]["total"] if events else 0
    return History(
        search=clip(search),
        matches=matches,
        identifiers=[identifier_label(identifier) for identifier in identifiers[:_MAX_IDENTIFIERS]],
        hidden_identifiers=max(0, len(identifiers) - _MAX_IDENTIFIERS),
        shared=why_shared(store, identifiers, limits),
        frictions=friction_rows,
        journeys=list(_journeys(journeys, events, friction_rows, numbers)),
        events=total,
        hidden_events=total - len(events),
    )


def _ordered(frictions: list[Row]) -> list[Row]:
    """Frictions by time; a friction of frictions comes after those of the same time."""
    ids = {row["key"] for row in frictions}
    return sorted(frictions, key=lambda row: (row["at"], not ids.isdisjoint(row["evidence"]), row["key"]))


def _evidence_numbers(frictions: list[Row]) -> dict[str, list[int]]:
    numbers: dict[str, list[int]] = {}
    for number, row in enumerate(frictions, 1):
        for id_ in row["evidence"]:
            numbers.setdefault(id_, []).append(number)
    return numbers


def _friction_row(
    number: int, row: Row, shown: set[str], evidence_for: list[int], rules: Mapping[str, RuleText]
) -> FrictionRow:
    rule = row["rule"]
    return FrictionRow(
        at=row["at"],
        number=number,
        title=rule_title(rule, rules),
        why=clip(rules[rule].why, 400) if rule in rules else "",
        rule=clip(rule),
        touchpoint=touchpoint(row),
        channel=clip(row["channel"]),
        strikes=row["weight"],
        open=row["state"] == "open",
        resolved=row["resolved"],
        factor=clip(plain_name("factor", row["factor"])),
        evidence=len(row["evidence"]),
        not_shown=sum(id_ not in shown for id_ in row["evidence"]),
        evidence_for=evidence_for,
    )


def _journeys(
    journeys: list[Row], events: list[Row], frictions: list[FrictionRow], numbers: Numbers
) -> Iterator[Journey]:
    """The journeys, newest first. Each has what happened from its start to the start of the next."""
    end: float = float("inf")
    for row in journeys:
        start = row["began"]
        own_events = [event for event in events if start <= event["at"] < end]
        rows: list[EventRow | FrictionRow] = [*_event_rows(own_events, numbers)]
        rows += [friction for friction in frictions if start <= friction.at < end]
        rows.sort(key=lambda row: (row.at, row.kind == "friction"))
        channels = list(dict.fromkeys(row.channel for row in rows))
        yield Journey(
            start=start,
            last=row["ended"],
            score=row["score"],
            grade=row["grade"],
            strikes=row["strikes"],
            outcome=sentence(row["outcome"]),
            channels=channels,
            names=[channel_name(channel) for channel in channels],
            colours=[colour_of(channel) for channel in channels],
            rows=rows,
        )
        end = start


def _event_rows(events: list[Row], numbers: Numbers) -> Iterator[EventRow]:
    """Events in order. Equal ones in a row are one row, unless they are evidence."""

    def group(event: Row) -> tuple[Any, ...]:
        evidence = event["id"] if event["id"] in numbers else ""
        return (event["type"], event["channel"], event["source"], evidence)

    for _, run_of_events in groupby(events, key=group):
        rows = list(run_of_events)
        first = rows[0]
        shared = set(_details(first)).intersection(*map(_details, rows[1:]))
        yield EventRow(
            at=first["at"],
            until=rows[-1]["at"],
            count=len(rows),
            title=sentence(first["type"]),
            touchpoint=touchpoint(first),
            channel=clip(first["channel"]),
            details=[detail for detail in _details(first) if detail in shared],
            evidence_for=numbers.get(first["id"], []),
        )


def _details(event: Row) -> list[Detail]:
    if event["bytes"] > queries.MAX_DATA:
        return [Detail("data", f"{event['bytes'] // 1024} KB, too large to show")]
    return list(_pairs(orjson.loads(event["details"] or b"{}").items()))


def _pairs(items: Iterable[tuple[str, Any]]) -> Iterator[Detail]:
    for position, (name, value) in enumerate(items):
        if position == _MAX_DETAILS:
            yield Detail("…", "")
            return
        text = value if isinstance(value, str) else orjson.dumps(value).decode()
        yield Detail(clip(name.replace("_", " "), 40), clip(text, _MAX_DETAIL), full_text(text, _MAX_DETAIL))
