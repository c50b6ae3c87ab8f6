"""Alertmanager, API v2. It groups, repeats and resolves by itself, and drops an alert that is not resent."""

from touchline.alerts.addresses import Alertmanager
from touchline.alerts.channels.delivery import post, secret
from touchline.alerts.incident_text import rfc3339
from touchline.alerts.message import Message
from touchline.vocabulary.durations import MINUTE, rounded_duration

RESEND = MINUTE
"""How often (ms) a firing alert is resent."""

_FORGOTTEN_AFTER = 5 * RESEND


def send_alertmanager(address: Alertmanager, message: Message) -> None:
    """Post the one alert; its labels are its identity."""
    headers = {} if address.token is None else {"Authorization": f"Bearer {secret(address.token)}"}
    over = message.sent_at if message.taken_back or message.until is None else message.until
    ends = message.sent_at + _FORGOTTEN_AFTER if message.status == "firing" else over
    alert = {
        "labels": {
            **message.labels,
            "alertname": message.rule,
            "severity": message.severity,
            "service": "touchline",
        },
        "annotations": {
            "title": message.title,
            "summary": message.summary,
            "customers": str(message.customers),
            "count": str(message.count),
            "usual": "" if message.usual is None else f"{message.usual:g}",
            "lasted": rounded_duration(max(0, over - message.since)),
            **{
                f"journey_{number}": journey.link or journey.journey
                for number, journey in enumerate(message.evidence, 1)
            },
        },
        "startsAt": rfc3339(message.since),
        "endsAt": rfc3339(max(ends, message.since + 1)),
        **({"generatorURL": message.link} if message.link else {}),
    }
    post(address.url.rstrip("/") + "/api/v2/alerts", [alert], address.timeout, headers)
