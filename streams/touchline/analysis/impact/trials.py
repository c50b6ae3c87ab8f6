"""Trials: customers who reached a step, as columns. All times are ms since the trial began."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Real = NDArray[np.float64]
Mask = NDArray[np.bool_]

NEVER = float(np.inf)


@dataclass(frozen=True, slots=True)
class Trials:
    """One row for each trial: a customer who reaches the step, once a week.

    Attributes:
        customer: A number for each customer, from 0.
        stratum: A number for what is compared only with its like, from 0.
        friction: When the customer first met the friction; `NEVER` if not.
        outcome: When the first outcome came; `NEVER` if none did.
        value: The value of that outcome; 0 if there is none.
        followed: How long the data go on.
        later_friction: When the customer first met the friction after the time that counts; for the placebo.
        contact_trial: The trial of each contact that customers made.
        contact: When that contact came.
    """

    customer: Whole
    stratum: Whole
    friction: Real
    outcome: Real
    value: Real
    followed: Real
    later_friction: Real
    contact_trial: Whole
    contact: Real

    def __len__(self) -> int:
        """The number of trials."""
        return len(self.customer)


def first_after(keys: Whole, times: Whole, of: Whole, since: Whole) -> Whole:
    """For each (`of`, `since`), the index of the first time of that key later than `since`; -1 if none.

    `keys` and `times` are sorted together, by key, then by time.
    """
    at = position(keys, times, of, since, "right")
    inside = np.minimum(at, max(0, len(keys) - 1))
    found = (at < len(keys)) & (keys[inside] == of) if len(keys) else np.zeros(len(of), dtype=bool)
    result: Whole = np.where(found, inside, -1)
    return result


def position(keys: Whole, times: Whole, of: Whole, at: Whole, side: Literal["left", "right"]) -> Whole:
    """Where each (`of`, `at`) belongs in `keys` and `times`, which are sorted together; as `searchsorted`.

    A key that is missing belongs before the next one, whatever its time.
    """
    if not len(keys):
        return np.zeros(len(of), dtype=np.int64)
    begins = np.concatenate([[True], keys[1:] != keys[:-1]])
    distinct, code = keys[begins], np.cumsum(begins) - 1
    wanted = np.searchsorted(distinct, of)
    is_there = distinct[np.minimum(wanted, len(distinct) - 1)] == of
    first, last = int(times.min()), int(times.max())
    # One number orders by key, then by time; it fits, as keys are counted from 0.
    width = last - first + 3
    since = np.where(is_there, np.clip(at - first, -1, last - first + 1) + 1, 0)
    return np.searchsorted(code * width + (times - first + 1), wanted * width + since, side=side)
