"""Mantel and Haenszel's risk difference and risk ratio over strata.

The variance of the difference is Sato's (Biometrics 45, 1989, 1323-1324): it holds for few large strata and
for many small ones.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from touchline.analysis.impact.trials import Mask, Real, Whole

Z = 1.959963984540054
"""The normal quantile of a 95 % interval."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Counts by stratum: those who are exposed and those who are not, and how many of each converted."""

    exposed: Real
    exposed_converted: Real
    controls: Real
    controls_converted: Real

    @classmethod
    def of(cls, cell: Whole, exposed: Mask, converted: Real, weight: Real | None = None) -> "Cells":
        """Count trials by cell. `converted` may be any number a trial has; `weight` counts a trial often."""
        size = int(cell.max()) + 1 if len(cell) else 0
        weight = np.ones(len(cell)) if weight is None else weight

        def count(chosen: Mask, each: Real) -> Real:
            return np.bincount(cell[chosen], weights=each[chosen], minlength=size).astype(np.float64)

        scored = weight * converted
        return cls(
            count(exposed, weight), count(exposed, scored), count(~exposed, weight), count(~exposed, scored)
        )

    @property
    def weights(self) -> Real:
        """The weight of each stratum; 0 where one side is missing."""
        total = self.exposed + self.controls
        return self.exposed * self.controls / np.maximum(total, 1)

    def difference(self) -> float:
        """The difference of means, exposed minus controls; NaN without a stratum that has both."""
        total = np.maximum(self.exposed + self.controls, 1)
        cross = self.exposed_converted * self.controls - self.controls_converted * self.exposed
        weight = float(self.weights.sum())
        return float((cross / total).sum()) / weight if weight else float("nan")

    def ratio(self) -> float:
        """The risk ratio, exposed to controls; NaN without a stratum that has both."""
        total = np.maximum(self.exposed + self.controls, 1)
        below = float((self.controls_converted * self.exposed / total).sum())
        above = float((self.exposed_converted * self.controls / total).sum())
        if below == 0:
            return float("nan") if above == 0 else float("inf")
        return above / below


@dataclass(frozen=True, slots=True)
class RiskDifference:
    """The share that converts among the exposed minus that among controls, with its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out 0."""
        return not self.low <= 0 <= self.high


def risk_difference(cells: Cells) -> RiskDifference:
    """The risk difference over all cells, with Sato's interval; NaN without a cell that has both sides."""
    value = cells.difference()
    exposed, controls = cells.exposed, cells.controls
    a, c = cells.exposed_converted, cells.controls_converted
    total = np.maximum(exposed + controls, 1)
    p = (exposed**2 * c - controls**2 * a + exposed * controls * (controls - exposed) / 2) / total**2
    q = (a * (controls - c) + c * (exposed - a)) / (2 * total)
    weight = float(cells.weights.sum())
    if not weight:
        return RiskDifference(value, value, value)
    spread = Z * sqrt(max(0.0, value * float(p.sum()) + float(q.sum()))) / weight
    return RiskDifference(value, max(-1.0, value - spread), min(1.0, value + spread))


def e_value(ratio: float) -> float:
    """How strongly an unseen cause must be tied to both sides to explain a risk ratio; 1: not at all.

    VanderWeele and Ding, Annals of Internal Medicine 167, 2017, 268-274.
    """
    if not ratio > 0:
        return float("inf") if ratio == 0 else float("nan")
    ratio = max(ratio, 1 / ratio)
    return ratio + sqrt(ratio * (ratio - 1))
