"""Tails of a count with a mean and a variance: negative binomial, Poisson if the variance is not larger."""

from math import exp, lgamma, log

_NEGLIGIBLE = 1e-12
_MOST_TERMS = 100_000


def at_least(count: int, mean: float, variance: float) -> float:
    """The probability of `count` or more."""
    if count <= 0:
        return 1.0
    if mean <= 0:
        return 0.0
    if count <= mean:
        return max(0.0, 1.0 - at_most(count - 1, mean, variance))
    term = total = exp(_log_mass(count, mean, variance))
    number = count
    while term > _NEGLIGIBLE * total and number - count < _MOST_TERMS:
        term *= _ratio(number, mean, variance)
        total += term
        number += 1
    return min(1.0, total)


def at_most(count: int, mean: float, variance: float) -> float:
    """The probability of `count` or fewer."""
    if count < 0:
        return 0.0
    if mean <= 0:
        return 1.0
    if count >= mean:
        return max(0.0, 1.0 - at_least(count + 1, mean, variance))
    term = total = exp(_log_mass(count, mean, variance))
    number = count
    while number and term > _NEGLIGIBLE * total:
        term /= _ratio(number - 1, mean, variance)
        total += term
        number -= 1
    return min(1.0, total)


def _log_mass(count: int, mean: float, variance: float) -> float:
    if variance <= mean:
        return count * log(mean) - mean - lgamma(count + 1)
    size = mean * mean / (variance - mean)
    return (
        lgamma(count + size)
        - lgamma(size)
        - lgamma(count + 1)
        + size * log(mean / variance)
        + count * log(1 - mean / variance)
    )


def _ratio(count: int, mean: float, variance: float) -> float:
    """The probability of `count + 1`, divided by that of `count`."""
    if variance <= mean:
        return mean / (count + 1)
    size = mean * mean / (variance - mean)
    return (count + size) / (count + 1) * (1 - mean / variance)
