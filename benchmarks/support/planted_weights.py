"""Simulated journeys in which rules have planted weights."""

import numpy as np

from touchline.analysis.calibration.observations import Observations

RULES = ("long_wait", "delivery_late", "dead_clicks", "promise_broken")
WEIGHTS = {"long_wait": 10, "delivery_late": 15, "dead_clicks": 5, "promise_broken": 20}
PLANTED = np.array([0.9, 0.4, 0.0, 1.4])
"""The log-odds that each rule adds to staying away."""

RATES = np.array([0.3, 0.2, 0.1, 0.06])


def simulate(seed: int, size: int, planted: np.ndarray = PLANTED) -> Observations:
    """Journeys, two of each customer. Those with many touchpoints meet more friction, and stay away less."""
    draws = np.random.default_rng(seed)
    touchpoints, value = draws.normal(0, 1, (2, size))
    more = np.where(planted.any(), 0.4, 0.0) * touchpoints[:, None]
    met = draws.random((size, len(RULES))) < np.clip(RATES * (1 + more), 0, 1)
    odds = -0.4 - 0.5 * touchpoints - 0.3 * value + met @ planted
    outcome = draws.random(size) < 1 / (1 + np.exp(-odds))
    strikes = met @ np.array(list(WEIGHTS.values()), dtype=np.float64)
    adjusted = np.stack([touchpoints, value], axis=1)
    return Observations(np.arange(size) // 2, outcome, RULES, met, strikes, adjusted)
