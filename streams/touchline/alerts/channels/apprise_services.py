"""The many services that Apprise knows, each notification in a process of its own.

Apprise reads the whole answer of a service into memory, and its timeouts hold for single steps only. So the
process has a limit of memory and a deadline, and a hostile or broken service harms nothing else.
"""

import subprocess
import sys

import msgspec

from touchline.alerts.addresses import Apprise
from touchline.alerts.channels.apprise_process import Kind, Notification, Outcome, main
from touchline.alerts.channels.delivery import Undelivered, secret
from touchline.alerts.messages.bulletin import Bulletin
from touchline.alerts.messages.message import Message

START_SECONDS = 30.0
"""How long the process may take to start."""

_PROGRAM = f"from {main.__module__} import main; main()"

_outcome = msgspec.json.Decoder(Outcome)


def send_apprise(address: Apprise, message: Message) -> None:
    """Send one notification, as plain text."""
    firing: Kind = "failure" if message.severity == "critical" else "warning"
    kind = firing if message.status == "firing" else "success"
    _notify(_notification(address, message.subject, message.text, kind))


def send_bulletin_apprise(address: Apprise, bulletin: Bulletin) -> None:
    """Send the summary of a bulletin, as plain text."""
    text = "\n".join(filter(None, (bulletin.summary, bulletin.link)))
    _notify(_notification(address, bulletin.subject, text, "info"))


def _notification(address: Apprise, title: str, body: str, kind: Kind) -> Notification:
    return Notification(secret(address.url), title, body, kind, address.timeout / 1000)


def _notify(notification: Notification) -> None:
    late = f"Apprise: the service did not answer within {notification.seconds:g} s"
    try:
        # Without the working folder among the modules; the secret is no argument, which others could read.
        done = subprocess.run(  # noqa: S603 - our own command line
            [sys.executable, "-P", "-c", _PROGRAM],
            input=msgspec.json.encode(notification),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=START_SECONDS + notification.seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Undelivered(late) from None
    except OSError as error:
        raise Undelivered(f"Apprise cannot be started: {error.strerror}") from None
    if done.returncode != 0:
        # It ended by its own deadline, or its memory did not suffice.
        raise Undelivered(
            late if done.returncode < 0 else "Apprise failed: the service's answer may be too large"
        )
    outcome = _outcome.decode(done.stdout)
    if outcome.service is None:
        raise Undelivered("Apprise knows no service by this address: see its list of addresses")
    if not outcome.taken:
        raise Undelivered(f"{outcome.service} did not take it")
