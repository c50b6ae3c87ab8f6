"""The client that an application uses: `track`, the stories of several events, `flush`, `close`."""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from time import monotonic, time_ns
from types import TracebackType
from typing import Any, Literal, Self, get_args
from uuid import UUID

from uuid_utils import uuid7

from touchline.sdk import environment, lifetime
from touchline.sdk.binding import BOUND, Binding, bind
from touchline.sdk.contact import Contact
from touchline.sdk.delivery.ledger import Stats
from touchline.sdk.delivery.loss import Loss, OnLoss
from touchline.sdk.delivery.problem import OnError
from touchline.sdk.delivery.sender import Delivery, Options, WhenFull
from touchline.sdk.delivery.spool import Spool, spool_path
from touchline.sdk.event_methods import EventMethods
from touchline.sdk.limits import Limits
from touchline.sdk.stories import Checkout, Promise, Send, Visit
from touchline.sdk.transport import Transport
from touchline.sdk.transports import Memory, transport_for
from touchline.sdk.values import NoJson
from touchline.sdk.wire import BadTimeError, encode, rfc3339, zoned

Channel = Literal["web", "app", "phone", "chat", "email", "social", "store", "mail", "kiosk", "field"]
"""The channel of a touchpoint."""

Identifier = str | int | UUID | None
"""One value of an identifier. A whole number is sent as its digits; None is no value."""

Identifiers = Mapping[str, Identifier | Sequence[Identifier]]
"""The customer: identifier kind (account, loyalty, email, phone, social, device, or your own) → one value or
up to five."""

BeforeSend = Callable[[dict[str, Any]], dict[str, Any] | None]
"""`before_send(event)`: returns the event to send, changed or not, or None to drop it."""

_POLL_SECONDS = 0.01
"""How often `aflush` looks whether everything is settled."""


class InvalidEvent(ValueError):
    """An event cannot be sent whole, and the client is strict. The event is counted as lost."""


