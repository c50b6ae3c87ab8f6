"""Zendesk: events of tickets and users, as a webhook that is subscribed to Zendesk events sends them.

| Zendesk | Type |
|---|---|
| `ticket.created` | `contact.started` |
| `ticket.group_assignment_changed`: first group | `contact.queued` |
| `ticket.group_assignment_changed`: another group | `contact.transferred` |
| `ticket.comment_added`: public, by staff | `contact.answered` |
| `ticket.status_changed` to SOLVED | `contact.ended`, `resolved` true |
| `user.created`, `user.identity_created` | `identity.linked` |
| all else | `custom.zendesk_…` |
"""

from collections.abc import Mapping
from typing import Any, Final

from touchline.collector.dialects.dialect import Received
from touchline.collector.webhooks.delivery import PERSONAL, Foreign
from touchline.collector.webhooks.fields import Rule, as_text, as_time, at, constant, digest, taken, text
from touchline.collector.webhooks.kind import Kind, mapped, object_of
from touchline.collector.webhooks.signatures import check_age, check_hmac, epoch_ms
from touchline.collector.webhooks.source import Opened, Source

TOLERANCE_MS: Final = 3_600_000
"""Zendesk repeats a request for minutes, with the first signature."""

ZENDESKS_PERSONAL: Final = PERSONAL | {"name"}

_TICKET = {"contact_id": text("detail.id"), "reason": text("detail.type"), "queue": text("detail.group_id")}
_AGENT = {"agent": text("event.comment.author.id")}
_RULES: Final[Mapping[str, Rule]] = {
    "ticket.created": Rule("contact.started", _TICKET),
    "ticket.group_assigned": Rule("contact.queued", {**_TICKET, "queue": text("event.current")}),
    "ticket.group_assignment_changed": Rule(
        "contact.transferred",
        {**_TICKET, "queue": text("event.current"), "from_queue": text("event.previous")},
    ),
    "ticket.answered": Rule("contact.answered", {**_TICKET, **_AGENT}),
    "ticket.solved": Rule("contact.ended", {**_TICKET, "resolved": constant(True)}),
    "user.created": Rule("identity.linked", {}),
    "user.identity_created": Rule("identity.linked", {}),
}

_CHANNELS = {
    "voice": "phone",
    "phone": "phone",
    "email": "email",
    "web": "web",
    "mobile_sdk": "app",
    "chat": "chat",
    "messaging": "chat",
    "native_messaging": "chat",
    "whatsapp": "chat",
    "facebook": "social",
    "twitter": "social",
    "instagram_dm": "social",
    "any_channel": "social",
}


def check(received: Received, opened: Opened[Source]) -> None:
    """The HMAC-SHA256 over the time of the signature and the body."""
    sent = received.headers.get("x-zendesk-webhook-signature-timestamp", "")
    given = received.headers.get("x-zendesk-webhook-signature", "")
    signed = sent.encode("latin-1", "replace") + received.body
    check_hmac(signed, given, opened.secrets, encoding="base64")
    check_age(epoch_ms(sent), received.received_at_ms, opened.source.tolerance or TOLERANCE_MS)


def events(received: Received, opened: Opened[Source]) -> list[Foreign]:
    """The event of a request."""
    event = object_of(received.body)
    name = (as_text(event.get("type")) or "unnamed").removeprefix("zen:event-type:")
    detail = at(event, "detail")
    about: Mapping[str, Any] = detail if isinstance(detail, dict) else {}
    time = as_time(event.get("time")) or as_time(about.get("updated_at"))
    key = as_text(event.get("id")) or digest(received.body)
    channel = _CHANNELS.get(str(at(event, "detail.via.channel")).lower(), "email")
    kind = opened.customer("zendesk")
    if name.startswith("user."):
        known = {
            kind: about.get("id"),
            "account": about.get("external_id"),
            "email": about.get("email") or _identity(event, "email"),
            "phone": about.get("phone") or _identity(event, "phone_number"),
        }
        data: dict[str, Any] = {}
    else:
        known = {kind: about.get("requester_id")}
        data = taken({"contact_id": _TICKET["contact_id"]}, event)
    rest = {**about, "event": event.get("event")}
    part = Foreign(
        received.body, name, key, time, opened.channel(channel), "", known, data, rest, ZENDESKS_PERSONAL
    )
    rule = _RULES.get(_story(name, event))
    return [part if rule is None else part._replace(type=rule.type, data=taken(rule.data, event))]


def _story(name: str, event: Mapping[str, Any]) -> str:
    """The name by which the table knows an event: some depend on what changed."""
    match name:
        case "ticket.status_changed" if at(event, "event.current") == "SOLVED":
            return "ticket.solved"
        case "ticket.group_assignment_changed" if not at(event, "event.previous"):
            return "ticket.group_assigned"
        case "ticket.comment_added" if at(event, "event.comment.is_public") and at(
            event, "event.comment.author.is_staff"
        ):
            return "ticket.answered"
    return name


def _identity(event: Mapping[str, Any], kind: str) -> Any:
    return at(event, "event.identity.value") if at(event, "event.identity.type") == kind else None


ZENDESK: Final = Kind(name="zendesk", title="Zendesk", source=Source, check=check, translate=mapped(events))
