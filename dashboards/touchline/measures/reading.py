"""Measuring: what the store answers becomes readings, each with its goal and the distance to it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from touchline.measures.catalogue import BY_NAME, MEASURES
from touchline.measures.measure import Measure

Ask = Callable[[str, Mapping[str, str]], Sequence[Sequence[Any]]]
"""Asks the store: SQL and its parameters as text → the rows."""


class GoalsError(ValueError):
    """Goals that cannot be: the message names each, and what there is."""


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time, ms since 1970, the end exclusive; perhaps of one channel, source or queue only.

    A measure that knows no source or queue has nothing to say of one.
    """

    since: int
    until: int
    channel: str = ""
    source: str = ""
    queue: str = ""

    @property
    def parameters(self) -> dict[str, str]:
        """As the measures' SQL takes them."""
        return {
            "since": _seconds(self.since),
            "until": _seconds(self.until),
            "channel": self.channel,
            "source": self.source,
            "queue": self.queue,
        }


@dataclass(frozen=True, slots=True)
class Reading:
    """What a measure says of a span.

    `value` is None where there was nothing to measure. `unit` is the measure's, or a currency.
    `distance` is how far the value is ahead of the goal, in the same unit: negative, where it falls short.
    `settled` is false while observations of the span may still change.
    """

    measure: Measure
    unit: str
    value: float | None
    numerator: float
    denominator: float
    settled: bool
    goal: float | None = None

    @property
    def distance(self) -> float | None:
        """How far ahead of the goal; None without a goal or a value."""
        if self.value is None or self.goal is None:
            return None
        return self.value - self.goal if self.measure.higher_is_better else self.goal - self.value

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without a goal or a value."""
        return None if self.distance is None else self.distance >= 0


def evaluate(
    ask: Ask, span: Span, goals: Mapping[str, float], *, measures: Iterable[Measure] = MEASURES, now: int
) -> list[Reading]:
    """Measure a span; `now` (ms) tells what may still change. Raises what `ask` raises.

    A measure gives one reading, value at risk one for each currency.
    """
    return [
        Reading(
            measure,
            str(unit),
            None if not denominator else value,
            numerator,
            denominator,
            span.until + measure.settles <= now,
            goals.get(measure.name),
        )
        for measure in measures
        for unit, value, numerator, denominator in (
            ask(measure.query(), span.parameters) or [(measure.unit, None, 0.0, 0.0)]
        )
    ]


def check_goals(goals: Mapping[str, float]) -> dict[str, float]:
    """The goals, if each is of a measure and can be reached.

    Raises:
        GoalsError: an unknown name, or a share that is none.
    """
    faults = [
        f"'{name}' is no measure; there are {', '.join(BY_NAME)}" for name in goals if name not in BY_NAME
    ]
    faults += [
        f"{name} is a share: write {goal / 100:g} for {goal:g} %"
        for name, goal in goals.items()
        if name in BY_NAME and BY_NAME[name].unit == "share" and not 0 <= goal <= 1
    ]
    if faults:
        raise GoalsError("; ".join(faults))
    return dict(goals)


def _seconds(ms: int) -> str:
    return f"{ms // 1000}.{ms % 1000:03}"
