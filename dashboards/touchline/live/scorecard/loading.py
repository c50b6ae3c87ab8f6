"""Loads the measures of a period."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from touchline.live.boards.spans import Period, window
from touchline.live.queries import Store
from touchline.measures import Goal, Reading, Span, evaluate, format_distance, format_goal, format_value
from touchline.measures.goals import RANGES

SPANS = ("24h", "7d", "30d")
DEFAULT_SPAN = "7d"


@dataclass(frozen=True)
class MeasureRow:
    """One measure. `met` is None without a goal or a value; `observations` is the denominator.

    `fill` and `mark` are the positions of the value and of the goal on a bar from 0 to 1; `mark` is None
    without a goal. `goal_source` says where the goal is set; a goal is from `low` to `high` (None: no end)
    in `unit`.
    """

    name: str
    title: str
    question: str
    value: str
    observations: int
    settled: bool
    goal: str
    goal_value: float | None
    goal_source: str
    unit: str
    higher_is_better: bool
    low: float
    high: float | None
    distance: str
    met: bool | None
    fill: float
    mark: float | None
    definition: str
    benchmark: str


@dataclass(frozen=True)
class Scorecard:
    """All measures of a period (ms since 1970, end exclusive). Missed goals come first.

    `empty`: the store has no event. `old`: the period ends at the newest event, not now. `past`: the period
    has ended, so its measures are loaded once.
    """

    span: str
    empty: bool = False
    start: int = 0
    end: int = 0
    first: int = 0
    newest: int = 0
    old: bool = False
    past: bool = False
    with_goal: list[MeasureRow] = field(default_factory=list)
    without_goal: list[MeasureRow] = field(default_factory=list)


def load(store: Store, selected: Period, now: int, goals: Mapping[str, Goal]) -> Scorecard:
    """Evaluate the measures for a period at the time `now` (ms). Raises what the store raises."""
    period = window(store, selected, now)
    if period is None:
        return Scorecard(selected.span, empty=True)
    readings = evaluate(
        lambda sql, parameters: store.query(sql, dict(parameters)).result_rows,
        Span(period.start, period.end),
        {name: goal.value for name, goal in goals.items()},
        now=period.end,
    )
    with_goal = [reading for reading in readings if reading.goal is not None]
    with_goal.sort(key=lambda reading: {False: 0, True: 1, None: 2}[reading.met])
    return Scorecard(
        selected.span,
        start=period.start,
        end=period.end,
        first=period.first,
        newest=period.newest,
        old=period.old,
        past=period.past,
        with_goal=[_row(reading, goals) for reading in with_goal],
        without_goal=[_row(reading, goals) for reading in readings if reading.goal is None],
    )


def _row(reading: Reading, goals: Mapping[str, Goal]) -> MeasureRow:
    low, high = RANGES.get(reading.measure.unit, (0.0, None))
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
        goal_value=reading.goal,
        goal_source=_source(reading, goals),
        unit=reading.measure.unit,
        higher_is_better=reading.measure.higher_is_better,
        low=low,
        high=high,
        distance=format_distance(reading.value, reading.goal, reading.unit),
        met=reading.met,
        fill=0.0 if reading.value is None else _position(reading, reading.value),
        mark=None if reading.goal is None else _position(reading, reading.goal),
        definition=reading.measure.definition,
        benchmark=reading.measure.benchmark,
    )


def _source(reading: Reading, goals: Mapping[str, Goal]) -> str:
    """Where the goal is set, and what it replaces; '' without a goal."""
    goal = goals.get(reading.measure.name)
    if goal is None:
        return ""
    if not goal.author:
        return "set in touchline.toml"
    if goal.in_file is None:
        return f"set on this page by {goal.author}"
    shown = format_goal(goal.in_file, reading.unit, higher_is_better=reading.measure.higher_is_better)
    return f"set on this page by {goal.author}, instead of {shown} in touchline.toml"


def _position(reading: Reading, value: float) -> float:
    """The position of a value on the measure's bar. Units without a scale end above value and goal."""
    longest = 1.25 * max(reading.value or 0.0, reading.goal or 0.0) or 1.0
    low, high = RANGES.get(reading.measure.unit, (0.0, longest))
    return min(1.0, max(0.0, (value - low) / (high - low)))
