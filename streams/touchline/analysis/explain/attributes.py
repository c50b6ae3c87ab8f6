"""Attributes of trials: the values that customers' events had before the friction, or before its time."""

from dataclasses import dataclass

import numpy as np

from touchline.analysis.explain.explanation import Attribute
from touchline.analysis.impact.trials import Mask, Real, Whole


@dataclass(frozen=True, slots=True)
class Sightings:
    """When an event of a trial's customer first had each attribute.

    Attributes:
        attributes: The attributes.
        trial: For each sighting, the trial.
        attribute: For each sighting, the index of the attribute.
        after: For each sighting, ms since the trial began; before 0 if the event came before it.
    """

    attributes: list[Attribute]
    trial: Whole
    attribute: Whole
    after: Real


def had_before(sightings: Sightings, index: int, trial: Whole, landmark: Real) -> Mask:
    """Which of the given trials had an attribute before their landmark (ms since the trial began)."""
    chosen = sightings.attribute == index
    size = int(max(trial.max(initial=-1), sightings.trial.max(initial=-1))) + 1
    first = np.full(size, np.inf)
    np.minimum.at(first, sightings.trial[chosen], sightings.after[chosen])
    had: Mask = first[trial] < landmark
    return had
