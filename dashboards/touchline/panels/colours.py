"""Colours of what charts and lists show: by meaning where there is one, else by name.

So a rule, a channel or an outcome has one colour on every page, whatever else is shown with it.
"""

from collections.abc import Sequence
from zlib import crc32

GREY = "#77808c"
OTHERS = "All others"
"""The name of the series that adds up the smallest ones."""

_GOOD, _FAIR, _WARN, _POOR, _BAD = "#1d7a46", "#74b36b", "#d9b23c", "#e07b3a", "#b3261e"

_MEANINGS = {
    "A": _GOOD,
    "B": _FAIR,
    "C": _WARN,
    "D": _POOR,
    "F": _BAD,
    "converted": _GOOD,
    "resolved": _FAIR,
    "open": GREY,
    "abandoned": _BAD,
    "stored": _GOOD,
    "duplicate": GREY,
    "conflicting": _POOR,
    "quarantined": _BAD,
    "suppressed": "#4a515c",
    "critical": _BAD,
    "warning": _WARN,
    "info": "#4477aa",
    "hung up after 10 s": _BAD,
    "hung up within 10 s": GREY,
    OTHERS: GREY,
    "usual": GREY,
}
"""Grades, outcomes of journeys, results of events, severities."""

_CHANNELS = {
    "web": "#4477aa",
    "app": "#2f9bb5",
    "phone": "#228833",
    "chat": "#b8860b",
    "email": "#aa3377",
    "social": "#ee6677",
    "store": "#7a5c2e",
    "mail": "#8a63c2",
    "kiosk": "#5f8a8b",
    "field": "#9c4a2f",
}

_FACTORS = {"people": "#4477aa", "process": "#b8860b", "technology": "#aa3377", "culture": "#228833"}

_GOLDEN_ANGLE = 137.5
_LIGHTNESS = (45, 58, 70)


def colour_of(name: str, known: Sequence[str] = ()) -> str:
    """The colour (CSS) of a series, a part or a channel; each `known` name has a colour of its own."""
    return (
        _MEANINGS.get(name) or _CHANNELS.get(name) or _FACTORS.get(name) or _by_number(_number(name, known))
    )


def _number(name: str, known: Sequence[str]) -> int:
    return known.index(name) if name in known else crc32(name.encode())


def _by_number(number: int) -> str:
    hue = (210 + number * _GOLDEN_ANGLE) % 360
    return f"hsl({hue:g}, 60%, {_LIGHTNESS[number % len(_LIGHTNESS)]}%)"
