"""Matching: each exposed trial is compared with trials at risk at the same time after the step.

A trial that meets the friction late has, until then, not converted. Controls must have waited as long, or
the friction would seem to cost what the waiting costs (immortal-time bias). So each trial of a stratum gets
the time of an exposed one, drawn by chance, and is a control if by then it neither met the friction nor
converted. Who met it on a later contact is compared with those who made a later contact too: the others are
less busy, and would make the friction seem to bring contacts.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from touchline.analysis.impact.trials import Mask, Real, Trials, Whole

MOST_CONTROLS: Final = 10
"""Controls for each exposed trial: more make the estimate hardly surer, and cost time."""

EDGES: Final = 60_000.0 * 2.0 ** np.arange(0, 13)
"""Times after the step (ms) that divide a stratum further: a minute, doubled up to three days."""


@dataclass(frozen=True, slots=True)
class Matched:
    """The trials that are compared, one row each.

    Attributes:
        trial: The index of the trial.
        exposed: Whether it met the friction.
        landmark: When, in ms after the step; a control has the time of an exposed trial.
        cell: A number for the stratum, the time, and whether there was a contact between step and landmark.
        unmatched: Exposed trials that have no control.
        unfollowed: Trials that met the friction, and that the data do not cover long enough.
    """

    trial: Whole
    exposed: Mask
    landmark: Real
    cell: Whole
    unmatched: int
    unfollowed: int = 0

    def chosen(self, rows: Mask) -> "Matched":
        """Some of the rows."""
        return Matched(
            self.trial[rows],
            self.exposed[rows],
            self.landmark[rows],
            self.cell[rows],
            self.unmatched,
            self.unfollowed,
        )


def match(trials: Trials, friction: Real, window: float, follow: float, seed: int = 0) -> Matched:
    """Match the trials that meet the friction within `window` with controls.

    Args:
        trials: The trials.
        friction: When each meets the friction that is examined.
        window: How long after the step the friction counts, ms.
        follow: How long after the friction the outcome counts, ms. Trials that the data do not cover so long
            are left out.
        seed: Decides the draws.
    """
    draws = np.random.default_rng(seed)
    within = (friction < window) & (friction < trials.outcome)
    seen = within & (trials.followed >= np.where(within, friction, 0) + follow)
    exposed = np.flatnonzero(seen)
    landmark = _drawn(trials.stratum, exposed, friction, draws)
    at_risk = (
        (landmark < np.inf)
        & (friction > landmark)
        & (trials.outcome > landmark)
        & (trials.followed >= np.where(landmark < np.inf, landmark, 0) + follow)
    )
    controls = np.flatnonzero(at_risk)
    trial = np.concatenate([exposed, controls])
    landmarks = np.concatenate([friction[exposed], landmark[controls]])
    is_exposed = np.arange(len(trial)) < len(exposed)
    moment = trials.stratum[trial] * (len(EDGES) + 1) + np.searchsorted(EDGES, landmarks, side="right")
    _, cell = np.unique(2 * moment + (_next_contact(trials)[trial] < landmarks), return_inverse=True)
    unfollowed = int(within.sum()) - len(exposed)
    matched = Matched(trial, is_exposed, landmarks, cell.astype(np.int64), 0, unfollowed)
    return _bounded(matched, draws)


def _next_contact(trials: Trials) -> Real:
    """When each trial's customer first made contact after the step; infinite if never."""
    result = np.full(len(trials), np.inf)
    later = trials.contact > 0
    np.minimum.at(result, trials.contact_trial[later], trials.contact[later])
    return result


def _drawn(stratum: Whole, exposed: Whole, friction: Real, draws: np.random.Generator) -> Real:
    """For each trial, the time of an exposed trial of its stratum, by chance; infinite if there is none."""
    size = int(stratum.max()) + 1 if len(stratum) else 0
    order = exposed[np.argsort(stratum[exposed], kind="stable")]
    counts = np.bincount(stratum[exposed], minlength=size)
    starts = np.cumsum(counts) - counts
    count = counts[stratum]
    index = starts[stratum] + (draws.random(len(stratum)) * count).astype(np.int64)
    result = np.full(len(stratum), np.inf)
    has = count > 0
    result[has] = friction[order[index[has]]]
    return result


def _bounded(matched: Matched, draws: np.random.Generator) -> Matched:
    """Leave out cells with one side alone, and by chance controls beyond `MOST_CONTROLS` for each exposed."""
    size = int(matched.cell.max()) + 1 if len(matched.cell) else 0
    exposed = np.bincount(matched.cell[matched.exposed], minlength=size)
    controls = np.bincount(matched.cell[~matched.exposed], minlength=size)
    both = (exposed > 0) & (controls > 0)
    share = np.minimum(1.0, MOST_CONTROLS * exposed / np.maximum(controls, 1))
    kept = both[matched.cell] & (matched.exposed | (draws.random(len(matched.cell)) < share[matched.cell]))
    chosen = matched.chosen(kept)
    return replace(chosen, unmatched=int(exposed[~both].sum()))
