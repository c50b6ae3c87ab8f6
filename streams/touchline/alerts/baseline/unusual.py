"""When a count was unusual: more, or fewer, than chance allows beside the same hours of earlier weeks."""

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from math import ceil, floor
from statistics import fmean, median
from typing import NamedTuple, TypeVar

from touchline.alerts.baseline.farrington import FEWEST, Base, usual
from touchline.alerts.baseline.tails import at_least, at_most
from touchline.alerts.intervals import Step
from touchline.vocabulary.durations import WEEK

K = TypeVar("K", bound=Hashable)

AROUND = 3
"""Windows before and after the same time of an earlier week that belong to its base."""

_LARGEST_ALPHA = 0.05
_SAMPLED = 5
"""A forecast looks at every fifth window: within a week, windows of an hour at every hour of the day."""


class Terms(NamedTuple):
    """What counts as unusual.

    Attributes:
        within: The length of the window (ms).
        tick: How far the window moves on (ms); counts come by ticks.
        weeks: How many earlier weeks are compared.
        times: How many times the usual count, or which part of it.
        at_least: The smallest count that is too many, or the smallest usual count for too few.
        fewer: Whether too few are looked for, not too many.
        false_alarms: How many incidents a week chance may open, over all series.
    """

    within: int
    tick: int
    weeks: int
    times: float
    at_least: int
    fewer: bool
    false_alarms: float


class Counted(NamedTuple):
    """A series: ends of ticks and how many came in each, and the time (ms) from which it is complete."""

    numbers: Iterable[tuple[int, int]]
    oldest: int


def budgeted(false_alarms: float, tick: int, series: int) -> float:
    """The probability at which chance alone opens at most `false_alarms` incidents a week over all series.

    It is the budget, divided by the ticks (ms) of a week and the series. Neighbouring ticks share most of
    their window, which makes up for an overdispersion that few windows show too small. The number of series
    is rounded up to a power of two, so that a new series seldom changes the result.
    """
    shared = 1 << max(0, series - 1).bit_length()
    return min(_LARGEST_ALPHA, false_alarms * tick / WEEK / shared)


def unusual(series: Mapping[K, Counted], terms: Terms, span: tuple[int, int]) -> dict[K, list[Step]]:
    """At each tick of a span (ms), whether the count of each series is unusual in the window that ends there.

    The budget is shared among the series with an event in that window or in its base. So the result at a
    time depends on the events alone, not on the span.
    """
    windows = {key: Windows(counted, terms) for key, counted in series.items()}
    found: dict[K, list[Step]] = {key: [] for key in series}
    start, until = span
    for at in range(-(-start // terms.tick) * terms.tick, until + 1, terms.tick):
        differ = {key: own for key, own in windows.items() if own.differs(at)}
        sharing = sum(own.has_any(at) for own in windows.values()) if differ else 0
        alpha = budgeted(terms.false_alarms, terms.tick, sharing)
        for key, steps in found.items():
            own = differ.get(key)
            holds = own is not None and improbable(own.ending(at), own.base(at), alpha, fewer=terms.fewer)
            steps.append((at, holds))
    return found


def expected_false_alarms(series: Mapping[K, Counted], terms: Terms, span: tuple[int, int]) -> float | None:
    """How many incidents a week chance opens at most, at the levels of a span (ms).

    The probability of an unusual count, summed over a sample of windows and all their ticks. It is below the
    budget where counts are whole numbers, or `times` and `at_least` require more than `false_alarms` does.
    None without a baseline.
    """
    windows = [Windows(counted, terms) for counted in series.values()]
    start, until = span
    sample = range(until, start, -_SAMPLED * terms.within)
    found: list[float] = []
    for at in sample:
        alive = [own for own in windows if own.has_any(at)]
        alpha = budgeted(terms.false_alarms, terms.tick, len(alive))
        chances = [chance for own in alive if (chance := own.chance(at, alpha)) is not None]
        if chances:
            found.append(sum(chances))
    return fmean(found) * WEEK / terms.tick if found else None


def improbable(count: int, base: Sequence[Base], alpha: float, *, fewer: bool) -> bool:
    """Whether chance gives so many, or so few, with a probability below `alpha`."""
    if len(base) < FEWEST:
        return False
    # Plain means with the variance of a Poisson answer most cases, a hundred times as fast.
    means = fmean(one.number for one in base), fmean(one.number for one in base if one.offset == 0)
    if fewer:
        if count >= max(means) or at_most(count, max(means), max(means)) >= alpha:
            return False
    elif count <= min(means) or at_least(count, min(means), min(means)) >= alpha:
        return False
    expected = usual(tuple(base))
    if expected is None:
        return False
    return (expected.fall(count) if fewer else expected.rise(count)) < alpha


class Windows:
    """The counts of a series in windows `(end - within, end]`, by the sums of all ticks up to a time."""

    def __init__(self, counted: Counted, terms: Terms) -> None:
        numbers = dict(counted.numbers)
        self._times = sorted(numbers)
        self._sums = [0, *accumulate(numbers[time] for time in self._times)]
        self._terms, self._oldest = terms, counted.oldest

    def ending(self, end: int) -> int:
        """The count of the window that ends at `end`."""
        return self._between(end - self._terms.within, end)

    def differs(self, at: int) -> bool:
        """Whether the count is `times` the median of the same window in earlier weeks, or that part of it."""
        terms = self._terms
        count = self.ending(at)
        if not terms.fewer and count < terms.at_least:
            return False
        known = range(1, self._known_weeks(at) + 1)
        if not known:
            return False
        same = median(self.ending(at - week * WEEK) for week in known)
        if terms.fewer:
            return same >= terms.at_least and count * terms.times <= same
        return count >= terms.times * same

    def has_any(self, at: int) -> bool:
        """Whether anything came in the window that ends at `at`, or in its base."""
        before, after = (AROUND + 1) * self._terms.within, AROUND * self._terms.within
        same = (at - week * WEEK for week in range(1, self._terms.weeks + 1))
        return bool(self.ending(at)) or any(self._between(time - before, time + after) for time in same)

    def base(self, at: int) -> list[Base]:
        """The complete windows around the same time of earlier weeks."""
        return list(self._base(at))

    def chance(self, at: int, alpha: float) -> float | None:
        """The probability that the window that ends at `at` has an unusual count; None without a baseline."""
        expected = usual(tuple(self._base(at)))
        known = range(1, self._known_weeks(at) + 1)
        if expected is None or not known:
            return None
        same, terms = median(self.ending(at - week * WEEK) for week in known), self._terms
        if not terms.fewer:
            return expected.rise(max(expected.upper(alpha), terms.at_least, ceil(terms.times * same)))
        few = min(expected.lower(alpha), floor(same / terms.times)) if same >= terms.at_least else -1
        return expected.fall(few)

    def _base(self, at: int) -> Iterator[Base]:
        for week in range(1, self._terms.weeks + 1):
            for offset in range(-AROUND, AROUND + 1):
                end = at - week * WEEK + offset * self._terms.within
                if end - self._terms.within >= self._oldest:
                    yield Base(week, offset, self.ending(end))

    def _known_weeks(self, at: int) -> int:
        """How many of the earlier weeks have the same window complete."""
        return max(0, min(self._terms.weeks, (at - self._terms.within - self._oldest) // WEEK))

    def _between(self, after: int, until: int) -> int:
        return self._sums[bisect_right(self._times, until)] - self._sums[bisect_right(self._times, after)]
