"""One customer's story: who it is, and the journeys with their touchpoints, strikes and evidence."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Literal
from uuid import UUID

import orjson

from touchline.live import queries
from touchline.live.queries import Row, Store, ask
from touchline.live.wording import RuleText, clip, known_as, label, place, sentence, title_of
from touchline.vocabulary.identifiers import RANK, normalise, rank

_MOST_DETAILS = 6
_MOST_NAMES = 12
_LONGEST_SEARCH = 512
_KIND = re.compile(r"[a-z][a-z0-9_]{0,31}\Z")


@dataclass(frozen=True)
class Touchpoint:
    """One event, or a run of like ones (`count` > 1). `marks`: numbers of the strikes it is evidence of."""

    at: int
    until: int
    count: int
    title: str
    place: str
    channel: str
    details: list[tuple[str, str]]
    marks: list[int]
    kind: Literal["touchpoint"] = "touchpoint"


@dataclass(frozen=True)
class Strike:
    """One friction, numbered by time.

    `evidence` counts events and frictions, `unseen` those not on the page; `marks` as for a touchpoint.
    """

    at: int
    number: int
    title: str
    why: str
    rule: str
    place: str
    channel: str
    points: int
    open: bool
    resolved: int | None
    factor: str
    evidence: int
    unseen: int
    marks: list[int]
    kind: Literal["strike"] = "strike"


@dataclass(frozen=True)
class Journey:
    """One journey: its figures, and its touchpoints and strikes in the order of time."""

    start: int
    last: int
    score: int
    grade: str
    strikes: int
    outcome: str
    channels: list[str]
    rows: list[Touchpoint | Strike]


@dataclass(frozen=True)
class Match:
    """A customer that a search found."""

    customer: str
    name: str


@dataclass(frozen=True)
class Story:
    """What a search for a customer comes to: none, several to choose from, or one with its story."""

    sought: str
    matches: list[Match] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    hidden_names: int = 0
    strikes: list[Strike] = field(default_factory=list)
    journeys: list[Journey] = field(default_factory=list)
    touchpoints: int = 0
    hidden_touchpoints: int = 0


def candidates(sought: str, region: str | None) -> list[str]:
    """The identifiers that a searched text may mean, strongest first."""
    kind, colon, value = sought.strip().partition(":")
    asked = [(kind, value)] if colon and _KIND.match(kind) else []
    asked += [(each, sought) for each in RANK]
    found = {identifier for each, text in asked if (identifier := normalise(each, text, region))}
    return sorted(found, key=rank)


def load(store: Store, sought: str, region: str | None, rules: Mapping[str, RuleText]) -> Story:
    """Find the customer that `sought` means (an id, an identifier, a journey of its) and load the story."""
    sought = sought[:_LONGEST_SEARCH]
    owners = _owners(store, sought, region)
    matches = [Match(row["owner"], known_as(row["entities"])) for row in owners]
    if len(matches) != 1:
        return Story(clip(sought), matches)
    customer = matches[0].customer
    touchpoints = ask(
        store,
        queries.TOUCHPOINTS,
        customer=customer,
        longest=queries.LONGEST_DATA,
        most=queries.MOST_TOUCHPOINTS,
    )[::-1]
    frictions = ask(store, queries.FRICTIONS, customer=customer, most=queries.MOST_FRICTIONS)
    journeys = ask(store, queries.JOURNEYS, customer=customer, most=queries.MOST_JOURNEYS)
    names = sorted(owners[0]["entities"], key=rank)
    keys = {row["key"] for row in frictions}
    # A friction made of frictions comes after those of the same moment.
    frictions.sort(key=lambda row: (row["at"], not keys.isdisjoint(row["evidence"]), row["key"]))
    marks: dict[str, list[int]] = {}
    for number, row in enumerate(frictions, 1):
        for event in row["evidence"]:
            marks.setdefault(event, []).append(number)
    shown = keys.union(row["id"] for row in touchpoints)
    strikes = [
        _strike(number, row, shown, marks.get(row["key"], []), rules)
        for number, row in enumerate(frictions, 1)
    ]
    total = touchpoints[0]["total"] if touchpoints else 0
    return Story(
        clip(sought),
        matches,
        [label(name) for name in names[:_MOST_NAMES]],
        max(0, len(names) - _MOST_NAMES),
        strikes,
        list(_journeys(journeys, touchpoints, strikes, marks)),
        total,
        total - len(touchpoints),
    )


def _owners(store: Store, sought: str, region: str | None) -> list[Row]:
    try:
        key = str(UUID(sought.strip()))
        if found := ask(store, queries.ENTITIES, customers=[key]):
            return found
        travellers = ask(store, queries.TRAVELLERS, journeys=[key])
        return ask(store, queries.ENTITIES, customers=[row["owner"] for row in travellers])
    except ValueError:
        wanted = candidates(sought, region)
    if not wanted:
        return []
    asked = {"candidates": wanted, "most": queries.MOST_MATCHES}
    found = ask(store, queries.OWNERS, **asked) or ask(store, queries.OWNERS_BY_EVENTS, **asked)
    if len(found) != 1:
        return found
    return ask(store, queries.ENTITIES, customers=[found[0]["owner"]])


def _strike(
    number: int, row: Row, shown: set[str], marks: list[int], rules: Mapping[str, RuleText]
) -> Strike:
    rule = row["rule"]
    return Strike(
        at=row["at"],
        number=number,
        title=title_of(rule, rules),
        why=clip(rules[rule].why, 400) if rule in rules else "",
        rule=clip(rule),
        place=place(row),
        channel=clip(row["channel"]),
        points=row["weight"],
        open=row["state"] == "open",
        resolved=row["resolved"],
        factor=clip(row["factor"]),
        evidence=len(row["evidence"]),
        unseen=sum(event not in shown for event in row["evidence"]),
        marks=marks,
    )


def _journeys(
    journeys: list[Row], touchpoints: list[Row], strikes: list[Strike], marks: Mapping[str, list[int]]
) -> Iterator[Journey]:
    """Newest journey first; each has what happened from its start up to the next one's."""
    end: float = float("inf")
    for row in journeys:
        began = row["began"]
        own = [point for point in touchpoints if began <= point["at"] < end]
        met: list[Touchpoint | Strike] = [strike for strike in strikes if began <= strike.at < end]
        rows = sorted([*_runs(own, marks), *met], key=lambda one: (one.at, one.kind == "strike"))
        yield Journey(
            start=began,
            last=row["ended"],
            score=row["score"],
            grade=row["grade"],
            strikes=row["strikes"],
            outcome=sentence(row["outcome"]),
            channels=list(dict.fromkeys(one.channel for one in rows)),
            rows=rows,
        )
        end = began


