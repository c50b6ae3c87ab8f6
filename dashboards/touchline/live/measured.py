"""The measures of service on the page, in their own words: each with its goal and how far away it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from touchline.live.queries import Store
from touchline.live.spans import window
from touchline.measures import Reading, Span, evaluate, format_distance, format_value

SPANS = ("24h", "7d", "30d")
DEFAULT_SPAN = "7d"

_SCALES = {"share": (0.0, 1.0), "points": (-100.0, 100.0), "of 7": (1.0, 7.0)}


@dataclass(frozen=True)
class Measured:
    """One measure of the span, in words.

    `met` is None without a goal or a value; `fill` and `mark` are where the value and the goal stand on a
    line from 0 to 1 (None: no goal to draw).
    """

    name: str
    title: str
    question: str
    value: str
    of: int
    settled: bool
    goal: str
    distance: str
    met: bool | None
    fill: float
    mark: float | None
    definition: str
    reference: str


@dataclass(frozen=True)
class Service:
    """All measures of a span, ms since 1970, end exclusive; those with a goal apart, what fails it first.

    `empty`: the store never had an event. `old`: nothing is newer than a day, and the span ends there.
    """

    span: str
    empty: bool = False
    start: int = 0
    end: int = 0
    newest: int = 0
    old: bool = False
    aimed: list[Measured] = field(default_factory=list)
    others: list[Measured] = field(default_factory=list)


def load(store: Store, span: str, now: int, goals: Mapping[str, float]) -> Service:
    """Measure the span that ends at `now` (ms). Raises what the store raises."""
    seen = window(store, span, now)
    if seen is None:
        return Service(span, empty=True)
    readings = evaluate(
        lambda sql, parameters: store.query(sql, dict(parameters)).result_rows,
        Span(seen.start, seen.end),
        goals,
        now=seen.end,
    )
    aimed = [one for one in readings if one.goal is not None]
    aimed.sort(key=lambda one: {False: 0, True: 1, None: 2}[one.met])
    return Service(
        span,
        start=seen.start,
        end=seen.end,
        newest=seen.newest,
        old=seen.old,
        aimed=[_worded(one) for one in aimed],
        others=[_worded(one) for one in readings if one.goal is None],
    )


def _worded(one: Reading) -> Measured:
    low, high = _SCALES.get(one.measure.unit, (0.0, 1.25 * max(one.value or 0.0, one.goal or 0.0) or 1.0))

    def place(value: float) -> float:
        return min(1.0, max(0.0, (value - low) / (high - low)))

    return Measured(
        one.measure.name,
        one.measure.title,
        one.measure.question,
        format_value(one.value, one.unit),
        round(one.denominator),
        one.settled,
        "" if one.goal is None else format_value(one.goal, one.unit),
        format_distance(one.value, one.goal, one.unit),
        one.met,
        0.0 if one.value is None else place(one.value),
        None if one.goal is None else place(one.goal),
        one.measure.definition,
        one.measure.benchmark,
    )
