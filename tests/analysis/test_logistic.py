"""Logistic regression and the area under the curve, against plain computations."""

import numpy as np
import pytest

from touchline.analysis.discrimination import area
from touchline.analysis.logistic import fit


def test_intervals_hold_the_planted_log_odds() -> None:
    """In at least 93 of 100 simulations, also for a rare column, and where customers come back four times."""
    planted = np.array([-1.0, 0.8, 0.0, 1.0])
    held = np.zeros(4)
    for seed in range(100):
        draws = np.random.default_rng(seed)
        rows = (draws.random((1_500, 3)) < [0.3, 0.1, 0.04]).astype(np.float64)
        chance = 1 / (1 + np.exp(-(planted[0] + rows @ planted[1:])))
        found = fit(rows, (draws.random(1_500) < chance).astype(np.float64), 0.16, np.arange(1_500) // 4)
        held += np.abs(found.coefficients - planted) < 1.96 * np.sqrt(found.variance)
    assert held.mean() >= 93
    assert held.min() >= 90


def test_one_column_gives_the_log_odds_ratio_of_the_table() -> None:
    """Without a penalty, the coefficient and its variance are those of a two-by-two table."""
    rows = np.repeat([[0.0], [1.0]], [200, 100], axis=0)
    outcome = np.concatenate([np.arange(200) < 50, np.arange(100) < 60]).astype(np.float64)
    found = fit(rows, outcome, 1e-9)
    assert found.coefficients[1] == pytest.approx(np.log((60 / 40) / (50 / 150)), abs=1e-6)
    assert found.variance[1] == pytest.approx(1 / 60 + 1 / 40 + 1 / 50 + 1 / 150, rel=1e-5)
    assert found.chance(np.array([[1.0]]))[0] == pytest.approx(0.6, abs=1e-6)


def test_observations_of_one_group_count_as_one() -> None:
    """Each observation there four times has no smaller a variance, if its group is known."""
    draws = np.random.default_rng(2)
    rows = draws.random((300, 2))
    outcome = (draws.random(300) < 0.4).astype(np.float64)
    once = fit(rows, outcome, 1e-9, np.arange(300)).variance
    often = fit(
        np.repeat(rows, 4, axis=0), np.repeat(outcome, 4), 1e-9, np.repeat(np.arange(300), 4)
    ).variance
    assert often == pytest.approx(once, rel=0.2)


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_a_single_outcome_is_fitted(outcome: float) -> None:
    """Where every outcome is the same, the fit ends, near that outcome."""
    rows = np.eye(50, 3)
    found = fit(rows, np.full(50, outcome), 0.16)
    assert np.isfinite(found.coefficients).all()
    assert found.chance(rows)[0] == pytest.approx(outcome, abs=0.01)


def test_the_area_is_the_share_of_pairs() -> None:
    """The area is the share of pairs that are ranked right, equal ones as half; one of a kind gives none."""
    draws = np.random.default_rng(3)
    outcome = draws.random(200) < 0.3
    score = np.round(draws.normal(outcome * 0.8, 1.0), 1)
    found = area(score, outcome)
    assert found is not None
    pairs = np.sign(score[outcome][:, None] - score[~outcome]) / 2 + 0.5
    assert found.value == pytest.approx(pairs.mean())
    assert found.low < found.value < found.high
    assert area(score, np.arange(200) < 1) is None
    assert area(score, np.arange(200) < 199) is None


def test_the_interval_of_the_area_holds_it() -> None:
    """In at least 93 of 100 samples."""
    planted = 0.7602  # of two normal distributions, one standard deviation apart
    held = 0
    for seed in range(100):
        draws = np.random.default_rng(seed)
        outcome = np.arange(200) < 60
        found = area(draws.normal(outcome * 1.0, 1.0), outcome)
        assert found is not None
        held += found.low <= planted <= found.high
    assert held >= 93