def _runs(points: list[Row], marks: Mapping[str, list[int]]) -> Iterator[Touchpoint]:
    """Touchpoints, with like ones that follow each other and mean no friction drawn together."""

    def alike(point: Row) -> tuple[Any, ...]:
        own = point["id"] if point["id"] in marks else ""
        return (point["type"], point["channel"], point["source"], own)

    for _, run in groupby(points, key=alike):
        rows = list(run)
        shared = set(_details(rows[0])).intersection(*map(_details, rows[1:]))
        yield Touchpoint(
            at=rows[0]["at"],
            until=rows[-1]["at"],
            count=len(rows),
            title=sentence(rows[0]["type"]),
            place=place(rows[0]),
            channel=clip(rows[0]["channel"]),
            details=[detail for detail in _details(rows[0]) if detail in shared],
            marks=marks.get(rows[0]["id"], []),
        )


def _details(point: Row) -> list[tuple[str, str]]:
    if point["bytes"] > queries.LONGEST_DATA:
        return [("data", f"{point['bytes'] // 1024} KB, too long to show here")]
    return list(_pairs(orjson.loads(point["details"] or b"{}").items()))


def _pairs(items: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, str]]:
    for position, (name, value) in enumerate(items):
        if position == _MOST_DETAILS:
            yield ("…", "")
            return
        text = value if isinstance(value, str) else orjson.dumps(value).decode()
        yield (clip(name.replace("_", " "), 40), clip(text, 80))
