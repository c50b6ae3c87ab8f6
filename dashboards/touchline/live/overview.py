"""The overview: how much friction there is, where, by which rule, and who is at risk, in one span of time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from touchline.live import queries
from touchline.live.queries import Store, ask, one
from touchline.live.spans import ALL, HOUR, MINUTE, window
from touchline.live.wording import clip, known_as, sentence

_MOST_SERIES = 6
_COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#77808c")
_MOST_BARS = 100


class RuleText(Protocol):
    """What the page says of a rule."""

    @property
    def id(self) -> str:
        """The rule's id."""

    @property
    def title(self) -> str:
        """What it finds, in a few words."""

    @property
    def why(self) -> str:
        """Why that matters."""


@dataclass(frozen=True)
class Figure:
    """A number of something, and the same in the span before (None: the data begin later than that)."""

    now: int = 0
    before: int | None = None


@dataclass(frozen=True)
class Bar:
    """One rule, or one touchpoint: its frictions, how many are open, and the customers they met."""

    key: str
    title: str
    note: str
    frictions: Figure
    open: int
    customers: int


@dataclass(frozen=True)
class Series:
    """Frictions of one rule (or of all the others together), one number a bucket."""

    key: str
    title: str
    counts: list[int]
    colour: str


@dataclass(frozen=True)
class Risk:
    """A customer's journey with a low score."""

    customer: str
    name: str
    last: int
    path: list[str]
    touchpoints: int
    strikes: int
    score: int
    grade: str
    outcome: str


@dataclass(frozen=True)
class Overview:
    """All that the first page shows; times in ms since 1970. `empty`: the store never had an event.

    Series begin at `origin`, a whole number of buckets, so that bars do not slide as time goes on.
    """

    span: str
    empty: bool = False
    origin: int = 0
    bucket: int = MINUTE
    old: bool = False
    newest: int = 0
    frictions: Figure = Figure()
    open: Figure = Figure()
    resolved: Figure = Figure()
    customers: Figure = Figure()
    active: Figure = Figure()
    last_hour: int = 0
    worst: str = ""
    rules: list[Bar] = field(default_factory=list)
    touchpoints: list[Bar] = field(default_factory=list)
    hidden_rules: int = 0
    hidden_touchpoints: int = 0
    series: list[Series] = field(default_factory=list)
    risks: list[Risk] = field(default_factory=list)


def load(store: Store, span: str, now: int, rules: Mapping[str, RuleText]) -> Overview:
    """Ask the store for all that the overview of `span` shows at `now` (ms). Raises what the store raises."""
    extent = one(ask(store, queries.EXTENT))
    if not extent["journeys"]:
        return Overview(span, empty=True)
    seen = window(span, now, extent["first"], extent["newest"])
    times = {"before": seen.before, "start": seen.start, "end": seen.end}
    totals = one(ask(store, queries.TOTALS, **times, hour=seen.end - HOUR))
    active = one(ask(store, queries.ACTIVE, **times))
    by_rule = ask(store, queries.BY_RULE, **times)
    by_touchpoint = ask(store, queries.BY_TOUCHPOINT, **times)
    over_time = ask(store, queries.OVER_TIME, origin=seen.origin, end=seen.end, bucket=seen.bucket)
    risks = ask(store, queries.AT_RISK, start=seen.start, end=seen.end, most=queries.MOST_RISKS)
    compared = span != ALL and extent["first"] <= seen.before  # part of a span would flatter the change

    def figure(row: Mapping[str, Any], name: str) -> Figure:
        return Figure(row[name], row[f"{name}_before"] if compared else None)

    return Overview(
        span,
        origin=seen.origin,
        bucket=seen.bucket,
        old=seen.old,
        newest=extent["newest"],
        frictions=figure(totals, "frictions"),
        open=figure(totals, "open"),
        resolved=figure(totals, "resolved"),
        customers=figure(totals, "customers"),
        active=figure(active, "customers"),
        last_hour=totals["last_hour"],
        worst=_worst(by_rule, by_touchpoint),
        rules=[
            Bar(
                row["rule"],
                title_of(row["rule"], rules),
                _first_sentence(rules[row["rule"]].why) if row["rule"] in rules else "",
                figure(row, "frictions"),
                row["open"],
                row["customers"],
            )
            for row in by_rule[:_MOST_BARS]
        ],
        touchpoints=[
            Bar(
                clip(f"{row['channel']} {row['source']}"),
                place(row),
                f"mostly: {title_of(_most(row), rules)}",
                figure(row, "frictions"),
                row["open"],
                row["customers"],
            )
            for row in by_touchpoint[:_MOST_BARS]
        ],
        hidden_rules=max(0, len(by_rule) - _MOST_BARS),
        hidden_touchpoints=max(0, len(by_touchpoint) - _MOST_BARS),
        series=_series(over_time, [row["rule"] for row in by_rule], seen.slots, rules),
        risks=_risks(store, risks),
    )


def title_of(rule: str, rules: Mapping[str, RuleText]) -> str:
    """A rule's title, or words made of its id."""
    known = rules.get(rule)
    return clip(known.title if known and known.title else sentence(rule))


def place(row: Mapping[str, Any]) -> str:
    """A touchpoint in words: the channel, and the source on it."""
    return clip(" · ".join(filter(None, (row["channel"], row["source"]))))


def _first_sentence(text: str) -> str:
    sentence, stop, _ = text.strip().partition(". ")
    return clip(sentence + stop.strip(), 160)


def _most(row: Mapping[str, Any]) -> str:
    return str(max(zip(row["counts"], row["rules"], strict=True))[1])


def _worst(by_rule: list[queries.Row], by_touchpoint: list[queries.Row]) -> str:
    """The touchpoint where the most frequent rule speaks most."""
    if not by_rule:
        return ""
    rule = by_rule[0]["rule"]

    def times(row: Mapping[str, Any]) -> int:
        return int(dict(zip(row["rules"], row["counts"], strict=True)).get(rule, 0))

    return place(max(by_touchpoint, key=times))


def _series(
    rows: list[queries.Row], order: list[str], slots: int, rules: Mapping[str, RuleText]
) -> list[Series]:
    """The most frequent rules one by one, and the others together."""
    named = order if len(order) <= _MOST_SERIES + 1 else order[:_MOST_SERIES]
    counts = {rule: [0] * slots for rule in named}
    others = [0] * slots
    for row in rows:
        if row["slot"] < slots:
            counts.get(row["rule"], others)[row["slot"]] += row["frictions"]
    found = [
        Series(rule, title_of(rule, rules), counts[rule], colour)
        for rule, colour in zip(named, _COLOURS, strict=False)
    ]
    if len(named) < len(order):
        found.append(Series("", "All other rules", others, _COLOURS[_MOST_SERIES]))
    return found


def _risks(store: Store, rows: list[queries.Row]) -> list[Risk]:
    entities = ask(store, queries.ENTITIES, customers=[row["owner"] for row in rows]) if rows else []
    names: dict[str, str] = {row["owner"]: known_as(row["entities"]) for row in entities}
    return [
        Risk(
            row["owner"],
            names.get(row["owner"]) or str(row["owner"]),
            row["touched"],
            [clip(channel) for channel in row["path"][-8:]],
            row["events"],
            row["strikes"],
            row["score"],
            row["grade"],
            sentence(row["outcome"]),
        )
        for row in rows
    ]
