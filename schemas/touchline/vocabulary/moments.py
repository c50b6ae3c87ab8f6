"""Times as text: in one zone for people, which each text names, and in RFC 3339."""

from datetime import UTC as UNIVERSAL
from datetime import datetime
from zoneinfo import ZoneInfo

UTC = "UTC"
"""The zone unless the settings name another."""


def check_zone(name: str) -> str:
    """The name of a time zone (IANA).

    Raises:
        ValueError: there is no such zone.
    """
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"'{name}' is not a time zone: write one such as Europe/Berlin or UTC") from error
    return name


def in_words(ms: int, zone: str, *, seconds: bool = False) -> str:
    """A time (ms since 1970) in a zone: `2026-11-18 12:06 CET`, with `seconds` `2026-11-18 12:06:40 CET`."""
    at = datetime.fromtimestamp(ms / 1000, ZoneInfo(zone))
    return f"{at:%Y-%m-%d %H:%M:%S %Z}" if seconds else f"{at:%Y-%m-%d %H:%M %Z}"


def rfc3339(ms: int) -> str:
    """A time (ms since 1970) in UTC, as events have it: `2026-11-18T11:06:40.250Z`."""
    return f"{datetime.fromtimestamp(ms // 1000, UNIVERSAL):%Y-%m-%dT%H:%M:%S}.{ms % 1000:03}Z"
