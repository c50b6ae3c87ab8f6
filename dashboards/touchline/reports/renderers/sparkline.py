"""A line of values as characters, for texts without pictures."""

from collections.abc import Sequence
from typing import Final

_LEVELS: Final = "▁▂▃▄▅▆▇█"
MOST: Final = 60


def sparkline(values: Sequence[float | None]) -> str:
    """The values from 0 to the highest, one character each; a gap is a space. Many values are averaged."""
    size = -(-len(values) // MOST) or 1
    parts = [_mean(values[start : start + size]) for start in range(0, len(values), size)]
    highest = max((part for part in parts if part is not None), default=0.0)
    return "".join(
        " " if part is None else _LEVELS[round((len(_LEVELS) - 1) * max(0.0, part) / (highest or 1))]
        for part in parts
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
