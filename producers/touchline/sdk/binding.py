"""The current customer and circumstances of a request or a task, by contextvars.

A thread, an asyncio task and a request each have their own. What is bound goes into every event that names no
customer itself: an event about another customer than the current one must not link the two.
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Self

from touchline.sdk.delivery.problem import LOG

Identify = Callable[[], Mapping[str, Any] | None]
"""Returns the current customer's identifiers; called when the first event needs them."""


class Bound:
    """What is bound. `identifiers` may be found out only when an event needs them."""

    def __init__(
        self, identifiers: Mapping[str, Any], context: Mapping[str, Any], identify: Identify | None = None
    ) -> None:
        self.context = context
        self._identifiers = identifiers
        self._identify = identify

    @property
    def identifiers(self) -> Mapping[str, Any]:
        """The current customer's identifiers."""
        if self._identify is not None:
            identify, self._identify = self._identify, None
            try:
                self._identifiers = {**(identify() or {}), **self._identifiers}
            except Exception:
                # The application's own code: an event without the customer is better than none.
                LOG.exception("identify raised an exception; events are sent without what it would return")
        return self._identifiers

    def extended(self, identifiers: Mapping[str, Any], context: Mapping[str, Any]) -> "Bound":
        """This, and more."""
        return Bound({**self._identifiers, **identifiers}, {**self.context, **context}, self._identify)


BOUND: ContextVar[Bound | None] = ContextVar("touchline", default=None)


class Binding:
    """Binds until the `with` block ends or `reset`; without either, until the end of the request or task."""

    def __init__(self, bound: Bound) -> None:
        self._before = BOUND.get()
        self._token = BOUND.set(bound)

    def reset(self) -> None:
        """Bind again what was bound before."""
        try:
            BOUND.reset(self._token)
        except (ValueError, RuntimeError):
            # Reset in another context than the one that bound, or a second time.
            BOUND.set(self._before)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.reset()


def bind(
    identifiers: Mapping[str, Any] | None = None, /, *, context: Mapping[str, Any] | None = None, **kinds: Any
) -> Binding:
    """Make these the current customer and circumstances, on top of what is bound already.

    Args:
        identifiers: The customer's identifiers.
        context: Circumstances, such as page or release.
        kinds: Identifiers, by kind: `bind(account="u-17")`.
    """
    before = BOUND.get() or Bound({}, {})
    return Binding(before.extended({**(identifiers or {}), **kinds}, context or {}))


def bind_request(identify: Identify | None, context: Mapping[str, Any]) -> Binding:
    """Begin a request or a task: what an earlier one left bound on this thread does not hold."""
    return Binding(Bound({}, context, identify))
