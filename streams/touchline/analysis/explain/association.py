"""Whether an attribute goes with a friction: Cochran, Mantel and Haenszel's test, over strata."""

from collections.abc import Sequence
from math import erfc, exp, inf, sqrt

import numpy as np

from touchline.analysis.explain.explanation import Association
from touchline.analysis.impact.risk_difference import Cells, Z

LEVEL = 0.05
"""The share of findings that may be false (Benjamini and Hochberg's false discovery rate)."""


def association(cells: Cells) -> Association:
    """The association in cells whose *exposed* have the attribute, and whose *converted* are affected."""
    have, others = cells.exposed, cells.controls
    affected, others_affected = cells.exposed_converted, cells.controls_converted
    total = have + others
    informative = total > 1
    n1, n0, n = have[informative], others[informative], total[informative]
    a, m1 = affected[informative], (affected + others_affected)[informative]
    excess = float((a - n1 * m1 / n).sum())
    variance = float((n1 * n0 * m1 * (n - m1) / (n**2 * (n - 1))).sum())
    p = 1.0
    if variance > 0:
        # The tail of the chi-squared distribution with one degree of freedom.
        p = erfc(max(0.0, abs(excess) - 0.5) / sqrt(2 * variance))
    lift, low, high = _rate_ratio(cells)
    return Association(excess, lift, low, high, p)


def _rate_ratio(cells: Cells) -> tuple[float, float, float]:
    """Mantel and Haenszel's odds ratio with the interval of Robins, Breslow and Greenland.

    Controls are drawn from those at risk at the time of each affected, so the odds ratio estimates the ratio
    of rates, however many controls there are (Biometrics 42, 1986, 311-323).
    """
    n = np.maximum(cells.exposed + cells.controls, 1)
    a, c = cells.exposed_converted, cells.controls_converted
    b, d = cells.exposed - a, cells.controls - c
    r, s, p, q = a * d / n, b * c / n, (a + d) / n, (b + c) / n
    above, below = float(r.sum()), float(s.sum())
    if not above or not below:
        return inf if above else 0.0, 0.0, inf
    variance = (
        float((p * r).sum()) / above**2
        + float((p * s + q * r).sum()) / (above * below)
        + float((q * s).sum()) / below**2
    ) / 2
    width = exp(Z * sqrt(variance))
    return above / below, above / below / width, above / below * width


def discoveries(p_values: Sequence[float], level: float = LEVEL) -> list[bool]:
    """Which of several tests count as findings: of these, at most `level` are false on average."""
    ranked = sorted(range(len(p_values)), key=lambda index: p_values[index])
    last = -1
    for rank, index in enumerate(ranked):
        if p_values[index] <= level * (rank + 1) / len(ranked):
            last = rank
    found = [False] * len(p_values)
    for index in ranked[: last + 1]:
        found[index] = True
    return found
