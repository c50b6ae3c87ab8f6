"""Simulated trials whose customers have attributes; one of them may cause the friction."""

import numpy as np

from touchline.analysis.explain.attributes import Sightings
from touchline.analysis.explain.explanation import Attribute
from touchline.analysis.impact.matching import Matched, match
from touchline.analysis.impact.trials import NEVER, Trials

DAY = 86_400_000.0
FIELDS = {"channel": 2, "data.method": 4, "data.store": 10, "context.release": 3, "data.queue": 6}
CAUSE = Attribute("data.method", "1")


def simulate(seed: int, *, cause: bool, size: int = 3_000) -> tuple[Sightings, Matched]:
    """Trials with attributes by chance; with `cause`, one makes the friction four times as frequent."""
    draws = np.random.default_rng(seed)
    attributes: list[Attribute] = []
    trials, indexes = [], []
    risk = np.full(size, 0.08)
    for field, count in FIELDS.items():
        value = draws.integers(0, count, size)
        for one in range(count):
            attribute = Attribute(field, str(one))
            has = np.flatnonzero(value == one)
            trials.append(has)
            indexes.append(np.full(len(has), len(attributes)))
            attributes.append(attribute)
            if cause and attribute == CAUSE:
                risk[has] *= 4
    friction = np.where(draws.random(size) < risk, draws.exponential(DAY / 24, size), NEVER)
    trial = np.concatenate(trials)
    sightings = Sightings(attributes, trial, np.concatenate(indexes), np.full(len(trial), -1.0))
    rows = Trials(
        customer=np.arange(size),
        stratum=draws.integers(0, 4, size),
        friction=friction,
        outcome=np.full(size, NEVER),
        value=np.zeros(size),
        followed=np.full(size, 30 * DAY),
        later_friction=np.full(size, NEVER),
        contact_trial=np.zeros(0, dtype=np.int64),
        contact=np.zeros(0),
    )
    return sightings, match(rows, friction, DAY, 0.0, seed)
