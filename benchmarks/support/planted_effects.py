"""Simulated trials with a planted effect, and the difference that an estimate should find."""

from dataclasses import dataclass

import numpy as np

from touchline.analysis.impact.trials import NEVER, Trials

HOUR = 3_600_000.0
DAY = 24 * HOUR
WINDOW, FOLLOW = DAY, 7 * DAY


@dataclass(frozen=True)
class Plan:
    """What is planted.

    `lost` is the share of customers who would convert and do not because of the friction. `by_channel`
    makes the friction more frequent, and conversions rarer, on one channel; `by_loyalty` makes it more
    frequent among loyal customers, who convert more.
    """

    lost: float
    by_channel: bool = False
    by_loyalty: bool = False
    contacts: float = 0.0


def simulate(plan: Plan, size: int, seed: int) -> tuple[Trials, float]:
    """Trials, and the planted difference: the share of the exposed that it keeps from converting."""
    draws = np.random.default_rng(seed)
    customer = draws.integers(0, size // 2, size)
    loyal = (customer % 3 == 0).astype(np.int64)
    channel = draws.integers(0, 2, size)
    week = draws.integers(0, 4, size)
    converts = 0.25 + 0.25 * loyal * plan.by_loyalty - 0.12 * channel * plan.by_channel
    hazard = 0.06 * (1 + loyal * plan.by_loyalty + channel * plan.by_channel)
    would = draws.random(size) < converts
    outcome = np.where(would, draws.exponential(2 * HOUR, size), NEVER)
    meets = draws.random(size) < hazard
    friction = np.where(meets, draws.exponential(HOUR, size), NEVER)
    exposed = (friction < outcome) & (friction < WINDOW)
    kept = exposed & (outcome < NEVER) & (draws.random(size) < plan.lost)
    planted = float(kept.sum()) / float(exposed.sum())
    outcome = np.where(kept, NEVER, outcome)
    later = np.where(draws.random(size) < hazard, draws.exponential(HOUR, size), NEVER)
    callers = np.flatnonzero(draws.random(size) < 0.1 + plan.contacts * exposed)
    began = np.where(exposed, friction, 0.0)[callers]
    trials = Trials(
        customer=customer,
        stratum=loyal * 8 + channel * 4 + week,
        friction=friction,
        outcome=outcome,
        value=np.where(outcome < NEVER, draws.gamma(4.0, 20.0, size), 0.0),
        followed=np.full(size, 60 * DAY),
        later_friction=later + WINDOW + FOLLOW,
        contact_trial=callers,
        contact=began + draws.exponential(DAY, len(callers)),
    )
    return trials, -planted
