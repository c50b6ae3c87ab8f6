"""Opsgenie's alert API, whose format Jira Service Management has too: one alert an alias."""

from urllib.parse import quote

from touchline.alerts.addresses import Jira, Opsgenie
from touchline.alerts.channels.delivery import Deadline, post, secret
from touchline.alerts.channels.limits import LIMITS, cut
from touchline.alerts.messages.message import Message

_LIMITS = LIMITS["opsgenie"]
_SOURCE = "Touchline"
_PRIORITIES = {"critical": "P1", "warning": "P3", "info": "P5"}


def send_opsgenie(address: Jira | Opsgenie, message: Message, reference: str) -> str:
    """Create the alert, which does nothing while it is open; then note what changed, acknowledge or close it.

    `reference` is empty for the first message of an incident: it needs no note.
    """
    deadline = Deadline(address.timeout)
    headers = {"Authorization": f"GenieKey {secret(address.key)}"}
    alias = cut(message.fingerprint, _LIMITS["alias"])
    alerts = f"{address.url.rstrip('/')}/alerts"

    def act(action: str, note: str) -> None:
        body = {"source": _SOURCE, "note": cut(note, _LIMITS["note"])}
        post(f"{alerts}/{quote(alias, safe='')}/{action}?identifierType=alias", body, deadline.left, headers)

    said = "\n".join(filter(None, (message.ended, *message.story, message.summary)))
    if message.status == "firing":
        post(alerts, _created(message, alias), deadline.left, headers)
        if reference:
            act("notes", said)
        if message.acknowledged_by:
            act("acknowledge", f"Acknowledged by {message.acknowledged_by}")
    else:
        act("close" if message.status == "resolved" else "notes", said)
    return alias


def _created(message: Message, alias: str) -> dict[str, object]:
    tags = [f"{name}:{value}" for name, value in message.labels.items()][: _LIMITS["tags"]]
    return {
        "message": cut(message.subject, _LIMITS["message"]),
        "alias": alias,
        "description": cut(message.text, _LIMITS["description"]),
        "entity": cut(message.rule, _LIMITS["entity"]),
        "source": _SOURCE,
        "priority": _PRIORITIES[message.severity],
        "tags": [cut(tag, _LIMITS["tag"]) for tag in tags],
        "details": _details(message),
    }


def _details(message: Message) -> dict[str, str]:
    """Figures and links by name, as many as the limit of all together lets in."""
    given = {
        "customers": str(message.customers),
        "count": str(message.count),
        "owner": message.owner,
        "runbook": message.runbook,
        **message.labels,
        **{action.label: action.url for action in message.actions},
    }
    details: dict[str, str] = {}
    left = _LIMITS["details"]
    for name, value in given.items():
        left -= 2 * len(name) + 2 * len(value)
        if value and left >= 0:
            details[name] = value
    return details
