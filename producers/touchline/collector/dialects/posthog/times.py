"""When an event happened, and what the client's clock said when it sent the event."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any, Final

from touchline.collector.dialects.posthog.libraries import RENEWING

REPEATED_SECONDS: Final = 60
"""How long after its first try a client may send a body again with the time of the first try."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS_END: Final = 1e11
"""Larger numbers are milliseconds since 1970, smaller ones seconds."""


def time_of(given: object, properties: Mapping[str, Any], received_at: datetime) -> tuple[datetime, bool]:
    """When the event happened, and whether that is by the client's clock.

    Its `timestamp`, else its `$time`; an event with neither happened when it was received, or `offset`
    milliseconds before.
    """
    for value in (given, properties.get("$time")):
        if (time := read_time(value)) is not None:
            return time, True
    return received_at, False


def before(time: datetime, offset: object) -> datetime:
    """The time `offset` milliseconds before another, as events of old clients say; the same if it is none."""
    if isinstance(offset, bool) or not isinstance(offset, int | float) or not 0 < offset < 1e12:
        return time
    return time - timedelta(milliseconds=offset)


def sent_at_of(
    sent_at: datetime | None, library: str, received_at: datetime, *, is_renewed: bool
) -> datetime | None:
    """What the client's clock said at sending; None if nothing follows from it.

    A library may repeat a body with the time of its first try. That is no slow clock, so a time shortly
    before the receipt counts only where the library is known to renew it.
    """
    if sent_at is None or is_renewed or library in RENEWING:
        return sent_at
    late = (received_at - sent_at).total_seconds()
    return None if 0 <= late <= REPEATED_SECONDS else sent_at


def read_time(value: object) -> datetime | None:
    """A time as ISO 8601 or as a number since 1970. Without a zone it is UTC. None: it is no time."""
    try:
        if isinstance(value, str):
            if value.isdecimal():
                return _from_number(float(value))
            time = datetime.fromisoformat(value)
            return time.replace(tzinfo=UTC) if time.tzinfo is None else time
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _from_number(float(value))
    except (ValueError, OverflowError):
        pass
    return None


def _from_number(number: float) -> datetime | None:
    if not isfinite(number) or number <= 0:
        return None
    seconds = number / 1000 if number >= _SECONDS_END else number
    # Milliseconds are kept exactly.
    return _EPOCH + timedelta(milliseconds=round(seconds * 1000))
