"""Signed links in notifications: what a receiver may do about one incident, once, until a time.

The link leads to a page with a button. Programs that follow the links of a mail, such as its scanners, do
nothing by that: only the button acts.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from touchline.alerts.life.acts import acknowledgement, snooze, verdict
from touchline.alerts.messages.message import Link
from touchline.tables import AlertRow
from touchline.vocabulary.durations import DAY, HOUR
from touchline.vocabulary.ids import derived_id

PATH = "/act/"
LASTS = 3 * DAY
"""How long a link can be used (ms)."""

SNOOZE = 2 * HOUR
LONGEST_TOKEN = 500
LABELS = {
    "acknowledge": "Acknowledge",
    "snooze": "Snooze for 2 hours",
    "real": "Verdict: real",
    "known": "Verdict: known",
    "noise": "Verdict: noise",
}
"""What links do, and their labels."""

FIRING = ("acknowledge", "snooze", "noise")
OVER = ("real", "known", "noise")


class Permission(NamedTuple):
    """What a link permits: to do `what` about an incident, once, until `expires_at` (ms).

    `channel` is where the link was sent.
    """

    alert: str
    what: str
    channel: str
    expires_at: int

    @property
    def act_id(self) -> str:
        """The id of the act, so that a link acts once."""
        return str(derived_id(f"link:{msgspec.json.encode(self).decode()}"))


def signed(permission: Permission, key: bytes) -> str:
    """The token of a permission: its content and a signature, for an address."""
    content = msgspec.json.encode(permission)
    return f"{_text(content)}.{_text(_signature(content, key))}"


def permitted(token: str, key: bytes) -> Permission | None:
    """The permission of a token; None unless this key signed it. It may have expired."""
    try:
        if len(token) > LONGEST_TOKEN:
            return None
        content, signature = (urlsafe_b64decode(f"{part}===") for part in token.split("."))
        if not hmac.compare_digest(signature, _signature(content, key)):
            return None
        permission = msgspec.json.decode(content, type=Permission)
        UUID(permission.alert)
    except (ValueError, msgspec.MsgspecError):
        return None
    return permission if permission.what in LABELS else None


def links_of(alert: AlertRow, url: str, channel: str, key: bytes, now: int) -> tuple[Link, ...]:
    """The links of a notification that is sent at a time (ms); `url` is the address of the live page."""
    return tuple(
        Link(
            LABELS[what],
            f"{url}{PATH}{signed(Permission(str(alert.id), what, channel, now + LASTS), key)}",
        )
        for what in (FIRING if alert.status == "firing" else OVER)
    )


def fields_of(alert: AlertRow, what: str, now: int) -> dict[str, Any]:
    """The columns of the act that a link does at a time (ms)."""
    match what:
        case "acknowledge":
            return acknowledgement(alert, now)
        case "snooze":
            return snooze(alert, now, now + SNOOZE)
    return verdict(alert, now, what)


def _signature(content: bytes, key: bytes) -> bytes:
    return hmac.new(key, b"touchline act:" + content, sha256).digest()


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")
