"""Logistic regression with a ridge penalty: chances as a function of rows of numbers."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from touchline.analysis.impact.trials import Real, Whole

ROUNDS: Final = 50
"""The most steps of Newton's method; it needs about 6."""

_ENOUGH = 1e-8


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted regression.

    Attributes:
        coefficients: The log-odds for each column; the first one is the intercept.
        variance: The variance of each coefficient.
    """

    coefficients: Real
    variance: Real

    def log_odds(self, rows: Real) -> Real:
        """The log-odds of each row."""
        odds: Real = self.coefficients[0] + rows @ self.coefficients[1:]
        return odds

    def chance(self, rows: Real) -> Real:
        """The chance of each row."""
        return _chance(self.log_odds(rows))


def fit(rows: Real, outcome: Real, penalty: float, group: Whole | None = None) -> Fit:
    """Fit the chance of an outcome (0 or 1) by Newton's method.

    Args:
        rows: One row of numbers for each observation.
        outcome: Whether it came.
        penalty: Half of it is what the square of each coefficient but the intercept costs: the inverse
            variance of a normal prior.
        group: Who each observation is of. Those of one group may be alike, so the variance is the larger of
            the plain and the sandwich estimate (Liang and Zeger, Biometrika 73, 1986, 13-22).
    """
    design = np.hstack([np.ones((len(rows), 1)), rows])
    cost = np.full(design.shape[1], penalty)
    # Nearly free; some cost keeps the step defined where every outcome is the same.
    cost[0] = 1e-6
    weights = np.zeros(design.shape[1])
    loss = _loss(design, outcome, weights, cost)
    for _ in range(ROUNDS):
        chance = _chance(design @ weights)
        gradient = design.T @ (outcome - chance) - cost * weights
        step = np.linalg.solve(_information(design, chance, cost), gradient)
        while (following := _loss(design, outcome, weights + step, cost)) > loss + 1e-12:
            step = step / 2
            if float(np.abs(step).max()) < _ENOUGH:
                break
        weights, loss = weights + step, following
        if float(np.abs(step).max()) < _ENOUGH:
            break
    chance = _chance(design @ weights)
    inverse = np.linalg.inv(_information(design, chance, cost))
    variance = np.diag(inverse)
    if group is not None:
        _, member = np.unique(group, return_inverse=True)
        scores = np.zeros((int(member.max()) + 1, design.shape[1]))
        np.add.at(scores, member, design * (outcome - chance)[:, None])
        # The diagonal of inverse @ (scores.T @ scores) @ inverse.
        variance = np.maximum(variance, ((scores @ inverse) ** 2).sum(axis=0))
    return Fit(weights, variance)


def _information(design: Real, chance: Real, cost: Real) -> Real:
    information: Real = (design * (chance * (1 - chance))[:, None]).T @ design + np.diag(cost)
    return information


def _loss(design: Real, outcome: Real, weights: Real, cost: Real) -> float:
    odds = design @ weights
    return float((np.logaddexp(0, odds) - outcome * odds).sum() + (cost * weights**2).sum() / 2)


def _chance(odds: Real) -> Real:
    chance: Real = 1 / (1 + np.exp(-np.clip(odds, -500, 500)))
    return chance
