"""Compares the friction rates of two periods, per touchpoint and rule.

The unit is the journey: of the customers with an event at the touchpoint in a period, how many met the rule
there. A customer with ten frictions counts once, so clustered frictions do not inflate significance, and more
visitors do not count as more friction.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, sqrt
from typing import Literal

from touchline.analysis.periods import Extent, Period, Periods
from touchline.analysis.rate_ratio import LEVEL, RateRatio, holm, rate_ratio
from touchline.vocabulary.names import touchpoint_name

FEWEST_ELSEWHERE = 10
"""The fewest journeys with friction, in each period, at touchpoints to compare a changed one with."""

_Z = 1.959963984540054
"""The normal quantile of a 95 % interval."""

Touchpoint = tuple[str, str]
"""Channel and source."""

Cell = tuple[str, str, str]
"""Channel, source and rule."""

Verdict = Literal["fell", "rose", "chance", "too few", "unknown"]

_MEANINGS: Mapping[Verdict, str] = {
    "fell": "Clear change: unlikely to be chance",
    "rose": "Clear change: unlikely to be chance",
    "chance": "No clear change: could be chance",
    "too few": "Too few journeys to tell",
    "unknown": "Not comparable",
}


@dataclass(frozen=True, slots=True)
class Counts:
    """Journeys (before, after): all at each touchpoint, and those that met each rule there."""

    journeys: Mapping[Touchpoint, tuple[int, int]]
    affected: Mapping[Cell, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Change:
    """A deployed change: its id, time (ms), title, the rule that it targets, or "", and where it was made."""

    id: str
    at: int
    title: str
    rule: str
    touchpoint: Touchpoint = ("", "")


@dataclass(frozen=True, slots=True)
class Beside:
    """The rate ratio of a rule where a change was made, divided by that elsewhere: difference in differences.

    Attributes:
        elsewhere: The ratio at the touchpoints that the change did not touch.
        value, low, high: The quotient, with its 95 % interval.
        same_rule: Whether elsewhere the same rule is counted; else all frictions together.
    """

    elsewhere: float
    value: float
    low: float
    high: float
    same_rule: bool

    @property
    def sentence(self) -> str:
        """The result in words."""
        what = "it" if self.same_rule else "friction as a whole"
        elsewhere = f"Elsewhere, {what} went to {self.elsewhere:.2f} times its earlier rate"
        interval = f"{self.low:.2f} to {self.high:.2f} times"
        if self.low <= 1 <= self.high:
            return f"{elsewhere}: what happened here is not clearly different ({interval})."
        return f"{elsewhere}: here it is {interval} that."


@dataclass(frozen=True, slots=True)
class Row:
    """One rule at one touchpoint: journeys that met it, and all journeys there, before and after.

    `p_adjusted` is the p-value adjusted for the number of rows; `targeted` is whether the change targets this
    rule. `gap` says why the rates cannot be compared; it is empty if they can. `beside` compares the ratio
    with that of touchpoints that the change did not touch, at the touchpoint that it did.
    """

    channel: str
    source: str
    rule: str
    targeted: bool
    before: int
    journeys_before: int
    after: int
    journeys_after: int
    ratio: RateRatio
    p_adjusted: float
    verdict: Verdict
    gap: str = ""
    beside: "Beside | None" = None

    @property
    def rate_before(self) -> float:
        """Journeys that met the rule before, per 1,000."""
        return 1000 * self.before / self.journeys_before

    @property
    def rate_after(self) -> float:
        """Journeys that met the rule after, per 1,000."""
        return 1000 * self.after / self.journeys_after

    @property
    def sentence(self) -> str:
        """The result in words: both rates, and whether the change is clear."""
        if self.rate_after == self.rate_before:
            moved = f"stayed at {self.rate_before:.1f} per 1,000 journeys"
        else:
            verb = "fell" if self.rate_after < self.rate_before else "rose"
            moved = f"{verb} from {self.rate_before:.1f} to {self.rate_after:.1f} per 1,000 journeys"
        touchpoint = touchpoint_name(self.channel, self.source)
        if self.gap:
            return f"{self.rule} at {touchpoint} cannot be compared: {self.gap}."
        said = f"{self.rule} at {touchpoint} {moved}. {_MEANINGS[self.verdict]}."
        return said if self.beside is None else f"{said} {self.beside.sentence}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two periods compared; `elsewhere` are touchpoints without a journey in one of them."""

    before: Period
    after: Period
    rows: list[Row]
    elsewhere: list[Touchpoint]


