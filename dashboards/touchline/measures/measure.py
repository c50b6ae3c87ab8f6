"""The definition of a measure.

A measure is a rate, a mean, a median or a sum over *observations*: one row for each contact, score, post,
journey or friction. Each observation has a numerator and a denominator, so parts of a period add up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Unit = Literal["share", "seconds", "points", "steps", "strikes", "of 7", "currency"]
Dimension = Literal["channel", "source", "queue", "reason"]
Observed = Literal["contact", "post", "journey", "friction", "cart"]
"""What a row is: a post is feedback or a mention, a cart may be an order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A measure.

    `base` is SQL for the period from `{since:DateTime64(3)}` to `{until:DateTime64(3)}`, end exclusive. Its
    rows have `at`, `channel`, `source`, `queue`, `reason` ('' where the data have none), `currency` if that
    is the unit, the columns that `numerator` and `where` use, and those by which panels filter what is
    `observed`: `team` and `entity` of a contact, `entity` of a post, `id` and `customer` of a journey,
    `rule`, `anchor`, `journey` and `customer` of a friction, `customer` of a cart.

    `inputs` are event types without which the measure cannot be known: if there is none of them from 30 days
    before the period to its end, nothing counts and there is no value. (Without any event of a transfer, the
    transfer rate is unknown, not 0.)

    `where` selects the rows that count, `numerator` is what is added up over them. The value is the sum of
    numerators divided by the number of rows; for the kind `median` it is the median numerator, for `sum`
    the sum. `settles` is how long (ms) a row may still change.

    `benchmark` is what the industry reports or recommends, as a sentence without its full stop.
    """

    name: str
    version: int = 1
    title: str
    question: str
    unit: Unit
    higher_is_better: bool
    definition: str
    benchmark: str
    base: str
    observed: Observed
    numerator: str
    where: str = "1"
    inputs: tuple[str, ...] = ()
    kind: Literal["ratio", "median", "sum"] = "ratio"
    settles: int = 0

    @property
    def counted(self) -> str:
        """SQL condition on rows of `base`: they count, and the events that the measure needs exist."""
        if not self.inputs:
            return self.where
        types = ", ".join(f"'{event_type}'" for event_type in self.inputs)
        return (
            f"({self.where}) AND (SELECT count() FROM (SELECT 1 FROM events WHERE type IN ({types}) "
            "AND time >= {since:DateTime64(3)} - INTERVAL 30 DAY AND time < {until:DateTime64(3)} "
            "LIMIT 1)) > 0"
        )

    @property
    def observations(self) -> str:
        """SQL for the rows that count, with `numerator` and `denominator` (always 1)."""
        currency = ", currency" if self.unit == "currency" else ""
        return (
            f"SELECT at, channel, source, queue, reason, {self.numerator} AS numerator, 1 AS denominator"
            f"{currency}\nFROM ({self.base})\nWHERE {self.counted}"
        )

    @property
    def of_base(self) -> str:
        """SQL for two columns over rows of `base`: `number_of_…`, and `value_of_…`, NULL if none counts.

        Measures with one base can share it.
        """
        number, arguments = f"number_of_{self.name}", f"(toFloat64({self.numerator}), {self.where})"
        value = {
            "ratio": f"sumIf{arguments} / {number}",
            "median": f"quantileExactInclusiveIf(0.5){arguments}",
            "sum": f"sumIf{arguments}",
        }[self.kind]
        return (
            f"countIf({self.counted}) AS {number},\n    "
            f"if({number} = 0, NULL, {value}) AS value_of_{self.name}"
        )

    @property
    def aggregate(self) -> str:
        """SQL for `value`, `numerator` and `denominator` over `observations`, aliased as `observed`."""
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

        Without data there is no row, or a denominator of 0. Besides the period, the parameters are
        `{channel:String}`, `{source:String}` and `{queue:String}`; an empty text selects all.
        """
        unit = "currency" if self.unit == "currency" else f"'{self.unit}'"
        groups = ", ".join([*by, *(["unit"] if self.unit == "currency" else [])])
        return (
            f"SELECT {''.join(f'{dimension}, ' for dimension in by)}{unit} AS unit, {self.aggregate}\n"
            f"FROM ({self.observations}) AS observed\n"
            "WHERE ({channel:String} = '' OR channel = {channel:String})\n"
            "  AND ({source:String} = '' OR source = {source:String})\n"
            "  AND ({queue:String} = '' OR queue = {queue:String})"
            + (f"\nGROUP BY {groups} ORDER BY {groups}" if groups else "")
        )
