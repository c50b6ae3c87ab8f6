"""Rate ratios: against intervals computed by hand, against known values, and against simulation."""

from math import comb, inf
from random import Random

import pytest

from touchline.analysis.rate_ratio import LEVEL, at_least, at_most, holm, rate_ratio


@pytest.mark.parametrize(
    ("before", "after", "ratio", "low", "high", "p"),
    [
        # With equal exposures each count falls after with probability 1/2; the odds of Clopper and Pearson's.
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
    """The interval and the p-value of small counts equal those computed by hand."""
    found = rate_ratio(before, 100, after, 100)
    assert found.ratio == pytest.approx(ratio)
    assert (found.low, found.high, found.p) == pytest.approx((low, high, p), rel=1e-7)


@pytest.mark.parametrize(
    ("counts", "low", "high", "p"),
    [
        ((0, 1_000, 5, 1_000), 0.9163558573154589, inf, 0.0625),
        ((5, 1_000, 0, 1_200), 0, 0.9093992543187892, 0.038807582691197266),
        ((1, 10, 1, 10), 0.01273936708366662, 78.49683531626285, 1),
        ((3, 50, 12, 60), 0.8995606103259332, 18.40690574811789, 0.07872949261081529),
        ((30, 1_000, 12, 1_000), 0.18650910683417948, 0.8045290900361239, 0.007915897334896806),
        ((120, 10_000, 80, 9_000), 0.5510998256106017, 0.9911331995350066, 0.043108347920771325),
        ((5_000, 200_000, 5_200, 199_000), 1.0052336476470174, 1.0868177658332432, 0.02617805927725542),
        ((1, 1_000_000, 9, 1_000_000), 1.2471096253276637, 394.4791130337871, 0.021484375),
        ((7, 3, 11, 1_000), 0.001668906124350643, 0.014342458455035048, 1.3243735335023173e-13),
    ],
)
def test_known_values_stay(counts: tuple[int, int, int, int], low: float, high: float, p: float) -> None:
    """Intervals and p-values equal those of an independent implementation of the beta function."""
    found = rate_ratio(*counts)
    assert (found.low, found.high, found.p) == pytest.approx((low, high, p), rel=1e-9)


def test_counts_are_relative_to_their_exposure() -> None:
    """Twice as many frictions in twice as many journeys have a ratio of 1."""
    assert rate_ratio(10, 1_000, 20, 2_000).ratio == 1
    once, twice = rate_ratio(10, 1_000, 10, 1_000), rate_ratio(10, 1_000, 10, 2_000)
    assert (twice.ratio, twice.low, twice.high) == pytest.approx((0.5, once.low / 2, once.high / 2))
    with pytest.raises(ValueError, match="exposures must be above 0, got 0 and 10"):
        rate_ratio(0, 0, 1, 10)


@pytest.mark.parametrize(("total", "p"), [(1, 0.3), (9, 0.5), (40, 0.02), (300, 0.9)])
def test_tails_are_sums_of_binomials(total: int, p: float) -> None:
    """The probability of `count` or more, and of `count` or fewer, is the sum of binomial terms."""
    each = [comb(total, k) * p**k * (1 - p) ** (total - k) for k in range(total + 1)]
    for count in range(total + 1):
        assert at_least(count, total, p) == pytest.approx(sum(each[count:]), rel=1e-9, abs=1e-12)
        assert at_most(count, total, p) == pytest.approx(sum(each[: count + 1]), rel=1e-9, abs=1e-12)


def test_large_counts_approach_the_normal() -> None:
    """The interval of a million counts is that of the normal approximation to the log ratio."""
    found = rate_ratio(500_000, 10**7, 502_000, 10**7)
    width = 1.959964 * (1 / 500_000 + 1 / 502_000) ** 0.5
    assert found.high / found.low == pytest.approx(1 + 2 * width, rel=1e-4)
    assert found.p == pytest.approx(0.0457, abs=0.0003)


def test_the_interval_contains_the_true_ratio() -> None:
    """In a thousand simulations the 95 % interval contains the true ratio at least 950 times."""
    random = Random(1)
    covered = 0
    for _ in range(1_000):
        before = sum(random.random() < 0.06 for _ in range(200))
        after = sum(random.random() < 0.03 for _ in range(300))
        found = rate_ratio(before, 200, after, 300)
        covered += found.low <= 0.5 <= found.high
    assert covered >= 950


def test_holm_adjusts_each_p_value_by_its_rank() -> None:
    """The lowest p-value is multiplied by their number, the next by one less; the order is kept."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1, 1]
    assert holm([]) == []


def test_rates_without_an_effect_are_rarely_significant() -> None:
    """Of 200 comparisons of fifteen equal rates each, at most 5 % find a difference."""
    random = Random(2)
    found = 0
    for _ in range(200):
        rates = [random.choice((0.01, 0.05, 0.2)) for _ in range(15)]
        p_values = []
        for rate in rates:
            before, after = (sum(random.random() < rate for _ in range(size)) for size in (200, 250))
            p_values.append(rate_ratio(before, 200, after, 250).p)
        found += min(holm(p_values)) <= LEVEL
    assert found <= 10
