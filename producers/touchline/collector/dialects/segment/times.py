"""When a call happened, and what is known of its client's clock (docs/connect/segment.md#times)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from touchline.vocabulary.envelope import milliseconds
from touchline.vocabulary.refusal import Reason
from touchline.vocabulary.validation import InvalidEvent

RENEWING: Final = frozenset(
    {"analytics-python", "@segment/analytics-node", "analytics.js", "RudderLabs JavaScript SDK"}
)
"""Clients (`context.library.name`) that write `sentAt` again when they send a batch again."""


class Moment(NamedTuple):
    """When a call happened; `sent_at` only if it says something about the client's clock."""

    time: str
    sent_at: str | None


def moment(call: Mapping[str, Any], batch_sent_at: Any, library: str, received_at_ms: int) -> Moment:
    """The time of a call, and the client's clock at sending if the time is to be corrected by it.

    A clock that is behind looks like a batch that was sent late: both have an old `sentAt`. So only the
    clients that renew it are corrected both ways. The others are corrected if their clock is ahead, which
    nothing else explains. A call that another collector passed on (it has `receivedAt`) is not corrected.

    Raises:
        InvalidEvent: the time cannot be read.
    """
    for name in ("timestamp", "originalTimestamp"):
        given = call.get(name)
        if given is not None and given != "":
            break
    else:
        return Moment(_text(received_at_ms), None)
    time = _time(given) if isinstance(given, str) else None
    if time is None:
        raise InvalidEvent(
            Reason.INVALID_ENVELOPE,
            name,
            "expected a time in ISO 8601, such as 2026-11-21T10:00:00.000Z",
        )
    sent_at = call.get("sentAt") or batch_sent_at
    sent = _time(sent_at) if isinstance(sent_at, str) and "receivedAt" not in call else None
    if sent is not None and (library in RENEWING or milliseconds(sent) > received_at_ms):
        return Moment(time.isoformat(), sent.isoformat())
    return Moment(time.isoformat(), None)


def _text(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


def _time(text: str) -> datetime | None:
    """A time; one without a zone is in UTC, as Segment reads it."""
    try:
        time = datetime.fromisoformat(text.strip().upper())
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
