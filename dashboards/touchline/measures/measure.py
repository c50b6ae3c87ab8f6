"""What a measure is.

It is a rate, a mean, a median or a sum over *observations*: one row a contact, a score, a journey.
Each observation has a numerator and a denominator, so that what was measured apart can be put together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Unit = Literal["share", "seconds", "points", "steps", "strikes", "of 7", "currency"]
Dimension = Literal["channel", "source", "queue", "reason"]

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure.

    `base` is SQL over the span `{since:DateTime64(3)}` to `{until:DateTime64(3)}`, the end exclusive: a row
    each, with `at`, `channel`, `source`, `queue`, `reason` (and `currency`, where that is the unit), and what
    `numerator` and `where` are made of: what is counted, and of which rows. What the data cannot tell is ''.
    The value is the sum of the numerators over the number of rows; for the kind `median` the median
    numerator, for `sum` their sum. `settles` is how long (ms) a row may still change.
    """

    name: str
    version: int
    title: str
    question: str
    unit: Unit
    higher_is_better: bool
    definition: str
    source: str
    base: str
    numerator: str
    where: str = "1"
    kind: Literal["ratio", "median", "sum"] = "ratio"
    settles: int = 0

    @property
    def observations(self) -> str:
        """SQL of the rows that count: with `numerator`, and `denominator`, which is 1."""
        currency = ", currency" if self.unit == "currency" else ""
        return (
            f"SELECT at, channel, source, queue, reason, {self.numerator} AS numerator, 1 AS denominator"
            f"{currency}\nFROM ({self.base})\nWHERE {self.where}"
        )

    @property
    def of_base(self) -> str:
        """SQL of the value over rows of the base, NULL over none: several measures may share one."""
        counted = f"(toFloat64({self.numerator}), {self.where})"
        value = {
            "ratio": f"sumIf{counted} / countIf({self.where})",
            "median": f"quantileExactInclusiveIf(0.5){counted}",
            "sum": f"sumIf{counted}",
        }[self.kind]
        return f"if(countIf({self.where}) = 0, NULL, {value})"

    @property
    def aggregate(self) -> str:
        """SQL: `value`, `numerator` and `denominator` over rows of the observations, called `observed`."""
        value = {
            "ratio": "numerator / denominator",
            "median": "quantileExactInclusive(0.5)(toFloat64(observed.numerator))",
            "sum": "numerator",
        }[self.kind]
        return (
            f"{value} AS value,\n    sum(toFloat64(observed.numerator)) AS numerator,"
            " sum(toFloat64(observed.denominator)) AS denominator"
        )

    def query(self, by: Sequence[Dimension] = ()) -> str:
        """SQL for the measure: columns `by`, `unit`, `value`, `numerator` and `denominator`.

        Over nothing it has no row, or a denominator of 0. Besides the span its parameters are
        `{channel:String}`, `{source:String}` and `{queue:String}`; an empty one takes all.
        """
        unit = "currency" if self.unit == "currency" else f"'{self.unit}'"
        groups = ", ".join([*by, *(["unit"] if self.unit == "currency" else [])])
        return (
            f"SELECT {''.join(f'{one}, ' for one in by)}{unit} AS unit, {self.aggregate}\n"
            f"FROM ({self.observations}) AS observed\n"
            "WHERE ({channel:String} = '' OR channel = {channel:String})\n"
            "  AND ({source:String} = '' OR source = {source:String})\n"
            "  AND ({queue:String} = '' OR queue = {queue:String})"
            + (f"\nGROUP BY {groups} ORDER BY {groups}" if groups else "")
        )
