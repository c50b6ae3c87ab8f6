"""Axes: round numbers for values, and times in a zone."""

from datetime import datetime
from math import floor, log10
from typing import Final
from zoneinfo import ZoneInfo

from touchline.measures import format_value, round_seconds
from touchline.vocabulary.durations import DAY, HOUR

_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


def ticks(low: float, high: float, unit: str) -> list[float]:
    """About four round values from `low` or below to `high` or above."""
    high = max(high, low + 1e-9)
    step = _step((high - low) / 4, unit)
    first, last = floor(low / step), -floor(-high / step)
    return [index * step for index in range(first, max(last, first + 1) + 1)]


def _step(wanted: float, unit: str) -> float:
    if unit == "seconds":
        return round_seconds(max(1, wanted))
    scale = 10.0 ** floor(log10(wanted))
    step = next(factor for factor in _STEPS if factor * scale >= wanted * 0.999) * scale
    return max(step, 1.0) if unit == "count" else step


def shown(value: float | None, unit: str) -> str:
    """A value with its unit, as on the live page."""
    if value is not None and unit == "count":
        return f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:,.1f}"
    if value is not None and unit in ("strikes", "steps") and value == int(value):
        return f"{value:,.0f}"
    return format_value(value, "" if unit == "currency" else unit)


def on_axis(value: float, unit: str) -> str:
    """A round value without what its axis repeats."""
    if unit == "share":
        return f"{100 * value:g} %"
    return f"{value:,g}" if unit not in ("seconds",) else shown(value, unit)


def moment(ms: float, spanned: float, zone: str) -> str:
    """A time on an axis that spans so many ms: the hour, the day, or the month."""
    at = datetime.fromtimestamp(ms / 1000, ZoneInfo(zone))
    if spanned <= 2 * DAY:
        return f"{at:%H:%M}"
    return f"{at.day} {at:%b}" if spanned <= 400 * DAY else f"{at:%b %Y}"


def time_ticks(start: int, end: int, zone: str, most: int = 8) -> list[int]:
    """Times for an axis (ms): whole hours or days of the zone, at most `most`."""
    spanned = max(end - start, 1)
    step = next((step for step in _TIMES if spanned / step <= most), -(-spanned // (most * DAY)) * DAY)
    offset = datetime.fromtimestamp(start / 1000, ZoneInfo(zone)).utcoffset()
    shift = 0 if offset is None else int(offset.total_seconds() * 1000)
    first = -(-(start + shift) // step) * step - shift
    return list(range(first, end + 1, step))


_TIMES: Final = (HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY)