def compare(
    periods: Periods, counts: Counts, extent: Extent, target: str = "", changed: Touchpoint = ("", "")
) -> Comparison:
    """Compare two periods per touchpoint and rule, the clearest difference first.

    A rule is not compared if the data do not cover what it counts: its rows come last and say why.

    The rows of the `target` rule, which the change was meant to improve, and all other rows are two families:
    within each, p-values are adjusted for the number of rows (Holm's method). Rows of the `changed`
    touchpoint are also compared with all others, which the change did not touch.
    """
    present = {touchpoint for touchpoint, both in counts.journeys.items() if all(both)}
    affected = {cell: both for cell, both in sorted(counts.affected.items()) if cell[:2] in present}
    ratios = {}
    for cell, (before, after) in affected.items():
        journeys_before, journeys_after = counts.journeys[cell[:2]]
        ratios[cell] = rate_ratio(before, journeys_before, after, journeys_after)
    gaps = {cell: extent.gap(cell[2], periods) for cell in ratios}
    comparable = {cell: both for cell, both in affected.items() if not gaps[cell]}
    adjusted = _adjusted({cell: ratio for cell, ratio in ratios.items() if not gaps[cell]}, target)
    rows = [
        Row(
            *cell,
            targeted=cell[2] == target,
            before=before,
            journeys_before=counts.journeys[cell[:2]][0],
            after=after,
            journeys_after=counts.journeys[cell[:2]][1],
            ratio=ratios[cell],
            p_adjusted=adjusted.get(cell, 1.0),
            verdict="unknown" if gaps[cell] else _verdict(ratios[cell], adjusted[cell]),
            gap=gaps[cell],
            beside=None if gaps[cell] or cell[:2] != changed else _beside(cell, comparable, counts),
        )
        for cell, (before, after) in affected.items()
    ]
    rows.sort(
        key=lambda row: (
            bool(row.gap),
            not row.targeted,
            row.p_adjusted,
            row.ratio.p,
            -row.before - row.after,
        )
    )
    elsewhere = sorted(counts.journeys.keys() - present)
    return Comparison(periods.before, periods.after, rows, elsewhere)


def _beside(cell: Cell, affected: Mapping[Cell, tuple[int, int]], counts: Counts) -> Beside | None:
    """A row of the changed touchpoint against all other touchpoints; None where too few frictions are there.

    Elsewhere the same rule is counted if it found enough there, else all rules are.
    """
    others = {one: both for one, both in affected.items() if one[:2] != cell[:2]}
    for same_rule in (True, False):
        chosen = {one: both for one, both in others.items() if not same_rule or one[2] == cell[2]}
        before, after = (sum(both[later] for both in chosen.values()) for later in (0, 1))
        if min(before, after) >= FEWEST_ELSEWHERE:
            break
    else:
        return None
    touchpoints = {one[:2] for one in chosen}
    there = [sum(counts.journeys[one][later] for one in touchpoints) for later in (0, 1)]
    here, met = counts.journeys[cell[:2]], affected[cell]
    # A half in each cell, as is usual where one of them is empty.
    more = 0.0 if min(met) else 0.5
    elsewhere = after / there[1] / (before / there[0])
    value = (met[1] + more) / here[1] / ((met[0] + more) / here[0]) / elsewhere
    width = exp(_Z * sqrt(sum(1 / (count + more) for count in (*met, before, after))))
    return Beside(elsewhere, value, value / width, value * width, same_rule)


def _adjusted(ratios: Mapping[Cell, RateRatio], target: str) -> dict[Cell, float]:
    """The p-values adjusted within each family; rows with too few journeys to be significant are left out."""
    adjusted = {cell: ratio.p for cell, ratio in ratios.items()}
    for targeted in (True, False):
        family = [
            cell for cell, ratio in ratios.items() if (cell[2] == target) is targeted and ratio.least <= LEVEL
        ]
        adjusted.update(zip(family, holm([ratios[cell].p for cell in family]), strict=True))
    return adjusted


def _verdict(ratio: RateRatio, p_adjusted: float) -> Verdict:
    if ratio.least > LEVEL:
        return "too few"
    if p_adjusted > LEVEL or ratio.ratio is None:
        return "chance"
    return "fell" if ratio.ratio < 1 else "rose"
