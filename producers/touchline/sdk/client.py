"""The client that an application holds: `track`, `identify`, `contact`, `flush`, `close`."""

import atexit
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from time import monotonic, time_ns
from types import TracebackType
from typing import Any, Literal, Self

import orjson
from uuid_utils import uuid7

from touchline.sdk.contact import Contact
from touchline.sdk.delivery import Delivery, Stats
from touchline.sdk.limits import Limits
from touchline.sdk.loss import OnLoss
from touchline.sdk.transport import Transport
from touchline.sdk.transports import transport_for
from touchline.sdk.wire import NaiveTimeError, encode, rfc3339, zoned

Channel = Literal["web", "app", "phone", "chat", "email", "social", "store", "mail", "kiosk", "field"]
"""Where the customer and the company met."""

Identifiers = Mapping[str, str | Sequence[str]]
"""Who it was: kind (account, loyalty, email, phone, social, device or your own) to a value or a few."""


class Touchline:
    """Sends events in the background. Make one for the process and share it between threads.

    Args:
        url: Where events go: `http(s)://host:port` (a collector), `kafka://host:port/prefix` (Kafka, for a
            collector to take in; over TLS `kafkas://user@host:port/prefix`), `embedded:///path` (a data
            folder on this machine), `memory://` (a list, for tests), or a transport of your own.
        key: The producer's key at the collector, or the user's password at Kafka.
        source: The system that sees the events, such as `shop`.
        channel: The channel of events that name none.
        limits: Bounds on memory and time.
        on_loss: Called with a reason and a count when events are lost, not in the thread that tracked.

    Raises:
        ValueError: the URL, the key or a limit cannot be used.
    """

    def __init__(
        self,
        url: str | Transport,
        *,
        source: str,
        key: str | None = None,
        channel: Channel = "web",
        limits: Limits | None = None,
        on_loss: OnLoss | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self.transport = transport_for(url, key, source, self._limits) if isinstance(url, str) else url
        """What carries the events."""
        self._source = source
        self._channel = channel
        self._on_loss = on_loss
        self._delivery = self._new_delivery()
        _CLIENTS.add(self)

    def track(
        self,
        type: str,
        identifiers: Identifiers,
        /,
        *,
        data: Mapping[str, Any] | None = None,
        channel: Channel | None = None,
        time: datetime | None = None,
        id: str | None = None,
        context: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> None:
        """Send one event. Returns at once and raises nothing about its contents or its delivery.

        Args:
            type: What happened, such as `checkout.started`.
            identifiers: Who it was.
            data: What is particular to the type, for keys that are named as one of these arguments.
            channel: Where it happened, if not on the client's channel.
            time: When it happened, with a zone; now if absent.
            id: A name of this event alone, the same when it is sent again; a UUIDv7 if absent.
            context: Circumstances, such as page, locale or release.
            fields: What is particular to the type; joins `data` and stands before it.
        """
        try:
            event = {
                "id": str(uuid7()) if id is None else id,
                "type": type,
                "time": rfc3339(time_ns() // 1_000_000) if time is None else zoned(time),
                "channel": channel or self._channel,
                "source": self._source,
                "identifiers": identifiers,
                "data": fields if data is None else {**data, **fields},
            }
            if context is not None:
                event["context"] = context
            line = encode(event)
        except Exception as error:
            # Only these two messages are known to hold no value of the event.
            known = isinstance(error, (orjson.JSONEncodeError, NaiveTimeError))
            self._delivery.lose("invalid", str(error) if known else error.__class__.__name__)
            return
        if len(line) > self._limits.event_bytes:
            self._delivery.lose("too_large", f"more than {self._limits.event_bytes} bytes")
        else:
            self._delivery.submit(line)

    def identify(self, identifiers: Identifiers, /, *, channel: Channel | None = None) -> None:
        """Say that these identifiers belong to one customer (`identity.linked`)."""
        self.track("identity.linked", identifiers, channel=channel)

    def contact(
        self, channel: Channel, identifiers: Identifiers, /, *, reason: str | None = None, **data: Any
    ) -> Contact:
        """A contact, for a `with` statement: `data` goes with its start, `reason` with each event."""

        def send(type: str, data: Mapping[str, Any]) -> None:
            self.track(type, identifiers, data=data, channel=channel)

        return Contact(send, reason, data)

    @property
    def stats(self) -> Stats:
        """What became of the events so far; after a fork, of the child's own."""
        return self._delivery.stats()

    def flush(self, timeout: float = 5.0) -> bool:
        """Send now what was tracked before, and wait for it.

        Returns:
            True when each of those events is answered for (accepted, quarantined or counted as lost); False
            when `timeout` seconds were not enough: the rest stays queued and is tried again.
        """
        return self._delivery.flush(timeout)

    def close(self, timeout: float = 5.0) -> bool:
        """Send what is left and end. What is tracked later is lost as `closed`. May be called again.

        Returns:
            False if `timeout` seconds were not enough: the rest is lost as `undelivered`.
        """
        _CLIENTS.discard(self)
        return self._delivery.close(timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _new_delivery(self) -> Delivery:
        return Delivery(self.transport, self._limits, self._on_loss)

    def _forked(self) -> None:
        self.transport.forked()
        self._delivery = self._new_delivery()


_CLIENTS: set[Touchline] = set()
"""The clients that are not closed. They are held here, so that one that went out of sight is still heard."""


def _restart_in_child() -> None:
    for client in list(_CLIENTS):
        client._forked()


def _close_at_exit() -> None:
    """Close all clients within the longest of their limits."""
    clients = list(_CLIENTS)
    began = monotonic()
    for client in clients:
        client.close(client._limits.exit_seconds - (monotonic() - began))


atexit.register(_close_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_restart_in_child)
