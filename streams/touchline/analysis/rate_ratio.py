"""Compares two rates: exact for small counts, corrected for the number of comparisons.

Given the sum of both counts, the count after follows a binomial distribution. That gives an exact confidence
interval of the rate ratio (Clopper and Pearson's) and an exact test. Both are values of the incomplete beta
function, which SciPy computes; `scipy.special` loads in a third of the time of `scipy.stats`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from scipy.special import betainc, betaincc, betaincinv

LEVEL = 0.05
"""The significance level: a difference with a lower p-value is significant."""


@dataclass(frozen=True, slots=True)
class RateRatio:
    """The rate after divided by the rate before, its 95 % confidence interval and its p-value.

    `ratio` is None if both counts are 0. `least` is the lowest p-value that the sum of the counts allows.
    """

    ratio: float | None
    low: float
    high: float
    p: float
    least: float

    @property
    def interval(self) -> str:
        """The confidence interval in words."""
        if self.high == inf:
            size = f"at least {self.low:.2f}"
        elif self.low == 0:
            size = f"at most {self.high:.2f}"
        else:
            size = f"{self.low:.2f} to {self.high:.2f}"
        return f"{size} times the earlier rate (95 % confidence)"


def rate_ratio(before: int, exposed_before: int, after: int, exposed_after: int) -> RateRatio:
    """Compare two counts, each relative to its exposure.

    Raises:
        ValueError: An exposure is not above 0.
    """
    if exposed_before <= 0 or exposed_after <= 0:
        raise ValueError(f"exposures must be above 0, got {exposed_before} and {exposed_after}")
    total, odds = before + after, exposed_before / exposed_after
    expected = exposed_after / (exposed_before + exposed_after)
    low = 0.0 if after == 0 else float(betaincinv(after, total - after + 1, LEVEL / 2))
    high = 1.0 if after == total else float(betaincinv(after + 1, total - after, 1 - LEVEL / 2))
    return RateRatio(
        ratio=None if total == 0 else inf if before == 0 else after / before * odds,
        low=low / (1 - low) * odds,
        high=inf if high == 1 else high / (1 - high) * odds,
        p=min(1.0, 2 * min(at_least(after, total, expected), at_most(after, total, expected))),
        least=min(1.0, 2 * min(expected, 1 - expected) ** total),
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values adjusted for their number by Holm's method: it bounds the chance of any false positive."""
    adjusted, highest = [0.0] * len(p_values), 0.0
    ranked = sorted(range(len(p_values)), key=lambda index: p_values[index])
    for rank, index in enumerate(ranked):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return adjusted


def at_least(count: int, total: int, p: float) -> float:
    """The probability of `count` or more successes in `total` trials, each with probability `p`."""
    return 1.0 if count <= 0 else float(betainc(count, total - count + 1, p))


def at_most(count: int, total: int, p: float) -> float:
    """The probability of `count` or fewer successes in `total` trials, each with probability `p`."""
    return 1.0 if count >= total else float(betaincc(count + 1, total - count, p))
