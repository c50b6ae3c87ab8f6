"""PagerDuty, Events API v2: one incident for a fingerprint, by its dedup key; and change events."""

from touchline.alerts.addresses import PagerDuty
from touchline.alerts.channels.delivery import Deadline, post, secret
from touchline.alerts.channels.limits import LIMITS, cut
from touchline.alerts.messages.deployment import Deployment
from touchline.alerts.messages.incident_text import rfc3339
from touchline.alerts.messages.message import Message
from touchline.vocabulary.moments import in_words
from touchline.vocabulary.wording import plain

_LIMITS = LIMITS["pagerduty"]


def send_pagerduty(address: PagerDuty, message: Message) -> None:
    """Enqueue a trigger, then an acknowledge if somebody did; or a resolve.

    A trigger would open an ended incident again, so nothing is sent of what became of it.
    """
    identity: dict[str, object] = {
        "routing_key": secret(address.routing_key),
        "dedup_key": cut(message.fingerprint, _LIMITS["dedup_key"]),
    }
    deadline = Deadline(address.timeout)
    if message.status == "resolved":
        post(address.url, identity | {"event_action": "resolve"}, deadline.left)
    if message.status == "firing":
        trigger = identity | {"event_action": "trigger"} | _what_fires(message)
        post(address.url, trigger, deadline.left)
        if message.acknowledged_by:
            post(address.url, identity | {"event_action": "acknowledge"}, deadline.left)


def announce_deployment(address: PagerDuty, deployment: Deployment) -> None:
    """Send a change event. It has no key: a repeated one is there twice."""
    where = {"channel": deployment.channel, "source": deployment.source}
    event = {
        "routing_key": secret(address.routing_key),
        "payload": {
            "summary": cut(f"Deployed: {deployment.title}", _LIMITS["summary"]),
            "timestamp": rfc3339(deployment.at),
            "source": deployment.source or "touchline",
            "custom_details": {"change": plain(deployment.change), **where},
        },
        "links": [{"href": deployment.link, "text": "Live page"}] if deployment.link else [],
    }
    post(address.url.removesuffix("/enqueue") + "/change/enqueue", event, address.timeout)


def _what_fires(message: Message) -> dict[str, object]:
    links = [{"href": link.url, "text": link.label} for link in (*message.links, *message.actions)]
    return {
        "client": "Touchline",
        **({"client_url": message.link} if message.link else {}),
        **({"links": links} if links else {}),
        "payload": {
            "summary": cut(message.summary, _LIMITS["summary"]),
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
                "causes": list(message.causes),
                "changes": list(message.changes),
                "cost": message.cost,
                "owner": message.owner,
                "why": message.why,
                "story": list(message.story),
                "text": message.body,
            },
        },
    }
