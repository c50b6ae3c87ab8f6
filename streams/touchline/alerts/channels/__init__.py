"""Channels: where a message goes. One table lists them; each sends a message within a limit, or says why not.

The rest of this room is pure; only what is in here reaches out.
"""

from collections.abc import Callable, Mapping
from typing import Any

from touchline.alerts.addresses import Address
from touchline.alerts.channels.alertmanager import RESEND, send_alertmanager
from touchline.alerts.channels.apprise_services import send_apprise
from touchline.alerts.channels.delivery import Undelivered
from touchline.alerts.channels.mail import send_email
from touchline.alerts.channels.pagerduty import send_pagerduty
from touchline.alerts.channels.slack import send_slack
from touchline.alerts.channels.webhook import send_webhook, signature
from touchline.alerts.message import Message

__all__ = ["RESENT", "Undelivered", "send", "signature"]

RESENT: Mapping[str, int] = {"alertmanager": RESEND}
"""How often (ms) to resend a firing incident, for channels that repeat notifications themselves."""

_SEND: Mapping[str, Callable[[Any, Message], None]] = {
    "alertmanager": send_alertmanager,
    "pagerduty": send_pagerduty,
    "slack": send_slack,
    "email": send_email,
    "webhook": send_webhook,
    "apprise": send_apprise,
}


def send(address: Address, message: Message) -> None:
    """Send one message; when it returns, the channel has taken it.

    Raises:
        Undelivered: with why, without any secret.
    """
    _SEND[address.kind](address, message)
