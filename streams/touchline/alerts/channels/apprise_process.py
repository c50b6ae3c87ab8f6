"""A process that sends one notification by Apprise and ends. The only file that imports Apprise.

It reads a `Notification` from its input and writes an `Outcome`. It ends by a signal at the deadline.
"""

import os
import resource
import signal
import sys
from typing import Literal

import msgspec

Kind = Literal["failure", "warning", "success", "info"]

_MEMORY_BYTES = 512 * 1024**2
"""The most memory that the process may map, threads included. It starts with an eighth of that."""


class Notification(msgspec.Struct, frozen=True):
    """What to send. `url` is Apprise's address of a service; `seconds` limits the delivery."""

    url: str
    title: str
    body: str
    kind: Kind
    seconds: float


class Outcome(msgspec.Struct, frozen=True):
    """Whether a service took a notification; `service` is its name, None if Apprise does not know it."""

    service: str | None
    taken: bool


def notify(notification: Notification) -> Outcome:
    """Send it, with Apprise's own timeouts."""
    import apprise
    from requests import sessions

    # A redirect could lead into the network of this machine.
    sessions.DEFAULT_REDIRECT_LIMIT = 0  # type: ignore[attr-defined]
    service = apprise.Apprise.instantiate(notification.url, suppress_exceptions=True)
    if service is None:
        return Outcome(None, taken=False)
    service.socket_connect_timeout = service.socket_read_timeout = notification.seconds
    taken = service.notify(
        title=notification.title,
        body=notification.body,
        notify_type=apprise.NotifyType(notification.kind),
        body_format=apprise.NotifyFormat.TEXT,
    )
    return Outcome(str(service.service_name), bool(taken))


def main() -> None:
    """Send the notification of the input within its limits."""
    notification = msgspec.json.decode(sys.stdin.buffer.read(), type=Notification)
    # Nothing that Apprise prints may mix with the outcome.
    out = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    import apprise  # noqa: F401 - it takes time, which is not the service's

    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    signal.setitimer(signal.ITIMER_REAL, notification.seconds)
    os.write(out, msgspec.json.encode(notify(notification)))


if __name__ == "__main__":
    main()
