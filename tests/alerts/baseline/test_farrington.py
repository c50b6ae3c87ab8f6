"""What is usual, from simulated counts of earlier weeks."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import nbinom, poisson

from touchline.alerts.baseline.farrington import FEWEST, Base, Usual, usual
from touchline.alerts.baseline.regression import fit

WEEKS, AROUND = range(1, 5), range(-3, 4)


def _base(number: int | Callable[[int, int], int]) -> tuple[Base, ...]:
    """Windows of four weeks; `number` is their count, or a function of week and offset."""

    def count(week: int, offset: int) -> int:
        return number if isinstance(number, int) else number(week, offset)

    return tuple(Base(week, offset, int(count(week, offset))) for week in WEEKS for offset in AROUND)


def _usual(base: tuple[Base, ...]) -> Usual:
    found = usual(base)
    assert found is not None
    return found


def test_constant_counts_have_their_mean() -> None:
    """Where every window had twenty, twenty is usual."""
    assert _usual(_base(20)).mean == pytest.approx(20)


def test_a_slope_over_the_day_is_followed() -> None:
    """Where counts grow by the hour, the same hour is usual, and its neighbours do not widen it."""
    found = _usual(_base(lambda week, offset: round(100 * 1.2**offset)))
    assert found.mean == pytest.approx(100, rel=0.02)
    assert found.rise(170) < 1e-4


def test_a_clear_trend_is_followed_but_not_beyond_the_past() -> None:
    """A decline goes on; a rise ends at the largest count of the past."""
    falling = _usual(_base(lambda week, offset: 100 + 50 * (week - 1)))
    assert falling.mean < 110
    rising = _usual(_base(lambda week, offset: 200 // week))
    assert rising.mean <= 200


def test_a_past_incident_hides_no_new_one() -> None:
    """A window ten times as high as the others hardly changes what is usual."""
    draws = np.random.default_rng(3).poisson(20, 28)
    calm = tuple(one._replace(number=int(n)) for one, n in zip(_base(0), draws, strict=True))
    struck = (calm[0]._replace(number=200), *calm[1:])
    assert _usual(struck).upper(1e-4) < 1.6 * _usual(calm).upper(1e-4)


def test_few_windows_are_no_baseline() -> None:
    """With less than two weeks nothing is said."""
    assert usual(_base(20)[: FEWEST - 1]) is None
    assert usual(_base(20)[:FEWEST]) is not None


def test_where_nothing_ever_came_much_is_unusual() -> None:
    """Without a single count, one is no surprise at one in a hundred, and five are."""
    found = _usual(_base(0))
    assert found.rise(1) > 0.01
    assert found.rise(5) < 1e-4


def test_bounds_are_the_first_unusual_counts() -> None:
    """`upper` and `lower` are as unusual as required, and their neighbours are not."""
    found = _usual(_base(50))
    assert found.rise(found.upper(1e-3)) < 1e-3 <= found.rise(found.upper(1e-3) - 1)
    assert found.fall(found.lower(1e-3)) < 1e-3 <= found.fall(found.lower(1e-3) + 1)
    assert _usual(_base(1)).lower(1e-6) == -1


@pytest.mark.parametrize(("mean", "overdispersion"), [(2, 1.0), (2, 2.0), (20, 1.0), (20, 2.0), (20, 4.0)])
def test_false_alarms_are_near_the_chosen_probability(mean: float, overdispersion: float) -> None:
    """What is unusual at one in a thousand happens at most three times as often, at any overdispersion.

    The probability is averaged over simulated baselines, and computed by another library.
    """
    draws = np.random.default_rng(5)
    size = mean / (overdispersion - 1) if overdispersion > 1 else None
    count = poisson(mean) if size is None else nbinom(size, 1 / overdispersion)
    bases = [_base(lambda week, offset: count.rvs(random_state=draws)) for _ in range(25)]
    assert np.mean([count.sf(_usual(base).upper(1e-3) - 1) for base in bases]) < 3e-3


def test_a_fit_finds_the_coefficients() -> None:
    """A log-linear regression of exact means returns their coefficients."""
    rows = [[1.0, float(x)] for x in range(10)]
    counts = [round(1000 * 1.1**x) for x in range(10)]
    found = fit(rows, counts, [1.0] * 10)
    assert found is not None
    assert found.coefficients == pytest.approx([np.log(1000), np.log(1.1)], abs=1e-3)
