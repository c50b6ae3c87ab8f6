"""Stories of several events that share an id: a checkout, a visit to a store, a promise."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from uuid_utils import uuid7

Send = Callable[[str, Mapping[str, Any]], None]
"""`send(type, data)`: sends one event of the story."""


class Checkout:
    """One checkout: entering sends `checkout.started`; an exception in the block sends `order.failed`.

    A checkout that ends with neither an order nor an exception is still open: the customer may go on later.
    """

    def __init__(self, send: Send, cart_id: str, data: Mapping[str, Any]) -> None:
        self._send = send
        self._data = data
        self._ended = False
        self.cart_id = cart_id
        """The id of the cart, sent with each event."""

    def __enter__(self) -> Self:
        self._step("checkout.started", dict(self._data))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Neither a cancelled task nor the end of the process is a failure of the order.
        if kind is not None and issubclass(kind, Exception) and not self._ended:
            self.failed(reason=kind.__name__)

    def step_completed(self, step: str, **data: Any) -> None:
        """The customer completed a step, such as `address`."""
        self._step("checkout.step_completed", {"step": step, **data})

    def payment_failed(self, **data: Any) -> None:
        """A payment was declined or failed."""
        self._step("payment.failed", data)

    def placed(self, order_id: str, **data: Any) -> None:
        """The order was placed. Value and currency default to those of the checkout."""
        self._ended = True
        self._step("order.placed", {**self._data, "order_id": order_id, **data})

    def failed(self, **data: Any) -> None:
        """The customer tried to order and could not."""
        self._ended = True
        self._step("order.failed", data)

    def _step(self, type: str, data: dict[str, Any]) -> None:
        self._send(type, {"cart_id": self.cart_id, **data})


class Visit:
    """One visit to a store: entering sends `visit.started`, leaving sends `visit.ended`.

    Set `bought` before the block ends. Each method sends the event of the same name.
    """

    def __init__(self, send: Send, data: Mapping[str, Any]) -> None:
        self._send = send
        self._data = data
        self.id = str(uuid7())
        """The id of the visit, sent as `visit_id` with each event."""
        self.bought: bool | None = None
        """Whether the customer bought something; None if unknown."""

    def __enter__(self) -> Self:
        self._step("visit.started", {})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._step("visit.ended", {} if self.bought is None else {"bought": self.bought})

    def assistance_requested(self, **data: Any) -> None:
        """The customer asked for help."""
        self._step("assistance.requested", data)

    def assistance_given(self, **data: Any) -> None:
        """An employee helped the customer."""
        self._step("assistance.given", data)

    def request_denied(self, kind: str, **data: Any) -> None:
        """A request was denied, such as a `return` or a `discount`."""
        self._step("request.denied", {"kind": kind, **data})

    def _step(self, type: str, data: dict[str, Any]) -> None:
        self._send(type, {"visit_id": self.id, **self._data, **data})


class Promise:
    """One promise: entering sends `promise.made`, leaving `promise.kept`, an exception `promise.broken`.

    For a promise that another process keeps, call `made()` instead, and track `promise.kept` with its `id`
    there.
    """

    def __init__(self, send: Send, kind: str, due: datetime, data: Mapping[str, Any]) -> None:
        self._send = send
        self._kind = kind
        self._due = due
        self._data = data
        self._ended = False
        self.id = str(uuid7())
        """The id of the promise, sent as `promise_id` with each event."""

    def __enter__(self) -> Self:
        return self.made()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ended:
            return
        if kind is None:
            self.kept()
        else:
            self.broken(reason=kind.__name__)

    def made(self) -> Self:
        """The customer was promised something by the deadline."""
        self._step("promise.made", {"due_at": self._due, **self._data})
        return self

    def kept(self, **data: Any) -> None:
        """The promise was kept."""
        self._ended = True
        self._step("promise.kept", data)

    def broken(self, **data: Any) -> None:
        """The promise will not be kept, or not in time."""
        self._ended = True
        self._step("promise.broken", data)

    def _step(self, type: str, data: dict[str, Any]) -> None:
        self._send(type, {"promise_id": self.id, "kind": self._kind, **data})
