"""incident.io, an HTTP alert source (Alert Events V2): one alert a deduplication key."""

import re

from touchline.alerts.addresses import IncidentIo
from touchline.alerts.channels.delivery import post, secret
from touchline.alerts.channels.limits import LIMITS, cut
from touchline.alerts.messages.message import Message

_LIMITS = LIMITS["incident_io"]
_MARKUP = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~&])")


def send_incident_io(address: IncidentIo, message: Message) -> None:
    """Post an event that fires or resolves the alert. It has no place for what became of it afterwards."""
    if message.status == "followup":
        return
    event: dict[str, object] = {
        "title": cut(f"{message.title} {message.where}".strip(), _LIMITS["title"]),
        "status": message.status,
        "deduplication_key": message.fingerprint,
        "description": _description(message),
        "metadata": {
            "rule": message.rule,
            "severity": message.severity,
            "customers": message.customers,
            "count": message.count,
            "owner": message.owner,
            "labels": message.labels,
            "acknowledged_by": message.acknowledged_by,
        },
    }
    if message.link:
        event["source_url"] = message.link
    headers = {"Authorization": f"Bearer {secret(address.token)}"}
    post(address.url, event, address.timeout, headers)


def _description(message: Message) -> str:
    """The text as Markdown in which nothing but our links is markup, a paragraph a line."""
    paragraphs = [_escaped(line) for line in cut(message.details, 1_500).splitlines()]
    text = "\n\n".join(paragraphs)
    for link in (*message.actions, *message.page, *message.links):
        following = f"{text}\n\n[{_escaped(link.label)}](<{link.url}>)"
        text = following if len(following) <= _LIMITS["description"] else text
    return text


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\1", text)
