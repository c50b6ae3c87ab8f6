"""`sequence`: one event, then another."""

from typing import TYPE_CHECKING

from touchline.friction.kinds.opening import Anchor, Opening
from touchline.friction.kinds.state import NOTHING, THEN, WITHOUT, State, added
from touchline.vocabulary.event import Event

if TYPE_CHECKING:
    from touchline.friction.kinds.terms import Terms


class Sequence(State):
    """`first`, then `then`: each event is used once; `then` takes the latest unused `first`."""

    __slots__ = ("_found", "_waiting")

    def __init__(self, terms: "Terms") -> None:
        super().__init__(terms)
        self._waiting: list[Anchor] = []  # matched `first`, unused, no `without` since
        self._found: list[Opening] | None = None

    def on_answer(self, event: Event, mask: int) -> bool:
        waiting = self._unexpired(event.time)
        used = False
        if mask & THEN and waiting:
            used = True
            self._found = added(self._found, Opening(waiting.pop(), event.time, [event.id]))
        if mask & WITHOUT:
            waiting.clear()
        return used

    def on_start(self, event: Event, anchor: Anchor) -> None:
        waiting = self._unexpired(anchor.time)
        if waiting:
            waiting.append(anchor)
        else:
            self._waiting = [anchor]  # appending to an empty list would allocate four places

    def _unexpired(self, time: int) -> list[Anchor]:
        waiting = self._waiting
        while waiting and time - waiting[0].time > self.terms.within:
            del waiting[0]
        return waiting

    def openings(self, now: int) -> list[Opening]:
        return NOTHING if self._found is None else self._found

    def idle(self, time: int) -> bool:
        if self._found is not None:
            return False
        return not self._waiting or time - self._waiting[-1].time > self.terms.within

    def copy(self) -> "Sequence":
        copied = Sequence(self.terms)
        copied._waiting = list(self._waiting)
        copied._found = None if self._found is None else list(self._found)
        return copied
