"""Durations: their lengths in ms, how people write them (`45s`, `30m`, `4h`, `7d`) and how they read."""

import re
from typing import Any, Final

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
WEEK: Final = 7 * DAY

UNITS: Final = {"d": DAY, "h": HOUR, "m": MINUTE, "s": SECOND}
"""Milliseconds of each unit that a written duration may have, longest first."""

_DURATION = re.compile(r"([0-9]+)([dhms])\Z")
_STEPS = re.compile(r"(?:[0-9]+[dhms])+\Z")
_STEP = re.compile(r"([0-9]+)([dhms])")


def parse_duration(text: Any) -> int:
    """Milliseconds of a duration of one unit: `45s`, `30m`, `4h` or `7d`.

    Raises:
        ValueError: The value is not a duration.
    """
    match = _DURATION.match(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{text!r} is not a duration: write one such as 45s, 30m, 4h or 7d")
    return int(match[1]) * UNITS[match[2]]


def parse_steps(text: Any) -> int:
    """Milliseconds of a duration of one or more units: `90m` or `1d2h`.

    Raises:
        ValueError: The value is not such a duration.
    """
    if not isinstance(text, str) or not _STEPS.match(text):
        raise ValueError(f"{text!r} is not a duration: write one such as 0m, 90m or 1d2h")
    return sum(int(number) * UNITS[unit] for number, unit in _STEP.findall(text))


def exact_duration(ms: int) -> str:
    """A duration in full, as files write it: `5m`, `1d2h`, `0s`."""
    parts = []
    rest = ms
    for unit, length in UNITS.items():
        number, rest = divmod(rest, length)
        if number:
            parts.append(f"{number}{unit}")
    if rest:
        parts.append(f"{rest}ms")
    return "".join(parts) or "0s"


def rounded_duration(ms: int) -> str:
    """A duration in its two largest units: `45 s`, `23 min`, `2 h 5 min`, `3 d 4 h`."""
    seconds = round(ms / SECOND)
    if seconds < 60:
        return f"{seconds} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    if not hours:
        return f"{minutes} min"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if days else f"{hours} h {minutes} min"
