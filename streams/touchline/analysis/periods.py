"""The periods of a comparison, and what the data cover of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from touchline.vocabulary.durations import DAY, WEEK, rounded_duration
from touchline.vocabulary.errors import TouchlineError
from touchline.vocabulary.moments import in_words

LONGEST = 2 * WEEK
"""A comparison around a change covers at most this time (ms) on either side."""

RUN_UP = DAY
"""Time (ms) before a change's first period in which the data should begin, for rules that look back."""

UNLIKE = 0.1
"""The lengths of two periods may differ by this share: a journey meets more frictions in a longer one."""


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
        CannotCompare: One side has less than a day of data.
    """
    covered = at - oldest
    length = min(LONGEST, covered - RUN_UP if covered >= 2 * RUN_UP else covered, end - at)
    if length < DAY:
        before, after = (rounded_duration(side) if side > 0 else "nothing" for side in (covered, end - at))
        raise CannotCompare(
            f"too little data to compare: {before} before the change and {after} after it, a day of each is "
            "needed: wait, or give two periods"
        )
    unit = WEEK if length >= WEEK else DAY
    length -= length % unit
    return Periods(Period(at - length, at), Period(at, at + length))
