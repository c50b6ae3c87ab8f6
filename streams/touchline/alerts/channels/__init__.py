"""Channels: where a message goes. One table lists them; each sends a message within a limit, or says why not.

The rest of this room is pure; only what is in here reaches out.
"""

from collections.abc import Callable, Mapping
from typing import Any

from touchline.alerts.addresses import Address
from touchline.alerts.channels.alertmanager import RESEND, send_alertmanager
from touchline.alerts.channels.apprise_services import send_apprise, send_bulletin_apprise
from touchline.alerts.channels.delivery import Undelivered
from touchline.alerts.channels.incident_io import send_incident_io
from touchline.alerts.channels.mail import send_bulletin_mail, send_email
from touchline.alerts.channels.opsgenie import send_opsgenie
from touchline.alerts.channels.pagerduty import send_pagerduty
from touchline.alerts.channels.slack import send_bulletin_slack, send_slack
from touchline.alerts.channels.slack_bot import send_bulletin_slack_bot, send_slack_bot
from touchline.alerts.channels.teams import send_bulletin_teams, send_teams
from touchline.alerts.channels.webhook import send_bulletin_webhook, send_webhook, signature
from touchline.alerts.messages.bulletin import Bulletin
from touchline.alerts.messages.message import Message

__all__ = ["RESENT", "Undelivered", "send", "send_bulletin", "signature"]

RESENT: Mapping[str, int] = {"alertmanager": RESEND}
"""How often (ms) to resend a firing incident, for channels that repeat notifications themselves."""

_SEND: Mapping[str, Callable[[Any, Message], None]] = {
    "alertmanager": send_alertmanager,
    "pagerduty": send_pagerduty,
    "slack": send_slack,
    "teams": send_teams,
    "incident_io": send_incident_io,
    "email": send_email,
    "webhook": send_webhook,
    "apprise": send_apprise,
}

_SEND_BULLETIN: Mapping[str, Callable[[Any, Bulletin], None]] = {
    "slack": send_bulletin_slack,
    "slack_bot": send_bulletin_slack_bot,
    "teams": send_bulletin_teams,
    "email": send_bulletin_mail,
    "webhook": send_bulletin_webhook,
    "apprise": send_bulletin_apprise,
}


_SEND_BY_REFERENCE: Mapping[str, Callable[[Any, Message, str], str]] = {
    "slack_bot": send_slack_bot,
    "jira": send_opsgenie,
    "opsgenie": send_opsgenie,
}
"""Channels that need to know whether they have a message of the incident, and which."""


def send(address: Address, message: Message, reference: str = "") -> str:
    """Send one message; when it returns, the channel has taken it.

    Args:
        address: Where it goes.
        message: What it says.
        reference: What sending the incident's message before returned; empty if there was none.

    Returns:
        How the channel names the incident's message; empty where it does not.

    Raises:
        Undelivered: with why, without any secret.
    """
    if (by_reference := _SEND_BY_REFERENCE.get(address.kind)) is not None:
        return by_reference(address, message, reference)
    _SEND[address.kind](address, message)
    return ""


def send_bulletin(address: Address, bulletin: Bulletin) -> None:
    """Send one bulletin; when it returns, the channel has taken it.

    Raises:
        Undelivered: with why, without any secret.
    """
    if address.kind not in _SEND_BULLETIN:
        raise Undelivered(f"a channel of the kind {address.kind} takes incidents alone")
    _SEND_BULLETIN[address.kind](address, bulletin)
