"""A contact: a call, a chat or a visit to a service desk, whose events share one `contact_id`."""

from collections.abc import Mapping
from time import monotonic
from types import TracebackType
from typing import Any, Self

from uuid_utils import uuid7

from touchline.sdk.stories import Send


class Contact:
    """One contact with a customer: entering sends `contact.started`, leaving sends `contact.ended`.

    Each method sends the event of the same name; its keywords become the event's data. Set `resolved` before
    the block ends. After `abandoned()` no `contact.ended` is sent. An exception in the block ends the contact
    and propagates.
    """

    def __init__(self, send: Send, reason: str | None, data: Mapping[str, Any]) -> None:
        self._send = send
        self._reason = {} if reason is None else {"reason": reason}
        self._data = data
        self._queued_at: float | None = None
        self._announced: dict[str, Any] = {}
        self._abandoned = False
        self.id = str(uuid7())
        """The id of the contact, sent as `contact_id` with each of its events."""
        self.resolved: bool | None = None
        """Whether the customer's request was resolved; None if unknown."""

    def __enter__(self) -> Self:
        self._step("started", dict(self._data))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._abandoned:
            self._step("ended", {} if self.resolved is None else {"resolved": self.resolved})

    def menu_entered(self, **data: Any) -> None:
        """The customer entered a menu."""
        self._step("menu_entered", data)

    def queued(self, queue: str, **data: Any) -> None:
        """The customer joined a queue. `told_seconds` is repeated when the wait ends."""
        self._queued_at = monotonic()
        self._announced = {"told_seconds": data["told_seconds"]} if "told_seconds" in data else {}
        self._step("queued", {"queue": queue, **data})

    def answered(self, **data: Any) -> None:
        """An agent answered. `wait_seconds` defaults to the time since `queued` or `transferred`."""
        self._step("answered", {**self._waited(), **data})

    def held(self, **data: Any) -> None:
        """The customer was put on hold."""
        self._step("held", data)

    def resumed(self, **data: Any) -> None:
        """The hold ended."""
        self._step("resumed", data)

    def transferred(self, queue: str, **data: Any) -> None:
        """The customer was transferred to another queue."""
        self._queued_at, self._announced = monotonic(), {}
        self._step("transferred", {"queue": queue, **data})

    def escalated(self, **data: Any) -> None:
        """The contact was escalated, such as to a supervisor."""
        self._step("escalated", data)

    def reauthenticated(self, **data: Any) -> None:
        """The customer had to authenticate again."""
        self._step("reauthenticated", data)

    def abandoned(self, **data: Any) -> None:
        """The customer gave up before the contact ended. `wait_seconds` is measured as in `answered`."""
        self._abandoned = True
        self._step("abandoned", {**self._waited(), **data})

    def _waited(self) -> dict[str, Any]:
        """The wait that ends now, and the wait that was announced; empty if there is none."""
        if self._queued_at is None:
            return {}
        waited = {"wait_seconds": round(monotonic() - self._queued_at, 3), **self._announced}
        self._queued_at = None
        return waited

    def _step(self, name: str, data: dict[str, Any]) -> None:
        self._send(f"contact.{name}", {"contact_id": self.id, **self._reason, **data})
