"""`repeat`: a burst of events."""

from typing import TYPE_CHECKING, Any

from touchline.friction.kinds.opening import Anchor, Opening
from touchline.friction.kinds.state import NOTHING, State, added
from touchline.rules.conditions import identity
from touchline.vocabulary.event import Event

if TYPE_CHECKING:
    from touchline.friction.kinds.terms import Terms


class Repeat(State):
    """A burst: N events in a window. It lasts while each next event follows within the window's length."""

    __slots__ = ("_burst", "_found", "_last", "_values", "_window")

    def __init__(self, terms: "Terms") -> None:
        super().__init__(terms)
        self._window: tuple[Anchor, ...] = ()
        self._values: tuple[Any, ...] | None = None  # of the events in the window, for `distinct`
        self._burst: Opening | None = None
        self._last = 0
        self._found: list[Opening] | None = None

    def on_start(self, event: Event, anchor: Anchor) -> None:
        time, terms = anchor.time, self.terms
        if self._burst is not None:
            if time - self._last <= terms.within:
                self._burst.add_evidence(anchor.id)
                self._last = time
                return
            self._burst = None
        window = self._window
        while window and time - window[0].time > terms.within:
            window = window[1:]
        if terms.distinct is not None:
            value: Any = terms.distinct(event)
            values = () if self._values is None else self._values[len(self._window) - len(window) :]
            self._values = (*values, value if value is None else identity(value))
        window = self._window = (*window, anchor)
        if len(window) >= terms.required and self._size() >= terms.required:
            self._burst = Opening(window[0], time, [later.id for later in window[1:]])
            self._found = added(self._found, self._burst)
            self._last, self._window, self._values = time, (), None

    def _size(self) -> int:
        if self._values is None:
            return len(self._window)
        return len({value for value in self._values if value is not None})

    def openings(self, now: int) -> list[Opening]:
        return NOTHING if self._found is None else self._found

    def idle(self, time: int) -> bool:
        if self._found is not None:
            return False
        return not self._window or time - self._window[-1].time > self.terms.within

    def copy(self) -> "Repeat":
        copied = Repeat(self.terms)
        copied._window, copied._values, copied._last = self._window, self._values, self._last
        if self._found is not None:
            copied._found = [*self._found[:-1], self._found[-1].copy()]
            copied._burst = None if self._burst is None else copied._found[-1]
        return copied
