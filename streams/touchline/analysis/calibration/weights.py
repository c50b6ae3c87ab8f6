"""Fitted log-odds in the unit of weights, and the weights that they suggest."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from touchline.analysis.calibration.calibration import Calibration, Effect

MOST: Final = 100
"""The largest weight that is suggested: all points of a journey."""


@dataclass(frozen=True, slots=True)
class Weight:
    """A rule's weight.

    Attributes:
        configured: As the rules have it.
        fitted: What the rule's log-odds are in points.
        low, high: Its 95 % interval.
        suggested: The configured weight if it is in the interval, else the fitted one, from 0 to `MOST`.
    """

    configured: int
    fitted: float
    low: float
    high: float
    suggested: int


def weights(found: Calibration, configured: Mapping[str, int]) -> dict[str, Weight]:
    """The fitted weight of each rule with an effect.

    A point is worth as many log-odds as make the frictions of these rules cost as many points in all as now,
    so that scores keep their level. Empty if the rules tell nothing that could be a weight.
    """
    effects = {rule: effect for rule, effect in found.effects.items() if rule in configured}
    now = sum(effect.met * configured[rule] for rule, effect in effects.items())
    then = sum(effect.met * max(0.0, effect.log_odds) for effect in effects.values())
    if not now or then <= 0:
        return {}
    return {rule: _weight(effect, configured[rule], now / then) for rule, effect in effects.items()}


def suggested(found: Calibration, configured: Mapping[str, int]) -> dict[str, int]:
    """The weights that should change; empty if the test does not show that the rules predict."""
    if found.test is None or not found.test.rules_predict:
        return {}
    fitted = weights(found, configured)
    return {rule: one.suggested for rule, one in fitted.items() if one.suggested != one.configured}


def _weight(effect: Effect, configured: int, points: float) -> Weight:
    fitted, low, high = (value * points for value in (effect.log_odds, effect.low, effect.high))
    suggested = configured if low <= configured <= high else round(min(MOST, max(0.0, fitted)))
    return Weight(configured, fitted, low, high, suggested)
