"""What is usual for a count, as Farrington and others (1996) and Noufaily and others (2013) compute it.

The base are counts in windows around the same time of earlier weeks. A log-linear regression with a trend
over weeks and a slope over the hours of the day is fitted several times: counts that stick out weigh less the
next time, so a past incident does not hide the next one. The variance is that of a negative binomial, and
includes the uncertainty of the estimated mean. Its overdispersion is estimated from the residuals and from
what is usual for counts of customers. Few windows and small counts estimate it badly, so probabilities are
means over its likely values.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import sqrt
from statistics import NormalDist, fmean
from typing import NamedTuple

from touchline.alerts.baseline.regression import Fit, fit
from touchline.alerts.baseline.tails import at_least, at_most

FEWEST = 14
"""Fewer windows are no baseline: two weeks with the windows around the same time."""

_PRIOR_OVERDISPERSION = 2.5
_PRIOR_FREE = 4
"""The overdispersion without data, and the degrees of freedom that this is worth; chosen by simulation."""

_STICKS_OUT = 3.0
_REWEIGHTED = 3
_WEEKS_OF_TREND = 3
_TREND_SURE = 1.96
_COUNTS_OF_SLOPE = 20
_EQUALLY_LIKELY = tuple(NormalDist().inv_cdf((part + 0.5) / 8) for part in range(8))


class Base(NamedTuple):
    """A count of the past: how many weeks ago, how many windows after the same time, and how many came."""

    weeks_ago: int
    offset: int
    number: int


class Usual(NamedTuple):
    """The distribution of a count, if nothing unusual happens: its mean, and equally likely variances."""

    mean: float
    variances: tuple[float, ...]

    def rise(self, count: int) -> float:
        """The probability of so many or more."""
        return fmean(at_least(count, self.mean, variance) for variance in self.variances)

    def fall(self, count: int) -> float:
        """The probability of so few or fewer."""
        return fmean(at_most(count, self.mean, variance) for variance in self.variances)

    def upper(self, alpha: float) -> int:
        """The smallest count that is unusually many at `alpha`."""
        low, high = int(self.mean), int(self.mean) + 1
        while self.rise(high) >= alpha:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self.rise(middle) < alpha else (middle, high)
        return high

    def lower(self, alpha: float) -> int:
        """The largest count that is unusually few at `alpha`; -1 if even 0 is not."""
        if self.fall(0) >= alpha:
            return -1
        low, high = 0, int(self.mean) + 1
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.fall(middle) < alpha else (low, middle)
        return low


@lru_cache(maxsize=65_536)
def usual(base: tuple[Base, ...]) -> Usual | None:
    """What is usual now; None if there are fewer than `FEWEST` windows."""
    if len(base) < FEWEST:
        return None
    counts = [one.number for one in base]
    if not sum(counts):
        # Nothing ever came: at most one in as many windows as there are, by the rule of succession.
        mean = 1.0 / (len(base) + 1)
        return Usual(mean, (mean + mean * mean,))
    weeks = len({one.weeks_ago for one in base})
    slope = sum(counts) >= _COUNTS_OF_SLOPE
    if weeks >= _WEEKS_OF_TREND:
        found = _fitted(base, counts, trend=True, slope=slope)
        if found is not None and _keeps_trend(found, counts):
            return found.usual
    found = _fitted(base, counts, trend=False, slope=slope) or _fitted(base, counts, trend=False, slope=False)
    return None if found is None else found.usual


class _Fitted(NamedTuple):
    fit: Fit
    overdispersion: float
    free: int
    row: list[float]

    @property
    def usual(self) -> Usual:
        mean = self.fit.mean(self.row)
        uncertain = self.fit.variance(self.row) * mean * mean
        free = _informative(self.free, self.overdispersion, fmean(self.fit.means))
        known = free * self.overdispersion + _PRIOR_FREE * _PRIOR_OVERDISPERSION
        likely = (max(1.0, known / chi) for chi in _chi_squares(free + _PRIOR_FREE))
        return Usual(mean, tuple(overdispersion * (mean + uncertain) for overdispersion in likely))


def _fitted(base: Sequence[Base], counts: Sequence[int], *, trend: bool, slope: bool) -> _Fitted | None:
    def row(weeks_ago: float, offset: float) -> list[float]:
        return [1.0, *([-weeks_ago] if trend else []), *([offset] if slope else [])]

    rows = [row(one.weeks_ago, one.offset) for one in base]
    free = len(rows) - len(rows[0])
    weights = [1.0] * len(rows)
    found = fit(rows, counts, weights)
    for _ in range(_REWEIGHTED):
        if found is None:
            break
        before, weights = weights, _weights(found, rows, counts, weights, free)
        if weights == before:
            break
        found = fit(rows, counts, weights)
    if found is None:
        return None
    return _Fitted(found, _overdispersion(found, counts, weights, free), free, row(0, 0))


def _keeps_trend(found: _Fitted, counts: Sequence[int]) -> bool:
    """A trend counts if it is clear, and does not lead beyond every count of the past."""
    error = sqrt(max(1.0, found.overdispersion) * found.fit.inverse[1][1])
    return abs(found.fit.coefficients[1]) > _TREND_SURE * error and found.usual.mean <= max(counts)


def _informative(free: int, overdispersion: float, mean: float) -> float:
    """The degrees of freedom that estimate the overdispersion as well as `free` of normal counts would.

    Squared residuals of a negative binomial vary more: by its excess kurtosis.
    """
    known = free * overdispersion + _PRIOR_FREE * _PRIOR_OVERDISPERSION
    shrunk = max(1.0, known / (free + _PRIOR_FREE))
    kurtosis = 6 * (shrunk - 1) / mean + 1 / (shrunk * mean)
    return free * 2 / (2 + kurtosis)


def _chi_squares(free: float) -> list[float]:
    """Equally likely values of chi-squared, by Wilson and Hilferty's approximation."""
    spread = 2 / (9 * free)
    return [max(0.05, free * (1 - spread + z * sqrt(spread)) ** 3) for z in _EQUALLY_LIKELY]


def _overdispersion(found: Fit, counts: Sequence[int], weights: Sequence[float], free: int) -> float:
    squares = sum(
        weight * (count - mean) ** 2 / mean
        for count, mean, weight in zip(counts, found.means, weights, strict=True)
    )
    return squares / free


def _weights(
    found: Fit, rows: Sequence[Sequence[float]], counts: Sequence[int], weights: Sequence[float], free: int
) -> list[float]:
    """Less than 1 for counts with a standardized Anscombe residual above `_STICKS_OUT`; their mean is 1."""
    spread = sqrt(max(1.0, _overdispersion(found, counts, weights, free)))
    raw = []
    for row, count, mean in zip(rows, counts, found.means, strict=True):
        leverage = min(0.99, mean * found.variance(row))
        residual = 1.5 * (count ** (2 / 3) * mean ** (-1 / 6) - mean**0.5) / (spread * sqrt(1 - leverage))
        raw.append(1.0 if residual <= _STICKS_OUT else 1.0 / residual**2)
    scale = len(raw) / sum(raw)
    return [scale * weight for weight in raw]
