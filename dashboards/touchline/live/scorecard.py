"""The page of measures: each with its value, its goal and the distance between them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from touchline.live.queries import Store
from touchline.live.spans import window
from touchline.measures import Reading, Span, evaluate, format_distance, format_goal, format_value

SPANS = ("24h", "7d", "30d")
DEFAULT_SPAN = "7d"

_SCALES = {"share": (0.0, 1.0), "points": (-100.0, 100.0), "of 7": (1.0, 7.0)}


@dataclass(frozen=True)
class MeasureRow:
    """One measure. `met` is None without a goal or a value; `observations` is the denominator.

    `fill` and `mark` are the positions of the value and of the goal on a bar from 0 to 1; `mark` is None
    without a goal.
    """

    name: str
    title: str
    question: str
    value: str
    observations: int
    settled: bool
    goal: str
    distance: str
    met: bool | None
    fill: float
    mark: float | None
    definition: str
    benchmark: str


@dataclass(frozen=True)
class Scorecard:
    """All measures of a period (ms since 1970, end exclusive). Missed goals come first.

    `empty`: the store has no event. `old`: the period ends at the newest event, not now.
    """

    span: str
    empty: bool = False
    start: int = 0
    end: int = 0
    newest: int = 0
    old: bool = False
    with_goal: list[MeasureRow] = field(default_factory=list)
    without_goal: list[MeasureRow] = field(default_factory=list)


def load(store: Store, span: str, now: int, goals: Mapping[str, float]) -> Scorecard:
    """Evaluate the measures for the period that ends at `now` (ms). Raises what the store raises."""
    period = window(store, span, now)
    if period is None:
        return Scorecard(span, empty=True)
    readings = evaluate(
        lambda sql, parameters: store.query(sql, dict(parameters)).result_rows,
        Span(period.start, period.end),
        goals,
        now=period.end,
    )
    with_goal = [reading for reading in readings if reading.goal is not None]
    with_goal.sort(key=lambda reading: {False: 0, True: 1, None: 2}[reading.met])
    return Scorecard(
        span,
        start=period.start,
        end=period.end,
        newest=period.newest,
        old=period.old,
        with_goal=[_row(reading) for reading in with_goal],
        without_goal=[_row(reading) for reading in readings if reading.goal is None],
    )


def _row(reading: Reading) -> MeasureRow:
    return MeasureRow(
        name=reading.measure.name,
        title=reading.measure.title,
        question=reading.measure.question,
        value=format_value(reading.value, reading.unit),
        observations=round(reading.denominator),
        settled=reading.settled,
        goal=""
        if reading.goal is None
        else format_goal(reading.goal, reading.unit, higher_is_better=reading.measure.higher_is_better),
        distance=format_distance(reading.value, reading.goal, reading.unit),
        met=reading.met,
        fill=0.0 if reading.value is None else _position(reading, reading.value),
        mark=None if reading.goal is None else _position(reading, reading.goal),
        definition=reading.measure.definition,
        benchmark=reading.measure.benchmark,
    )


def _position(reading: Reading, value: float) -> float:
    """The position of a value on the measure's bar. Units without a scale end above value and goal."""
    longest = 1.25 * max(reading.value or 0.0, reading.goal or 0.0) or 1.0
    low, high = _SCALES.get(reading.measure.unit, (0.0, longest))
    return min(1.0, max(0.0, (value - low) / (high - low)))
