"""Rates compared: against intervals worked out by hand, and against chance itself."""

from math import comb, inf
from random import Random

import pytest

from touchline.analysis.rate_ratio import LEVEL, at_least, at_most, holm, rate_ratio


@pytest.mark.parametrize(
    ("before", "after", "ratio", "low", "high", "p"),
    [
        # With equal exposures the chance of each to come after is 1/2; p / (1 - p) of Clopper and Pearson's.
        (5, 0, 0, 0, (1 - 0.025**0.2) / 0.025**0.2, 2 / 2**5),
        (0, 5, inf, 0.025**0.2 / (1 - 0.025**0.2), inf, 2 / 2**5),
        (1, 0, 0, 0, 39, 1),
        (1, 1, 1, (1 - 0.975**0.5) / 0.975**0.5, 0.975**0.5 / (1 - 0.975**0.5), 1),
        (7, 3, 3 / 7, 0.066739511 / 0.933260489, 0.652452872 / 0.347547128, 2 * 176 / 1024),
        (0, 0, None, 0, inf, 1),
    ],
)
def test_few_counts_are_exact(
    before: int, after: int, ratio: float | None, low: float, high: float, p: float
) -> None:
    """Interval and chance of small counts are those that are worked out by hand."""
    found = rate_ratio(before, 100, after, 100)
    assert found.ratio == pytest.approx(ratio)
    assert (found.low, found.high, found.p) == pytest.approx((low, high, p), rel=1e-7)


def test_exposure_counts() -> None:
    """Twice as many frictions of twice as many journeys are no difference at all."""
    assert rate_ratio(10, 1_000, 20, 2_000).ratio == 1
    once, twice = rate_ratio(10, 1_000, 10, 1_000), rate_ratio(10, 1_000, 10, 2_000)
    assert (twice.ratio, twice.low, twice.high) == pytest.approx((0.5, once.low / 2, once.high / 2))
    with pytest.raises(ValueError, match="nobody was exposed"):
        rate_ratio(0, 0, 1, 10)


@pytest.mark.parametrize(("total", "p"), [(1, 0.3), (9, 0.5), (40, 0.02), (300, 0.9)])
def test_tails_are_sums_of_binomials(total: int, p: float) -> None:
    """The chance of so many or more, and of so many or fewer, is the sum of their chances."""
    each = [comb(total, k) * p**k * (1 - p) ** (total - k) for k in range(total + 1)]
    for count in range(total + 1):
        assert at_least(count, total, p) == pytest.approx(sum(each[count:]), rel=1e-9, abs=1e-12)
        assert at_most(count, total, p) == pytest.approx(sum(each[: count + 1]), rel=1e-9, abs=1e-12)


def test_many_counts_come_to_the_normal() -> None:
    """A million counts are compared as well, and their interval is the one of the logarithm's normal."""
    found = rate_ratio(500_000, 10**7, 502_000, 10**7)
    width = 1.959964 * (1 / 500_000 + 1 / 502_000) ** 0.5
    assert found.high / found.low == pytest.approx(1 + 2 * width, rel=1e-4)
    assert found.p == pytest.approx(0.0457, abs=0.0003)


def test_the_interval_holds_the_truth() -> None:
    """Over a thousand draws the 95 % interval covers the true ratio at least 95 times of a hundred."""
    random = Random(1)
    covered = 0
    for _ in range(1_000):
        before = sum(random.random() < 0.06 for _ in range(200))
        after = sum(random.random() < 0.03 for _ in range(300))
        found = rate_ratio(before, 200, after, 300)
        covered += found.low <= 0.5 <= found.high
    assert covered >= 950


def test_holm_is_as_worked_out() -> None:
    """The least chance is taken times the number of rows, the next times one fewer, none below one before."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1, 1]
    assert holm([]) == []


def test_no_effect_is_called_chance() -> None:
    """Of 200 comparisons of fifteen rows each without any effect, at most 5 % find one anywhere."""
    random = Random(2)
    found = 0
    for _ in range(200):
        rates = [random.choice((0.01, 0.05, 0.2)) for _ in range(15)]
        chances = []
        for rate in rates:
            before, after = (sum(random.random() < rate for _ in range(size)) for size in (200, 250))
            chances.append(rate_ratio(before, 200, after, 250).p)
        found += min(holm(chances)) <= LEVEL
    assert found <= 10
