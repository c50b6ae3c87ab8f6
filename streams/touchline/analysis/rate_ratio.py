"""Whether two rates differ: exact for the fewest counts, and honest about how many were looked at.

Given how many came together in both, how many of them came after follows a binomial distribution: that
gives an exact interval for the ratio of the rates (Clopper and Pearson's), and an exact test.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, inf, lgamma, log, log1p

LEVEL = 0.05
"""A difference is told from chance where it would come of chance alone less often than this."""

_STEPS = 200
_SMALL = 1e-15
_TINY = 1e-300


@dataclass(frozen=True, slots=True)
class RateRatio:
    """The rate after over the rate before, its 95 % interval, and how often chance alone does as much.

    `least` is the lowest `p` that so few counts could give at all. The ratio of nothing to nothing is None.
    """

    ratio: float | None
    low: float
    high: float
    p: float
    least: float


def rate_ratio(before: int, exposed_before: int, after: int, exposed_after: int) -> RateRatio:
    """Compare two counts, each of so many exposed; both exposures are above 0.

    Raises:
        ValueError: nobody was exposed.
    """
    if exposed_before <= 0 or exposed_after <= 0:
        raise ValueError("a rate is of something: nobody was exposed")
    total, odds = before + after, exposed_before / exposed_after
    expected = exposed_after / (exposed_before + exposed_after)
    low = 0.0 if after == 0 else _solve(lambda p: at_least(after, total, p))
    high = 1.0 if after == total else _solve(lambda p: -at_most(after, total, p), -LEVEL / 2)
    return RateRatio(
        ratio=None if total == 0 else inf if before == 0 else after / before * odds,
        low=low / (1 - low) * odds,
        high=inf if high == 1 else high / (1 - high) * odds,
        p=min(1.0, 2 * min(at_least(after, total, expected), at_most(after, total, expected))),
        least=min(1.0, 2 * min(expected, 1 - expected) ** total),
    )


def holm(chances: Sequence[float]) -> list[float]:
    """The chances as they are when all were looked at (Holm): one error in any at most so often."""
    adjusted, highest = [0.0] * len(chances), 0.0
    ranked = sorted(range(len(chances)), key=lambda at: chances[at])
    for rank, at in enumerate(ranked):
        highest = max(highest, min(1.0, (len(chances) - rank) * chances[at]))
        adjusted[at] = highest
    return adjusted


def at_least(count: int, total: int, p: float) -> float:
    """The chance of `count` or more of `total`, each with chance `p`."""
    return 1.0 if count <= 0 else _beta(p, count, total - count + 1)


def at_most(count: int, total: int, p: float) -> float:
    """The chance of `count` or fewer of `total`, each with chance `p`."""
    return 1.0 if count >= total else _beta(1 - p, total - count, count + 1)


def _solve(rising: Callable[[float], float], wanted: float = LEVEL / 2) -> float:
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if rising(middle) < wanted else (low, middle)
    return (low + high) / 2


def _beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (Lentz's method)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta(1 - x, b, a)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, _terms(a, b)):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        change = 1.0
        for term in (even, odd):
            d, c = 1 / _away(1 + term * d), _away(1 + term / c)
            change = c * d
            fraction *= change
        if abs(change - 1) < _SMALL:
            break
    return front * fraction


def _terms(a: float, b: float) -> int:
    """Terms enough for the fraction: it settles after a few times the root of the larger."""
    return 200 + int(20 * max(a, b) ** 0.5)


def _away(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
