"""PagerDuty, Events API v2: one incident for a fingerprint, triggered and resolved by its dedup key."""

from touchline.alerts.addresses import PagerDuty
from touchline.alerts.channels.delivery import post, secret
from touchline.alerts.incident_text import rfc3339
from touchline.alerts.message import Message
from touchline.vocabulary.moments import in_words


def send_pagerduty(address: PagerDuty, message: Message) -> None:
    """Enqueue a trigger or a resolve."""
    event: dict[str, object] = {
        "routing_key": secret(address.routing_key),
        "event_action": "trigger" if message.status == "firing" else "resolve",
        "dedup_key": message.fingerprint,
    }
    if message.status == "firing":
        event |= _what_fires(message)
    post(address.url, event, address.timeout)


def _what_fires(message: Message) -> dict[str, object]:
    links: dict[str, object] = {
        "client_url": message.link,
        "links": [
            {"href": journey.link, "text": f"Journey {number}"}
            for number, journey in enumerate(message.evidence, 1)
        ],
    }
    return {
        "client": "Touchline",
        **(links if message.link else {}),
        "payload": {
            "summary": message.summary,
            "source": message.labels.get("source") or "touchline",
            "severity": message.severity,
            "timestamp": rfc3339(message.since),
            "component": message.labels.get("channel", ""),
            "group": message.rule,
            "class": message.title,
            "custom_details": {
                "since": in_words(message.since, message.zone, seconds=True),
                "customers": message.customers,
                "count": message.count,
                "usual": "not known" if message.usual is None else message.usual,
                "labels": message.labels,
            },
        },
    }
