"""Compares the friction rates of two periods, per touchpoint and rule.

The unit is the journey: of the customers with an event at the touchpoint in a period, how many met the rule
there. A customer with ten frictions counts once, so clustered frictions do not inflate significance, and more
visitors do not count as more friction.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from touchline.analysis.rate_ratio import LEVEL, RateRatio, holm, rate_ratio
from touchline.vocabulary.durations import DAY, WEEK, rounded_duration
from touchline.vocabulary.errors import TouchlineError
from touchline.vocabulary.moments import in_words

LONGEST = 2 * WEEK
"""A comparison around a change covers at most this time (ms) on either side."""

RUN_UP = DAY
"""Time (ms) before a change's first period in which the data should begin, for rules that look back."""

UNLIKE = 0.1
"""The lengths of two periods may differ by this share: a journey meets more frictions in a longer one."""

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


class CannotCompare(TouchlineError, ValueError):
    """There is nothing to compare; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Period:
    """A span of time in ms since 1970; the end is exclusive."""

    since: int
    until: int

    @property
    def length(self) -> int:
        """The length in ms."""
        return self.until - self.since


@dataclass(frozen=True, slots=True)
class Periods:
    """Two periods to compare.

    Raises:
        CannotCompare: They overlap, or their lengths differ too much.
    """

    before: Period
    after: Period

    def __post_init__(self) -> None:
        before, after = self.before, self.after
        if before.until > after.since:
            raise CannotCompare("the first period must end before the second begins")
        if abs(before.length - after.length) > UNLIKE * max(before.length, after.length):
            raise CannotCompare(
                f"the periods are {before.length / DAY:.1f} and {after.length / DAY:.1f} days long: "
                "make them equally long, because a journey meets more frictions in a longer period"
            )


@dataclass(frozen=True, slots=True)
class Extent:
    """The time that the data cover, in ms since 1970, and how far (ms) each rule looks back, by id."""

    oldest: int
    end: int
    reaches: Mapping[str, int]

    def gap(self, rule: str, periods: Periods) -> str:
        """Why the data do not cover what a rule counts in two periods; empty if they do."""
        before, after = periods.before, periods.after
        reach = self.reaches.get(rule, 0)
        if before.since - reach < self.oldest:
            seen = f" and it looks back {rounded_duration(reach)}" if reach else ""
            return f"the data begin {rounded_duration(abs(before.since - self.oldest))} " + (
                f"before the first period{seen}" if before.since >= self.oldest else "after the first period"
            )
        if after.until > self.end:
            return "the second period ends after the data"
        return ""


@dataclass(frozen=True, slots=True)
class Counts:
    """Journeys (before, after): all at each touchpoint, and those that met each rule there."""

    journeys: Mapping[Touchpoint, tuple[int, int]]
    affected: Mapping[Cell, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Change:
    """A deployed change: its id, time (ms), title, and the rule that it targets, or ""."""

    id: str
    at: int
    title: str
    rule: str


@dataclass(frozen=True, slots=True)
class Row:
    """One rule at one touchpoint: journeys that met it, and all journeys there, before and after.

    `p_adjusted` is the p-value adjusted for the number of rows; `targeted` is whether the change targets this
    rule. `gap` says why the rates cannot be compared; it is empty if they can.
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
        touchpoint = " · ".join(filter(None, (self.channel, self.source)))
        if self.gap:
            return f"{self.rule} at {touchpoint} cannot be compared: {self.gap}."
        return f"{self.rule} at {touchpoint} {moved}. {_MEANINGS[self.verdict]}."


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two periods compared; `elsewhere` are touchpoints without a journey in one of them."""

    before: Period
    after: Period
    rows: list[Row]
    elsewhere: list[Touchpoint]


def compare(periods: Periods, counts: Counts, extent: Extent, target: str = "") -> Comparison:
    """Compare two periods per touchpoint and rule, the clearest difference first.

    A rule is not compared if the data do not cover what it counts: its rows come last and say why.

    The rows of the `target` rule, which the change was meant to improve, and all other rows are two families:
    within each, p-values are adjusted for the number of rows (Holm's method).
    """
    present = {touchpoint for touchpoint, both in counts.journeys.items() if all(both)}
    affected = {cell: both for cell, both in sorted(counts.affected.items()) if cell[:2] in present}
    ratios = {}
    for cell, (before, after) in affected.items():
        journeys_before, journeys_after = counts.journeys[cell[:2]]
        ratios[cell] = rate_ratio(before, journeys_before, after, journeys_after)
    gaps = {cell: extent.gap(cell[2], periods) for cell in ratios}
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


def check_covered(periods: Periods, extent: Extent, zone: str) -> None:
    """Refuse periods without data; messages have times in `zone`.

    Raises:
        CannotCompare: There are no data at all, or one of the periods lies outside them.
    """
    if extent.oldest == extent.end:
        raise CannotCompare("there are no events to compare: send or import some first")
    for name, period in (("first", periods.before), ("second", periods.after)):
        if period.until <= extent.oldest or period.since >= extent.end:
            raise CannotCompare(
                f"the {name} period ({_span(period.since, period.until, zone)}) lies outside the data, which "
                f"cover {_span(extent.oldest, extent.end, zone)}: give periods within them"
            )


def _span(since: int, until: int, zone: str) -> str:
    return f"{in_words(since, zone)} to {in_words(until, zone)}"


def around(at: int, oldest: int, end: int) -> Periods:
    """Equally long periods before and after a time: whole weeks if the data reach, otherwise whole days.

    The data begin at least a day before the first period, if they cover two days before the change.

    Args:
        at: When the change was deployed (ms).
        oldest: When the data begin (ms).
        end: When the data end (ms).

    Raises:
        CannotCompare: One side has no data.
    """
    covered = at - oldest
    length = min(LONGEST, covered - RUN_UP if covered >= 2 * RUN_UP else covered, end - at)
    if length <= 0:
        raise CannotCompare("there are no events on both sides of the change: wait, or give two periods")
    unit = next((unit for unit in (WEEK, DAY) if length >= unit), 1)
    length -= length % unit
    return Periods(Period(at - length, at), Period(at, at + length))


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
