"""Dates and times as people and systems write them. What could be read two ways is refused."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal

Order = Literal["dmy", "mdy", "ymd"]

LONGEST = 100
"""The longest text of a time, in characters."""

_MONTHS = {"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6}
_MONTHS |= {"jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12}
_YEAR_FIRST = r"(?P<y>\d{4})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})"
_DAY_FIRST = r"(?P<d>\d{1,2})\. ?(?P<m>\d{1,2})\. ?(?P<y>\d{4}|\d{2})"
_EITHER = r"(?P<a>\d{1,2})(?P<s>[-/. ])(?P<b>\d{1,2})(?P=s)(?P<y>\d{4}|\d{2})"
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_NAMED = (
    r"(?:[a-z]{3,9},? )?"
    rf"(?:(?P<d>{_DAY})[-. ]{{1,2}}(?P<n>[a-z]{{3,9}})|(?P<n2>[a-z]{{3,9}}) (?P<d2>{_DAY}))"
    r"[-., ]{1,2}(?P<y>\d{4})"
)
# A spreadsheet's date has a midnight of its own before the time of the next column.
_TIME = (
    r"(?:(?:,? |T)(?:0?0:00(?::00(?:\.0+)?)? (?=\d))?"
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?"
    r"(?: ?(?P<half>[ap])\.?m\.?)?(?: uhr)?)?"
)
_ZONE = r" ?(?P<zone>z|[+-]\d{2}(?::?\d{2})?|[a-z]{2,5})?"


def _compiled(date: str) -> re.Pattern[str]:
    return re.compile(date + _TIME + _ZONE, re.IGNORECASE | re.ASCII)


_SPELLINGS = tuple(map(_compiled, (_YEAR_FIRST, _DAY_FIRST, _NAMED)))
_AMBIGUOUS = _compiled(_EITHER)


def read_spelling(text: str, order: Order | None = None) -> tuple[datetime, str | None]:
    """A date with or without a time, and the letters of its zone if it has such (not `Z`).

    `order` says whether the day or the month comes first where both are numbers. Without it, ISO 8601,
    `31.12.2026`, `2026/12/31` and named months are read.

    Raises:
        ValueError: it is no such time, or it needs `order`.
    """
    if order is None or order == "ymd":
        try:
            return datetime.fromisoformat(text), None
        except ValueError:
            pass
    text = " ".join(text.split())
    patterns = (_AMBIGUOUS, *_SPELLINGS) if order in ("dmy", "mdy") else _SPELLINGS
    found = next((match for pattern in patterns if (match := pattern.fullmatch(text))), None)
    if found is None:
        if _AMBIGUOUS.fullmatch(text):
            raise ValueError("day or month first? set format: dmy or format: mdy")
        raise ValueError("not a usual spelling of a time: set format")
    parts = found.groupdict()
    date = datetime(_year(parts["y"]), *_month_and_day(parts, order))
    if parts["hour"] is not None:
        date = date.replace(
            hour=_hour(int(parts["hour"]), parts["half"]),
            minute=int(parts["minute"]),
            second=int(parts["second"] or 0),
            microsecond=int((parts["part"] or "0").ljust(6, "0")[:6]),
        )
    zone = parts["zone"]
    if zone is None or (zone[0] not in "+-" and zone not in "zZ"):
        return date, zone
    return date.replace(tzinfo=_offset(zone)), None


def _month_and_day(parts: dict[str, str | None], order: Order | None) -> tuple[int, int]:
    if parts.get("a") is not None:
        first, second = int(parts["a"] or 0), int(parts["b"] or 0)
        return (second, first) if order == "dmy" else (first, second)
    name = parts.get("n") or parts.get("n2")
    if name is None:
        return int(parts["m"] or 0), int(parts["d"] or 0)
    month = _MONTHS.get(name[:3].lower())
    if month is None:
        raise ValueError(f"no month {name!r}")
    return month, int((parts["d"] or parts["d2"] or "0").rstrip("stndrhSTNDRH"))


def _year(text: str | None) -> int:
    year = int(text or 0)
    # The pivot of POSIX: 69 to 99 are of the last century.
    return year if len(text or "") == 4 else year + (1900 if year > 68 else 2000)


def _hour(hour: int, half: str | None) -> int:
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError("hours with am or pm go from 1 to 12")
    return hour % 12 + (12 if half in "pP" else 0)


def _offset(text: str) -> timezone:
    if text in "zZ":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)
