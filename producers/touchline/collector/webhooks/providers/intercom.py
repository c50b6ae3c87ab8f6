"""Intercom: topics of conversations and contacts.

| Intercom | Type |
|---|---|
| `conversation.user.created` | `contact.started` |
| `conversation.admin.single.created` | `contact.started`, `direction` outbound |
| `conversation.admin.assigned` to a team | `contact.queued` |
| `conversation.admin.replied` | `contact.answered` |
| `conversation.admin.closed` | `contact.ended` |
| `conversation.rating.added` | `feedback.given`, csat of 5 |
| `contact.created`, `.user.created`, `.lead.created`, `.email.updated`, `.signed_up` | `identity.linked` |
| all else | `custom.intercom_…`; `ping` is no event |
"""

from collections.abc import Mapping
from typing import Any, Final

from touchline.collector.dialects.dialect import Received
from touchline.collector.webhooks.delivery import PERSONAL, Foreign
from touchline.collector.webhooks.fields import (
    Rule,
    as_text,
    as_time,
    at,
    constant,
    digest,
    number,
    taken,
    text,
)
from touchline.collector.webhooks.kind import Kind, mapped, object_of
from touchline.collector.webhooks.signatures import check_hmac
from touchline.collector.webhooks.source import Opened, Source

INTERCOMS_PERSONAL: Final = PERSONAL | {"name", "pseudonym"}

_TALK = {
    "contact_id": text("id"),
    "queue": text("team_assignee_id"),
    "agent": text("admin_assignee_id"),
}
_RATING = {
    "feedback_id": text("id"),
    "contact_id": text("id"),
    "metric": constant("csat"),
    "score": number("conversation_rating.rating", "conversation_rating.score"),
    "scale": constant(5.0),
    "comment": text("conversation_rating.remark"),
}
_LINKED = Rule("identity.linked", {})
_RULES: Final[Mapping[str, Rule]] = {
    "conversation.user.created": Rule("contact.started", {**_TALK, "direction": constant("inbound")}),
    "conversation.admin.single.created": Rule(
        "contact.started", {**_TALK, "direction": constant("outbound")}
    ),
    "conversation.admin.replied": Rule("contact.answered", _TALK),
    "conversation.admin.closed": Rule("contact.ended", _TALK),
    "conversation.rating.added": Rule("feedback.given", _RATING),
    "contact.created": _LINKED,
    "contact.user.created": _LINKED,
    "contact.lead.created": _LINKED,
    "contact.lead.signed_up": _LINKED,
    "contact.signed_up": _LINKED,
    "contact.email.updated": _LINKED,
}
_TEAM: Final = Rule("contact.queued", _TALK)
_CHANNELS = {
    "email": "email",
    "phone": "phone",
    "phone_call": "phone",
    "push": "app",
    "facebook": "social",
    "twitter": "social",
    "instagram": "social",
}


def check(received: Received, opened: Opened[Source]) -> None:
    """The HMAC-SHA1 of the body."""
    given = received.headers.get("x-hub-signature", "")
    check_hmac(received.body, given.removeprefix("sha1="), opened.secrets, algorithm="sha1")


def events(received: Received, opened: Opened[Source]) -> list[Foreign]:
    """The event of a notification."""
    event = object_of(received.body)
    name = as_text(event.get("topic")) or "unnamed"
    if name == "ping":
        return []
    given = at(event, "data.item")
    item: Mapping[str, Any] = given if isinstance(given, dict) else {}
    time = as_time(event.get("created_at"))
    key = as_text(event.get("id")) or digest(received.body)
    kind = opened.customer("intercom")
    if name.startswith("contact."):
        known = {
            kind: item.get("id"),
            "account": item.get("external_id"),
            "email": item.get("email"),
            "phone": item.get("phone"),
        }
        data: dict[str, Any] = {}
    else:
        author = "source.author" if at(item, "source.author.type") in ("user", "lead", "contact") else "none"
        known = {
            kind: text("contacts.contacts.0.id", "user.id", f"{author}.id")(item),
            "account": text("contacts.contacts.0.external_id", "user.user_id")(item),
            "email": text(f"{author}.email", "user.email")(item),
        }
        data = taken({"contact_id": text("id")}, item) if name.startswith("conversation.") else {}
    channel = _CHANNELS.get(str(at(item, "source.type")), "chat")
    part = Foreign(
        received.body, name, key, time, opened.channel(channel), "", known, data, item, INTERCOMS_PERSONAL
    )
    rule = _RULES.get(name)
    if name == "conversation.admin.assigned" and as_text(item.get("team_assignee_id")):
        rule = _TEAM
    return [part if rule is None else part._replace(type=rule.type, data=taken(rule.data, item))]


INTERCOM: Final = Kind(
    name="intercom", title="Intercom", source=Source, check=check, translate=mapped(events)
)
