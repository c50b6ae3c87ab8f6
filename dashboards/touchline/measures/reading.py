"""Evaluates measures for a period: each reading has its value, its goal and the distance to it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from touchline.measures.catalogue import MEASURES
from touchline.measures.measure import Measure

Ask = Callable[[str, Mapping[str, str]], Sequence[Sequence[Any]]]
"""Runs a query: SQL and its parameters, as text → the rows."""


@dataclass(frozen=True, slots=True)
class Span:
    """A period, ms since 1970, end exclusive; optionally limited to one channel, source or queue.

    A measure whose data have no source or no queue has no value where one is given.
    """

    since: int
    until: int
    channel: str = ""
    source: str = ""
    queue: str = ""

    @property
    def parameters(self) -> dict[str, str]:
        """Parameters of the measures' SQL."""
        return {
            "since": _seconds(self.since),
            "until": _seconds(self.until),
            "channel": self.channel,
            "source": self.source,
            "queue": self.queue,
        }


@dataclass(frozen=True, slots=True)
class Reading:
    """A measure's value for a period.

    `value` is None without data. `unit` is the measure's unit, or a currency. `settled` is false while
    observations of the period may still change.
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
        """How much better than the goal (negative: worse), in `unit`; None without a goal or a value."""
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
    """The readings of a period. Raises what `ask` raises.

    Each measure has one reading; value at risk has one for each currency.

    Args:
        ask: Runs a query.
        span: The period, and its filters.
        goals: The team's goals, by name of the measure.
        measures: What to evaluate.
        now: The time (ms since 1970) that decides which readings are settled.
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


def _seconds(ms: int) -> str:
    return f"{ms // 1000}.{ms % 1000:03}"
