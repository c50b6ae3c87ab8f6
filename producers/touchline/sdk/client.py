"""The client that an application uses: `track`, `identify`, `contact`, `flush`, `close`."""

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
from touchline.sdk.wire import NaiveTimeError, NoValueError, encode, rfc3339, zoned

Channel = Literal["web", "app", "phone", "chat", "email", "social", "store", "mail", "kiosk", "field"]
"""The channel of a touchpoint."""

Identifiers = Mapping[str, str | Sequence[str]]
"""The customer: identifier kind (account, loyalty, email, phone, social, device, or your own) → one value or
up to five."""


class Touchline:
    """Sends events in the background. Create one per process and share it between threads.

    Args:
        url: Where events go: `http(s)://host:port` (a collector), `kafka://host:port/prefix` (Kafka; a
            collector reads them there; with TLS `kafkas://user@host:port/prefix`), `embedded:///path` (a
            data folder on this machine), `memory://` (a list, for tests), or a transport of your own.
        key: The producer's key for the collector, or the user's password for Kafka.
        source: The system that records the events, such as `shop`.
        channel: The channel of events that do not set one.
        limits: Bounds on memory and time.
        on_loss: Called with a reason and a count when events are lost. It runs in the SDK's own thread.

    Raises:
        ValueError: the URL, the key or a limit is not valid.
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
        """The transport that sends the events."""
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
        """Send one event. Returns at once; a bad event or a failed delivery never raises.

        Args:
            type: What happened, such as `checkout.started`.
            identifiers: The customer's identifiers, at least one.
            data: Fields of the event type whose names collide with these arguments.
            channel: The channel, if it is not the client's.
            time: When it happened, with a time zone. Default: now.
            id: Unique id of the event; events with the same id count once. Default: a UUIDv7.
            context: Circumstances, such as page, locale or release.
            fields: Fields of the event type; merged into `data`, and they win over it.
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
            # Only these messages are sure to hold no value of the event.
            safe = isinstance(error, (orjson.JSONEncodeError, NaiveTimeError, NoValueError))
            self._delivery.lose("invalid", str(error) if safe else error.__class__.__name__)
            return
        if len(line) > self._limits.event_bytes:
            self._delivery.lose("too_large", f"more than {self._limits.event_bytes} bytes")
        else:
            self._delivery.submit(line)

    def identify(self, identifiers: Identifiers, /, *, channel: Channel | None = None) -> None:
        """Link these identifiers to one customer (sends `identity.linked`)."""
        self.track("identity.linked", identifiers, channel=channel)

    def contact(
        self, channel: Channel, identifiers: Identifiers, /, *, reason: str | None = None, **data: Any
    ) -> Contact:
        """Start a contact in a `with` statement.

        Args:
            channel: The channel of the contact.
            identifiers: The customer's identifiers.
            reason: What the contact is about; sent with each of its events.
            data: Further fields of `contact.started`.
        """

        def send(type: str, data: Mapping[str, Any]) -> None:
            self.track(type, identifiers, data=data, channel=channel)

        return Contact(send, reason, data)

    @property
    def stats(self) -> Stats:
        """Counts of events by outcome. A forked child counts its own events only."""
        return self._delivery.stats()

    def flush(self, timeout: float = 5.0) -> bool:
        """Send all events tracked so far and wait for the outcome.

        Returns:
            True if every event is settled: accepted, quarantined or counted as lost. False after `timeout`
            seconds: the remaining events stay queued and are still sent.
        """
        return self._delivery.flush(timeout)

    def close(self, timeout: float = 5.0) -> bool:
        """Send the remaining events and stop. Events tracked later are lost as `closed`. Safe to repeat.

        Returns:
            True if every event is settled. False after `timeout` seconds: the remaining events are lost as
            `undelivered`.
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
"""The open clients. This reference keeps a client alive that the application dropped without closing it."""


def _restart_in_child() -> None:
    for client in list(_CLIENTS):
        client._forked()


def _close_at_exit() -> None:
    """Close all clients; together they take no longer than the longest `exit_seconds`."""
    clients = list(_CLIENTS)
    began = monotonic()
    for client in clients:
        client.close(max(0.0, client._limits.exit_seconds - (monotonic() - began)))


atexit.register(_close_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_restart_in_child)
