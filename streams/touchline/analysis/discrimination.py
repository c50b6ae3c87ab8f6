"""How well a score tells outcomes apart: the area under the ROC curve, with its interval."""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from touchline.analysis.impact.risk_difference import Z
from touchline.analysis.impact.trials import Mask, Real


@dataclass(frozen=True, slots=True)
class Area:
    """The area under the ROC curve (AUC) with its 95 % interval.

    It is the chance that a random observation with the outcome has a higher score than one without; 0.5 is a
    guess.
    """

    value: float
    low: float
    high: float


def area(score: Real, outcome: Mask) -> Area | None:
    """The area, with DeLong's interval (Biometrics 44, 1988, 837-845).

    None if fewer than two have the outcome, or fewer than two do not.
    """
    with_it, without = np.sort(score[outcome]), np.sort(score[~outcome])
    if len(with_it) < 2 or len(without) < 2:
        return None
    above = _below(without, with_it)
    below = 1 - _below(with_it, without)
    value = float(above.mean())
    spread = Z * sqrt(float(above.var(ddof=1)) / len(above) + float(below.var(ddof=1)) / len(below))
    return Area(value, max(0.0, value - spread), min(1.0, value + spread))


def _below(ordered: Real, of: Real) -> Real:
    """For each number, the share of `ordered` below it; equal ones count half."""
    first, last = np.searchsorted(ordered, of, "left"), np.searchsorted(ordered, of, "right")
    share: Real = (first + last) / (2 * len(ordered))
    return share
