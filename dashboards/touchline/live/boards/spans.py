"""Periods to choose from: the last hours or days, all, or from one date to another.

A period without dates ends now, or at the newest event if that is old.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from touchline.live import queries
from touchline.live.queries import Store, run
from touchline.vocabulary.durations import DAY, HOUR, MINUTE
from touchline.vocabulary.moments import check_zone

OLD = DAY
"""If no event is newer than this (ms), periods end at the newest event instead of now."""

SPANS: dict[str, int] = {"1h": HOUR, "24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY}
"""Length of each period, in ms. `ALL` has no fixed length."""

ALL = "all"

_MOMENT = r"(\d{4}-\d\d-\d\d(?:T\d\d:\d\d)?)"
_DATES = re.compile(rf"{_MOMENT}\.\.{_MOMENT}(?:@([A-Za-z0-9_+/-]{{1,64}}))?", re.ASCII)
_LATEST = 4_294_967_000_000
"""The latest time (ms) that ClickHouse's DateTime can hold, in round seconds."""

Dates = tuple[int, int]
"""Start and end of a period in ms since 1970, end exclusive."""


@dataclass(frozen=True)
class Period:
    """A selected period: its text in the address, and its start and end if it has dates."""

    span: str
    dates: Dates | None = None


@dataclass(frozen=True)
class Window:
    """A period in ms since 1970, end exclusive; `first` and `newest` are the times of the data.

    `old`: the period ends at `newest`, not now. `past`: it has dates and ended before now.
    """

    start: int
    end: int
    first: int
    newest: int
    old: bool
    past: bool


def period_of(span: str, zone: str, known: tuple[str, ...], default: str) -> Period:
    """The period that an address names, or the default one.

    Args:
        span: One of `known`, or `2026-11-01..2026-11-14`, both days included. With times,
            `2026-11-01T08:00..2026-11-01T18:00`, the end is excluded. `@Asia/Tokyo` at its
            end names the zone.
        zone: The time zone of dates that name none (IANA name).
        known: The names of periods.
        default: The period of another text, or of an end that is not after the start.
    """
    if span in known:
        return Period(span)
    found = _DATES.fullmatch(span)
    dates = found and _dates(found[1], found[2], found[3] or zone)
    return Period(span, dates) if dates else Period(default)


def window(store: Store, period: Period, now: int) -> Window | None:
    """What a period means at the time `now` (ms), in whole seconds; None if the store is empty.

    Dates are cut to the time from the first to the newest data, unless nothing of it is left.
    """
    [extent] = run(store, queries.EXTENT)
    if not extent["journeys"]:
        return None
    first, newest = extent["first"], extent["newest"]
    if period.dates:
        start, end = period.dates
        inside = max(start, first // 1000 * 1000), min(end, max(now, newest) // 1000 * 1000 + 1000)
        start, end = inside if inside[0] < inside[1] else (start, end)
        return Window(start, end, first, newest, old=False, past=period.dates[1] <= now)
    old = newest < now - OLD
    end = (newest if old or period.span == ALL else now) // 1000 * 1000 + 1000
    start = min(first, end - MINUTE) if period.span == ALL else end - SPANS[period.span]
    return Window(start, end, first, newest, old, past=False)


def _dates(start: str, end: str, zone: str) -> Dates | None:
    try:
        at = ZoneInfo(check_zone(zone))
        since, until = (datetime.fromisoformat(text).replace(tzinfo=at) for text in (start, end))
        if "T" not in end:
            until += timedelta(days=1)
        dates = round(since.timestamp() * 1000), round(until.timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
    return dates if 0 <= dates[0] < dates[1] <= _LATEST else None
