"""Alertmanager, API v2. It groups, repeats and resolves by itself, and drops an alert that is not resent."""

from touchline.alerts.addresses import Alertmanager
from touchline.alerts.channels.delivery import post, secret
from touchline.alerts.messages.incident_text import rfc3339
from touchline.alerts.messages.message import Message
from touchline.alerts.rules import label_name
from touchline.vocabulary.durations import MINUTE, rounded_duration

RESEND = MINUTE
"""How often (ms) a firing alert is resent."""

_FORGOTTEN_AFTER = 5 * RESEND


def send_alertmanager(address: Alertmanager, message: Message) -> None:
    """Post the one alert; its labels are its identity."""
    if message.status == "followup":
        # An alert has no place for what became of it.
        return
    headers = {} if address.token is None else {"Authorization": f"Bearer {secret(address.token)}"}
    over = message.sent_at if message.taken_back or message.until is None else message.until
    ends = message.sent_at + _FORGOTTEN_AFTER if message.status == "firing" else over
    alert = {
        "labels": {
            **{label_name(name): value for name, value in message.labels.items()},
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
            **{name: value for name, value in _more(message).items() if value},
            **{f"cause_{number}": cause for number, cause in enumerate(message.causes, 1)},
            **{f"change_{number}": change for number, change in enumerate(message.changes, 1)},
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


def _more(message: Message) -> dict[str, str]:
    """Annotations that an incident may lack; `runbook_url` is what dashboards of Prometheus link to."""
    return {
        "cost": message.cost,
        "owner": message.owner,
        "why": message.why,
        "runbook_url": message.runbook,
        "story": "; ".join(message.story),
    }
