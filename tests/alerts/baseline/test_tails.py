"""Tails of counts, compared with scipy's."""

import pytest
from scipy.stats import nbinom, poisson

from touchline.alerts.baseline.tails import at_least, at_most


@pytest.mark.parametrize("count", [0, 1, 4, 5, 9, 30, 300])
@pytest.mark.parametrize(("mean", "variance"), [(0.2, 0.2), (5.0, 5.0), (5.0, 9.0), (200.0, 400.0)])
def test_tails_are_those_of_the_distribution(count: int, mean: float, variance: float) -> None:
    """Both tails are those of a negative binomial, and of a Poisson where the variance is the mean."""
    size = mean * mean / (variance - mean) if variance > mean else None
    known = poisson(mean) if size is None else nbinom(size, mean / variance)
    assert at_least(count, mean, variance) == pytest.approx(known.sf(count - 1), rel=1e-9, abs=1e-12)
    assert at_most(count, mean, variance) == pytest.approx(known.cdf(count), rel=1e-9, abs=1e-12)


def test_where_nothing_comes_anything_is_unusual() -> None:
    """Without a mean, one is impossible and none is certain."""
    assert at_least(1, 0.0, 0.0) == 0.0
    assert at_most(0, 0.0, 0.0) == 1.0
