"""Round durations for the axes of charts: the same on the page and in pictures."""

from math import ceil
from typing import Final

_STEPS: Final = (
    *(0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30),
    *(60, 120, 300, 600, 900, 1_800),
    *(3_600, 7_200, 14_400, 21_600, 43_200, 86_400),
)


def round_seconds(least: float) -> float:
    """The first round number of seconds, minutes, hours or days that is not below `least` seconds."""
    return next((step for step in _STEPS if step >= least), 86_400 * ceil(least / 86_400))
