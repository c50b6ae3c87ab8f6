"""Weeks, from Monday to Sunday in a time zone, by their ISO number."""

import re
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

_NAME = re.compile(r"(\d{4})-?W(\d{2})")


class Week(NamedTuple):
    """A week; times are ms since 1970, the end exclusive. Its `name` is that of ISO 8601: `2026-W48`."""

    name: str
    since: int
    until: int

    @property
    def before(self) -> int:
        """A time (ms) in the week before."""
        return self.since - 1


def week_at(ms: int, zone: str) -> Week:
    """The week in which a time (ms) lies."""
    at = datetime.fromtimestamp(ms / 1000, ZoneInfo(zone)).date()
    return _week(at - timedelta(days=at.weekday()), zone)


def last_week(end: int, zone: str) -> Week:
    """The last week that is over at a time (ms)."""
    return week_at(week_at(end, zone).before, zone)


def week_named(name: str, zone: str) -> Week:
    """The week with an ISO name, such as `2026-W48`.

    Raises:
        ValueError: there is no such week.
    """
    found = _NAME.fullmatch(name.strip())
    if found is None:
        raise ValueError(f"{name!r} is not a week: write one such as 2026-W48")
    try:
        monday = date.fromisocalendar(int(found[1]), int(found[2]), 1)
    except ValueError:
        raise ValueError(f"{name!r}: the year has no such week") from None
    return _week(monday, zone)


def _week(monday: date, zone: str) -> Week:
    since, until = (
        int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp() * 1000)
        for day in (monday, monday + timedelta(days=7))
    )
    year, week, _ = monday.isocalendar()
    return Week(f"{year}-W{week:02}", since, until)
