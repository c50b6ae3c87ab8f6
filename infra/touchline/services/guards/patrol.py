"""Ends connections whose client does not go on: called about once a second with all of them."""

from collections.abc import Iterable
from typing import Protocol

HEAD_SECONDS = 10.0
"""The longest wait for a request's first line and headers; also of a new connection that sends nothing."""

REST_SECONDS = 10.0
"""How long the rest of a request may take after its response was sent, and the last bytes of a response
after the connection was closed."""

UNREAD_SECONDS = 30.0
"""How long a client may leave a full write buffer unread."""


class Transport(Protocol):
    def is_closing(self) -> bool: ...
    def abort(self) -> None: ...
    def close(self) -> None: ...


class Connection(Protocol):
    """The times of `protocol.BoundedHttp`; the patrol itself notes `closing_since`."""

    transport: Transport
    waiting_since: float | None
    answered_at: float | None
    stuck_since: float | None
    closing_since: float | None


def patrol(connections: Iterable[Connection], now: float) -> None:
    """End each connection that waits for its client for too long; `now` is the event loop's time."""
    for connection in list(connections):
        transport = connection.transport
        if transport.is_closing():
            if connection.closing_since is None:
                connection.closing_since = now
            if _over(connection.closing_since, REST_SECONDS, now):
                transport.abort()
        elif _over(connection.stuck_since, UNREAD_SECONDS, now):
            transport.abort()
        elif _over(connection.waiting_since, HEAD_SECONDS, now) or _over(
            connection.answered_at, REST_SECONDS, now
        ):
            transport.close()


def _over(since: float | None, seconds: float, now: float) -> bool:
    return since is not None and now - since > seconds
