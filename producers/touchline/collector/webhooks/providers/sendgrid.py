"""SendGrid: the signed event webhook.

| SendGrid | Type |
|---|---|
| `delivered` | `campaign.delivered` |
| `open`, unless a machine did | `campaign.opened` |
| `click` | `campaign.clicked` |
| all else, and e-mails without a campaign | `custom.sendgrid_…` |

The campaign is the marketing campaign, the single send, or the first category.
"""

from collections.abc import Mapping
from typing import Any, Final

from touchline.collector.dialects.dialect import Received, Unsplittable
from touchline.collector.webhooks.delivery import Foreign
from touchline.collector.webhooks.fields import Rule, as_text, as_time, at, digest, taken, text
from touchline.collector.webhooks.kind import Kind, elements_of, mapped
from touchline.collector.webhooks.signatures import check_age, check_ecdsa, epoch_ms
from touchline.collector.webhooks.source import Opened, Source

TOLERANCE_MS: Final = 90_000_000
"""SendGrid repeats a request for a day."""

_EMAIL = {
    "campaign_id": text("marketing_campaign_id", "singlesend_id", "category.0", "category"),
    "message_id": text("sg_message_id"),
    "subject": text("marketing_campaign_name", "singlesend_name"),
}
_RULES: Final[Mapping[str, Rule]] = {
    "delivered": Rule("campaign.delivered", _EMAIL),
    "open": Rule("campaign.opened", _EMAIL),
    "click": Rule("campaign.clicked", {**_EMAIL, "url": text("url")}),
}


def check(received: Received, opened: Opened[Source]) -> None:
    """The ECDSA signature over the time and the body; the source's secret is the public key."""
    sent = received.headers.get("x-twilio-email-event-webhook-timestamp", "")
    given = received.headers.get("x-twilio-email-event-webhook-signature", "")
    check_ecdsa(sent.encode("latin-1", "replace") + received.body, given, opened.secrets)
    check_age(epoch_ms(sent), received.received_at_ms, opened.source.tolerance or TOLERANCE_MS)


def events(received: Received, opened: Opened[Source]) -> list[Foreign]:
    """The events of a batch."""
    batch = elements_of(received.body)
    if not all(isinstance(event, dict) for _, event in batch):
        raise Unsplittable("the body is not a list of events")
    return [_event(original, event, opened) for original, event in batch]


def _event(original: bytes, event: dict[str, Any], opened: Opened[Source]) -> Foreign:
    name = as_text(event.get("event")) or "unnamed"
    known = {
        "email": event.get("email"),
        "account": text("account", "user_id", "unique_args.account", "unique_args.user_id")(event),
    }
    key = as_text(event.get("sg_event_id")) or digest(original)
    time = as_time(event.get("timestamp"))
    part = Foreign(original, name, key, time, opened.channel("email"), "", known, {}, event)
    rule = _RULES.get(name)
    if rule is None or at(event, "sg_machine_open") is True:
        return part._replace(name="machine_open" if rule else name)
    return part._replace(type=rule.type, data=taken(rule.data, event))


SENDGRID: Final = Kind(
    name="sendgrid", title="SendGrid", source=Source, check=check, translate=mapped(events)
)
