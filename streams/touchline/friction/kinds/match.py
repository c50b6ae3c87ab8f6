"""`match`: every matching event is a signal."""

from typing import TYPE_CHECKING

from touchline.friction.kinds.opening import Anchor, Opening
from touchline.friction.kinds.state import State
from touchline.vocabulary.event import Event

if TYPE_CHECKING:
    from touchline.friction.kinds.terms import Terms


class Match(State):
    """Every matching event is a signal."""

    __slots__ = ("_found",)

    def __init__(self, terms: "Terms") -> None:
        super().__init__(terms)
        self._found: list[Opening] = []

    def on_start(self, event: Event, anchor: Anchor) -> None:
        self._found.append(Opening(anchor, anchor.time))

    def openings(self, now: int) -> list[Opening]:
        return self._found

    def idle(self, time: int) -> bool:
        return False

    def copy(self) -> "Match":
        copied = Match(self.terms)
        copied._found = list(self._found)
        return copied
