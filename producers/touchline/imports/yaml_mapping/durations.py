"""Durations: numbers with a unit, `0:03:20`, `PT3M` and typed ones, in seconds."""

import re
from datetime import time, timedelta
from typing import Literal

from touchline.imports.readers.options import FileOptions
from touchline.imports.yaml_mapping.numbers import read_number

Unit = Literal["ms", "s", "min", "h", "d"]

SECONDS: dict[Unit, float] = {"ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86_400}

_CLOCK = re.compile(r"(?:(\d+) days?,? |(\d+)\.)?(\d+):(\d{1,2}):(\d{1,2}(?:[.,]\d+)?)")
_PAIR = re.compile(r"(\d+):([0-5]?\d)")
_ISO = re.compile(
    r"P(?:(\d+)W)?(?:([\d.]+)D)?(?:T(?:([\d.]+)H)?(?:([\d.]+)M)?(?:([\d.]+)S)?)?", re.IGNORECASE
)
_PAIRS: dict[Unit, tuple[int, int]] = {"s": (60, 1), "min": (3600, 60)}


def read_duration(value: object, unit: Unit | None, options: FileOptions) -> float:
    """A duration in seconds, from a number of `unit`, text or a typed duration.

    Raises:
        ValueError: it is no duration, has no unit, or is negative.
    """
    seconds = _seconds(value, unit, options)
    if seconds < 0:
        raise ValueError("a duration is not negative")
    return seconds


def _seconds(value: object, unit: Unit | None, options: FileOptions) -> float:
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, time):
        return timedelta(
            hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond
        ).total_seconds()
    text = str(value).strip()
    if found := _CLOCK.fullmatch(text):
        days, dotted, hours, minutes, rest = found.groups()
        if int(minutes) > 59 or float(rest.replace(",", ".")) >= 60:
            raise ValueError("minutes and seconds go up to 59")
        whole = int(days or dotted or 0) * 86_400 + int(hours) * 3600 + int(minutes) * 60
        return whole + float(rest.replace(",", "."))
    if (found := _ISO.fullmatch(text)) and any(found.groups()):
        weeks, *parts = (float(part or 0) for part in found.groups())
        return weeks * 604_800 + sum(p * s for p, s in zip(parts, (86_400, 3600, 60, 1), strict=True))
    if found := _PAIR.fullmatch(text):
        if unit not in _PAIRS:
            raise ValueError("write unit: s for minutes:seconds, unit: min for hours:minutes")
        more, less = _PAIRS[unit]
        return int(found[1]) * more + int(found[2]) * less
    try:
        number = read_number(value, options)
    except ValueError as error:
        raise ValueError(str(error) or "write 0:03:20, PT3M20S, or a number with unit") from None
    if unit is None:
        raise ValueError("a number needs unit: ms, s, min, h or d")
    return number * SECONDS[unit]
