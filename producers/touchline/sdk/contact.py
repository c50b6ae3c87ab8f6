"""A contact: a call, a chat, a visit to the desk, from its start to its end under one id."""

from collections.abc import Callable, Mapping
from time import monotonic
from types import TracebackType
from typing import Any, Self

from uuid_utils import uuid7

Step = Callable[[str, Mapping[str, Any]], None]
"""`send(type, data)`: sends one event of the contact."""


class Contact:
    """One contact with a customer. Entering it sends `contact.started`, leaving it `contact.ended`.

    Each method sends the event of its name; keywords become its data. Set `resolved` to say how it went.
    After `abandoned()` nothing ends: the customer has gone. An exception in the body ends the contact and
    goes on.
    """

    def __init__(self, send: Step, reason: str | None, data: Mapping[str, Any]) -> None:
        self._send = send
        self._about = {} if reason is None else {"reason": reason}
        self._data = data
        self._queued_at: float | None = None
        self._gone = False
        self.id = str(uuid7())
        """The contact's id, in each of its events as `contact_id`."""
        self.resolved: bool | None = None
        """Whether the customer was helped; None if it is not known."""

    def __enter__(self) -> Self:
        self._step("started", dict(self._data))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._gone:
            self._step("ended", {} if self.resolved is None else {"resolved": self.resolved})

    def menu_entered(self, **data: Any) -> None:
        """The customer is in a menu."""
        self._step("menu_entered", data)

    def queued(self, queue: str, **data: Any) -> None:
        """The customer waits in a queue."""
        self._queued_at = monotonic()
        self._step("queued", {"queue": queue, **data})

    def answered(self, **data: Any) -> None:
        """Somebody answers; `wait_seconds` is the time since `queued` unless it is given."""
        if self._queued_at is not None:
            data = {"wait_seconds": round(monotonic() - self._queued_at, 3), **data}
            self._queued_at = None
        self._step("answered", data)

    def held(self, **data: Any) -> None:
        """The customer is put on hold."""
        self._step("held", data)

    def resumed(self, **data: Any) -> None:
        """The hold is over."""
        self._step("resumed", data)

    def transferred(self, queue: str, **data: Any) -> None:
        """The customer is passed on to another queue."""
        self._queued_at = monotonic()
        self._step("transferred", {"queue": queue, **data})

    def escalated(self, **data: Any) -> None:
        """The matter is passed up."""
        self._step("escalated", data)

    def reauthenticated(self, **data: Any) -> None:
        """The customer had to prove once more who they are."""
        self._step("reauthenticated", data)

    def abandoned(self, **data: Any) -> None:
        """The customer gave up."""
        self._gone = True
        self._step("abandoned", data)

    def _step(self, name: str, data: dict[str, Any]) -> None:
        self._send(f"contact.{name}", {"contact_id": self.id, **self._about, **data})
