"""Fits the chance of an outcome to the rules that were met, and tests it on later observations."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from touchline.analysis.calibration.observations import Observations
from touchline.analysis.discrimination import Area, area
from touchline.analysis.impact.risk_difference import Z
from touchline.analysis.impact.trials import Mask, Real
from touchline.analysis.logistic import fit

FEWEST: Final = 100
"""Observations with the outcome, and without it, below which nothing is said."""

FEWEST_OF_RULE: Final = 10
"""Observations with a rule's friction and the outcome, and as many without the outcome."""

NEVER_MET: Final = "never met"
"""Why a rule without any friction is left out."""

LEARNED: Final = 0.7
"""The share of observations, the earlier ones, that is learned from; the later ones test it."""

PENALTY: Final = 0.16
"""A normal prior of each coefficient with a standard deviation of 2.5: few data make no large weight."""

GROUPS: Final = 10
"""Groups of equal size, by predicted chance, in which prediction and outcome are compared."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What meeting a rule's friction goes with.

    Attributes:
        met: Observations with a friction of the rule.
        outcomes: Of these, those with the outcome.
        log_odds: The log of the ratio of odds of the outcome, with it and without it.
        low, high: Its 95 % interval.
    """

    met: int
    outcomes: int
    log_odds: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Group:
    """Later observations with a similar prediction: their number, mean chance, and share with the outcome."""

    number: int
    predicted: float
    observed: float


@dataclass(frozen=True, slots=True)
class Test:
    """How well later outcomes are predicted by what was learned from earlier ones.

    Attributes:
        number: Later observations.
        area: Of the regression.
        strikes: Of the strike points as configured, alone.
        others: Of everything but the rules.
        brier: The mean squared error of the predicted chances.
        base: The same if everybody had the mean chance.
        slope: The coefficient of the rules' part of the prediction, given the other part, with its 95 %
            interval: about 1 if the rules predict as learned, 0 if they tell nothing.
        groups: Predicted and observed, by groups.
    """

    number: int
    area: Area | None
    strikes: Area | None
    others: Area | None
    brier: float
    base: float
    slope: tuple[float, float, float]
    groups: tuple[Group, ...]

    @property
    def rules_predict(self) -> bool:
        """Whether the rules clearly tell something beyond the rest."""
        return self.slope[1] > 0


@dataclass(frozen=True, slots=True)
class Calibration:
    """What rules tell of an outcome.

    Attributes:
        number: Observations.
        outcomes: Those with the outcome.
        missing: Why nothing can be said; empty if it can.
        effects: By rule; those with too few observations are left out.
        left_out: Why, by rule.
        test: The test on later observations; None if nothing can be said.
    """

    number: int
    outcomes: int
    missing: str
    effects: Mapping[str, Effect]
    left_out: Mapping[str, str]
    test: Test | None


def calibrate(observations: Observations) -> Calibration:
    """Fit and test. Nothing is said with too few outcomes, overall or of every rule."""
    number, outcomes = len(observations), int(observations.outcome.sum())
    left_out: dict[str, str] = {}
    for rule, met in zip(observations.rules, observations.met.T, strict=True):
        if reason := _too_few(met, observations.outcome):
            left_out[rule] = reason
    kept = [rule for rule in observations.rules if rule not in left_out]
    missing = ""
    if min(outcomes, number - outcomes) < FEWEST:
        missing = (
            f"too few: {outcomes} with the outcome and {number - outcomes} without, {FEWEST} each are needed"
        )
    elif not kept:
        missing = "too few: no rule has enough observations"
    if missing:
        return Calibration(number, outcomes, missing, {}, left_out, None)
    chosen = observations.of_rules(kept).standardised()
    found = fit(_design(chosen), chosen.outcome.astype(np.float64), PENALTY, chosen.customer)
    effects = {}
    for column, rule in enumerate(kept):
        spread = Z * float(np.sqrt(found.variance[column + 1]))
        value = float(found.coefficients[column + 1])
        with_it = chosen.met[:, column]
        effects[rule] = Effect(
            int(with_it.sum()), int((with_it & chosen.outcome).sum()), value, value - spread, value + spread
        )
    return Calibration(number, outcomes, "", effects, left_out, _tested(chosen))


def _too_few(met: Mask, outcome: Mask) -> str:
    """Why a rule is left out; empty if it is not."""
    with_it, without = int((met & outcome).sum()), int((met & ~outcome).sum())
    if min(with_it, without) >= FEWEST_OF_RULE:
        return ""
    if not with_it + without:
        return NEVER_MET
    return f"too few: {with_it} with the outcome and {without} without, {FEWEST_OF_RULE} each are needed"


def _tested(observations: Observations) -> Test:
    learned = np.arange(len(observations)) < LEARNED * len(observations)
    earlier, later = observations.chosen(learned), observations.chosen(~learned)
    found = fit(_design(earlier), earlier.outcome.astype(np.float64), PENALTY, earlier.customer)
    rows, outcome = _design(later), later.outcome.astype(np.float64)
    chance = found.chance(rows)
    width = len(later.rules)
    by_rules = rows[:, :width] @ found.coefficients[1 : width + 1]
    by_others = rows[:, width:] @ found.coefficients[width + 1 :]
    again = fit(np.stack([by_rules, by_others], axis=1), outcome, 1e-6, later.customer)
    slope, spread = float(again.coefficients[1]), Z * float(np.sqrt(again.variance[1]))
    base = float(earlier.outcome.mean())
    return Test(
        len(later),
        area(chance, later.outcome),
        area(later.strikes, later.outcome),
        area(by_others, later.outcome),
        float(((chance - outcome) ** 2).mean()),
        float(((base - outcome) ** 2).mean()),
        (slope, slope - spread, slope + spread),
        _groups(chance, outcome),
    )


def _groups(chance: Real, outcome: Real) -> tuple[Group, ...]:
    order = np.argsort(chance, kind="stable")
    return tuple(
        Group(len(rows), float(chance[rows].mean()), float(outcome[rows].mean()))
        for rows in np.array_split(order, GROUPS)
        if len(rows)
    )


def _design(observations: Observations) -> Real:
    return np.hstack([observations.met.astype(np.float64), observations.adjusted])
