"""Mailgun: events of e-mails.

| Mailgun | Type |
|---|---|
| `delivered` | `campaign.delivered` |
| `opened`, unless a bot did | `campaign.opened` |
| `clicked`, unless a bot did | `campaign.clicked` |
| all else, and e-mails without a campaign or a tag | `custom.mailgun_…` |

Mailgun signs a time and a token, not the event: whoever knows one signed request could send others until its
time is too old.
"""

from collections.abc import Mapping
from typing import Any, Final

from touchline.collector.dialects.dialect import Received, Unsplittable
from touchline.collector.webhooks.delivery import Foreign
from touchline.collector.webhooks.fields import Rule, as_text, as_time, at, digest, taken, text
from touchline.collector.webhooks.kind import Kind, mapped, object_of
from touchline.collector.webhooks.signatures import WrongSignature, check_age, check_hmac, epoch_ms
from touchline.collector.webhooks.source import Opened, Source

TOLERANCE_MS: Final = 32_400_000
"""Mailgun repeats a request for eight hours, with the first signature."""

_EMAIL = {
    "campaign_id": text("campaigns.0.id", "campaigns.0.name", "tags.0"),
    "message_id": text("message.headers.message-id"),
    "subject": text("message.headers.subject"),
}
_RULES: Final[Mapping[str, Rule]] = {
    "delivered": Rule("campaign.delivered", _EMAIL),
    "opened": Rule("campaign.opened", _EMAIL),
    "clicked": Rule("campaign.clicked", {**_EMAIL, "url": text("url")}),
}


def check(received: Received, opened: Opened[Source]) -> None:
    """The HMAC-SHA256 over the time and the token in the body."""
    try:
        event = object_of(received.body)
    except Unsplittable as error:
        raise WrongSignature(str(error)) from None
    sent = as_text(at(event, "signature.timestamp")) or ""
    token = as_text(at(event, "signature.token")) or ""
    given = as_text(at(event, "signature.signature")) or ""
    check_hmac(f"{sent}{token}".encode("utf-8", "replace"), given, opened.secrets)
    check_age(epoch_ms(sent), received.received_at_ms, opened.source.tolerance or TOLERANCE_MS)


def events(received: Received, opened: Opened[Source]) -> list[Foreign]:
    """The event of a request."""
    given = object_of(received.body).get("event-data")
    if not isinstance(given, dict):
        raise Unsplittable("the body has no object event-data")
    event: dict[str, Any] = given
    name = as_text(event.get("event")) or "unnamed"
    if name == "failed":
        name = f"failed {as_text(event.get('severity')) or ''}".strip()
    known = {
        "email": event.get("recipient"),
        "account": text("user-variables.account", "user-variables.user_id")(event),
    }
    key = as_text(event.get("id")) or digest(received.body)
    time = as_time(event.get("timestamp"))
    part = Foreign(received.body, name, key, time, opened.channel("email"), "", known, {}, event)
    rule = _RULES.get(name)
    if rule is None or as_text(at(event, "client-info.bot")):
        return [part._replace(name=f"bot {name}" if rule else name)]
    return [part._replace(type=rule.type, data=taken(rule.data, event))]


MAILGUN: Final = Kind(name="mailgun", title="Mailgun", source=Source, check=check, translate=mapped(events))