class Touchline(EventMethods):
    """Sends events in the background. Create one per process and share it between threads.

    What is not passed may come from the environment, such as TOUCHLINE_URL (`touchline.sdk.environment`).

    Args:
        url: Where events go: `http(s)://host:port` (a collector), `kafka://host:port/prefix` (Kafka; a
            collector reads them there; with TLS `kafkas://user@host:port/prefix`), `embedded:///path` (a
            data folder on this machine), `memory://` (a list, for tests), or a transport of your own.
        key: The producer's key for the collector, or the user's password for Kafka.
        source: The system that records the events, such as `shop`.
        channel: The channel of events that do not set one.
        limits: Bounds on memory and time.
        on_loss: Called with a reason and a count when events are lost or quarantined. It runs in the SDK's
            own thread.
        on_error: Called with each problem that is logged. It runs in the SDK's own thread.
        spool: A folder for events that cannot be sent, shared by the processes of this host. Default: none.
        when_full: What `track` does when the queue is full. Default: `spool` with a spool, else
            `drop_newest`.
        before_send: Called with each event before it is encoded, on the thread that tracks: it may remove
            personal data, or drop the event, which counts as lost, `filtered`.
        strict: Whether `track` raises InvalidEvent for an event with a value that cannot be sent. For
            development and tests. Default: false.
        enabled: Whether events are sent. A disabled client needs no URL and ignores each call. Default: true.

    Raises:
        ValueError: an argument or a variable of the environment is not valid, or the URL or the source is
            missing.
        TypeError: an argument is of a wrong type.
    """

    def __init__(
        self,
        url: str | Transport | None = None,
        *,
        source: str | None = None,
        key: str | None = None,
        channel: Channel | None = None,
        limits: Limits | None = None,
        on_loss: OnLoss | None = None,
        on_error: OnError | None = None,
        spool: str | os.PathLike[str] | None = None,
        when_full: WhenFull | None = None,
        before_send: BeforeSend | None = None,
        strict: bool | None = None,
        enabled: bool | None = None,
    ) -> None:
        _check_types(url, source, key, limits)
        given = environment.read(os.environ)
        self._enabled = given.enabled is not False if enabled is None else enabled
        self._strict = bool(given.strict) if strict is None else strict
        self._limits = limits or given.limits
        self._before_send = before_send
        url, source = (url or given.url, source or given.source) if self._enabled else (Memory(), "disabled")
        if not url or not source:
            missing = "url" if not url else "source"
            raise ValueError(f"the {missing} is missing: pass {missing}=, or set TOUCHLINE_{missing.upper()}")
        self._source = source
        self._channel = _one_of("channel", channel or given.channel or "web", get_args(Channel))
        self.transport = (
            transport_for(url, key or given.key, source, self._limits) if isinstance(url, str) else url
        )
        """The transport that sends the events."""
        folder = (spool or given.spool) if self._enabled else None
        if folder and "\0" in os.fspath(folder):
            raise ValueError("spool holds a NUL character: pass the path of a folder")
        destination = url if isinstance(url, str) else type(url).__name__
        self._spool_path = spool_path(Path(folder), destination, source) if folder else None
        default = "spool" if folder else "drop_newest"
        full: Any = _one_of("when_full", when_full or given.when_full or default, get_args(WhenFull))
        if full == "spool" and self._enabled and not folder:
            raise ValueError("when_full='spool' needs a spool: pass spool='/path/to/folder'")
        self._options = Options(self._limits, full, on_loss, on_error)
        self._start()
        lifetime.add(self)

    def track(
        self,
        type: str,
        identifiers: Identifiers | None = None,
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
            identifiers: The customer's identifiers, at least one. Default: those of `bind`.
            data: Fields of the event type whose names collide with these arguments.
            channel: The channel, if it is not the client's.
            time: When it happened, with a time zone. Default: now.
            id: Unique id of the event; events with the same id count once. Default: a UUIDv7.
            context: Circumstances, such as page, locale or release.
            fields: Fields of the event type; merged into `data`, and they win over it.

        Raises:
            InvalidEvent: the client is strict, and the event cannot be sent whole.
            QueueFull: the queue is full, and `when_full` is `raise`.
        """
        if not self._enabled:
            return
        try:
            bound = BOUND.get()
            if bound is not None:
                identifiers = bound.identifiers if identifiers is None else identifiers
                context = {**bound.context, **(context or {})} or None
            event: dict[str, Any] = {
                "id": str(uuid7()) if id is None else id,
                "type": type,
                "time": rfc3339(time_ns() // 1_000_000) if time is None else zoned(time),
                "channel": channel or self._channel,
                "source": self._source,
                "identifiers": identifiers or {},
                "data": fields if data is None else {**data, **fields},
            }
            if context is not None:
                event["context"] = context
            if self._before_send is not None:
                # It may change what it gets, but not the application's own mappings.
                event |= {name: dict(event[name]) for name in ("identifiers", "context") if name in event}
                sent = self._before_send(event)
                if sent is None:
                    self._delivery.lose("filtered")
                    return
                event = sent
            line, omitted = encode(event)
        except Exception as error:
            self._lose("invalid", _why(error, identifiers=identifiers, data=data, context=context))
            return
        if omitted:
            if self._strict:
                self._lose("invalid", "; ".join(f"{field}: {why}" for field, why in omitted))
            self._delivery.omit(type, omitted)
        if len(line) > self._limits.event_bytes:
            self._lose("too_large", f"more than {self._limits.event_bytes} bytes")
        else:
            self._delivery.submit(line)

    def bind(
        self,
        identifiers: Identifiers | None = None,
        /,
        *,
        context: Mapping[str, Any] | None = None,
        **kinds: Identifier | Sequence[Identifier],
    ) -> Binding:
        """Make this the current customer: `with tl.bind(account="u-17"): …`.

        Events of this thread, task or request that name no customer get the identifiers, and all get the
        context, until the `with` block ends; without `with`, until the end of the request or the task.

        Args:
            identifiers: The customer's identifiers.
            context: Circumstances, such as page, locale or release.
            kinds: Identifiers, by kind.
        """
        return bind(identifiers, context=context, **kinds)

    def identify(self, identifiers: Identifiers, /, *, channel: Channel | None = None) -> None:
        """Link these identifiers to one customer (sends `identity.linked`)."""
        self.track("identity.linked", identifiers, channel=channel)

    def change(self, title: str, /, *, id: str | None = None, rule: str | None = None) -> None:
        """Say that a change went live, so that `touchline compare` can measure before and after it.

        Args:
            title: What changed, in one sentence.
            id: Id of the change, such as a release or a ticket. Default: the title.
            rule: The friction rule that the change should reduce.
        """
        data = {"change_id": id or title, "title": title} | ({} if rule is None else {"rule": rule})
        # No customer's event: a terminal links nobody.
        self.track("change.deployed", {"terminal": self._source}, data=data)

    def contact(
        self,
        channel: Channel,
        identifiers: Identifiers | None = None,
        /,
        *,
        reason: str | None = None,
        **data: Any,
    ) -> Contact:
        """Start a contact in a `with` statement.

        Args:
            channel: The channel of the contact.
            identifiers: The customer's identifiers. Default: those of `bind`.
            reason: What the contact is about; sent with each of its events.
            data: Further fields of `contact.started`.
        """
        return Contact(self._sender(identifiers, channel), reason, data)

    def checkout(
        self,
        cart_id: str,
        identifiers: Identifiers | None = None,
        /,
        *,
        channel: Channel | None = None,
        **data: Any,
    ) -> Checkout:
        """Start a checkout in a `with` statement. An exception in the block sends `order.failed`.

        Args:
            cart_id: The id of the cart; sent with each event.
            identifiers: The customer's identifiers. Default: those of `bind`.
            channel: The channel, if it is not the client's.
            data: Further fields of `checkout.started`, such as value and currency.
        """
        return Checkout(self._sender(identifiers, channel), cart_id, data)

    def visit(
        self, identifiers: Identifiers | None = None, /, *, channel: Channel = "store", **data: Any
    ) -> Visit:
        """Start a visit to a store in a `with` statement.

        Args:
            identifiers: The customer's identifiers. Default: those of `bind`.
            channel: The channel of the visit.
            data: Fields of each event, such as `store`.
        """
        return Visit(self._sender(identifiers, channel), data)

    def promise(
        self,
        kind: str,
        identifiers: Identifiers | None = None,
        /,
        *,
        due: datetime,
        channel: Channel | None = None,
        **data: Any,
    ) -> Promise:
        """Make a promise in a `with` statement: the end of the block keeps it, an exception breaks it.

        Args:
            kind: What is promised, such as `callback`.
            identifiers: The customer's identifiers. Default: those of `bind`.
            due: The deadline, with a time zone.
            channel: The channel, if it is not the client's.
            data: Further fields of `promise.made`.
        """
        return Promise(self._sender(identifiers, channel), kind, due, data)

    @property
    def stats(self) -> Stats:
        """Counts of events by outcome. A forked child counts its own events only."""
        return self._delivery.stats()

    def flush(self, timeout: float = 5.0) -> bool:
        """Send all events tracked so far and wait for the outcome.

        Returns:
            True if every event is settled: accepted, quarantined, on disk or counted as lost. False after
            `timeout` seconds: the remaining events stay queued and are still sent.
        """
        return self._delivery.flushed(self._delivery.begin_flush(), timeout)

    async def aflush(self, timeout: float = 5.0) -> bool:
        """Like `flush`, without blocking the event loop."""
        # Imported here: applications without asyncio should not load it.
        from asyncio import sleep

        target = self._delivery.begin_flush()
        until = monotonic() + timeout
        while not self._delivery.flushed(target):
            if (left := until - monotonic()) <= 0:
                return False
            await sleep(min(left, _POLL_SECONDS))
        return True

    def close(self, timeout: float = 5.0) -> bool:
        """Send the remaining events and stop. Events tracked later are lost as `closed`. Safe to repeat.

        Returns:
            True if every event is settled. After `timeout` seconds the rest goes to the spool. False if
            there is none or it fails: then the rest is lost as `undelivered`.
        """
        lifetime.remove(self)
        return self._delivery.close(timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _sender(self, identifiers: Identifiers | None, channel: Channel | None) -> Send:
        def send(type: str, data: Mapping[str, Any]) -> None:
            self.track(type, identifiers, data=data, channel=channel)

        return send

    def _lose(self, reason: Loss, detail: str) -> None:
        self._delivery.lose(reason, detail)
        if self._strict:
            raise InvalidEvent(f"the event cannot be sent, {reason}: {detail}")

    def _start(self) -> None:
        self._spool = Spool(self._spool_path, self._limits) if self._spool_path else None
        self._delivery = Delivery(self.transport, self._options, self._spool)

    @property
    def _exit_seconds(self) -> float:
        """How long the end of the process may wait for this client."""
        limits = self._limits
        return min(limits.exit_seconds, limits.spool_exit_seconds) if self._spool else limits.exit_seconds

    def _before_fork(self) -> None:
        """Called before the process forks: keeps the spool out of the child."""
        if self._spool is not None:
            self._spool.before_fork()

    def _after_fork(self, *, in_child: bool) -> None:
        """Called after the process forked: the child starts with an empty queue, the parent goes on."""
        if in_child:
            self.transport.forked()
            self._start()
        elif self._spool is not None:
            self._spool.after_fork()


def _one_of(name: str, value: str, known: Sequence[str]) -> str:
    if value not in known:
        raise ValueError(f"{name} is {value!r}: use one of {', '.join(known)}")
    return value


def _check_types(url: object, source: object, key: object, limits: object) -> None:
    """Raise TypeError for an argument that would only fail later, or on the thread that sends."""
    if not (url is None or isinstance(url, str) or hasattr(url, "send")):
        raise TypeError(f"url is a {type(url).__name__}: pass a str, or a transport")
    for name, value, kind in (("source", source, str), ("key", key, str), ("limits", limits, Limits)):
        if not (value is None or isinstance(value, kind)):
            raise TypeError(f"{name} is a {type(value).__name__}: pass a {kind.__name__}")


def _why(error: Exception, **mappings: object) -> str:
    """What is wrong with an event, without a value of it. `mappings` are arguments of `track`."""
    # Only these messages are sure to hold no value of the event.
    if isinstance(error, BadTimeError | NoJson):
        return str(error)
    for name, value in mappings.items():
        if not (value is None or isinstance(value, Mapping)):
            return f"{name} is a {type(value).__name__}: pass a mapping, such as a dict"
    return type(error).__name__
