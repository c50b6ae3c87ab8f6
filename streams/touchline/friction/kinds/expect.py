"""`expect`: an obligation that is met, cancelled or missed."""

from typing import TYPE_CHECKING

from touchline.friction.kinds.opening import Anchor, Opening
from touchline.friction.kinds.state import NOTHING, THEN, UNLESS, State, added
from touchline.vocabulary.event import Event

if TYPE_CHECKING:
    from touchline.friction.kinds.terms import Terms


class Expect(State):
    """At most one pending obligation, which is met, cancelled or missed."""

    __slots__ = ("_answerable", "_missed", "_pending")

    def __init__(self, terms: "Terms") -> None:
        super().__init__(terms)
        self._pending: Opening | None = None  # `opened_at` is its deadline
        self._missed: list[Opening] | None = None
        self._answerable = False  # whether the last missed obligation may still be resolved

    def on_answer(self, event: Event, mask: int) -> bool:
        time = event.time
        self.on_time(time)
        if mask & THEN:
            if self._answerable and self._missed:
                self._missed[-1].resolved_at = time
            self._answerable, self._pending = False, None
        elif mask & UNLESS:
            self._pending = None
        return False

    def on_start(self, event: Event, anchor: Anchor) -> None:
        self.on_time(anchor.time)
        if self._pending is None or self.terms.restart:
            self._oblige(event, anchor)

    def on_time(self, time: int) -> None:
        pending = self._pending
        if pending is not None and time > pending.opened_at:
            self._missed = added(self._missed, pending)
            self._answerable, self._pending = True, None

    def _oblige(self, event: Event, anchor: Anchor) -> None:
        terms = self.terms
        deadline = terms.deadline_after(event)
        if deadline is None:
            return
        pending = self._pending
        if pending is None:
            pending = self._pending = Opening(anchor, deadline)
            self._answerable = False
        else:
            pending.opened_at = deadline
            pending.add_evidence(anchor.id)

    def deadline(self) -> int | None:
        return None if self._pending is None else self._pending.opened_at

    def openings(self, now: int) -> list[Opening]:
        missed = NOTHING if self._missed is None else self._missed
        if self._pending is not None and self._pending.opened_at <= now:
            return [*missed, self._pending]
        return missed

    def idle(self, time: int) -> bool:
        return self._pending is None and self._missed is None

    def copy(self) -> "Expect":
        copied = Expect(self.terms)
        copied._pending = None if self._pending is None else self._pending.copy()
        if self._missed is not None:
            copied._missed = [*self._missed[:-1], self._missed[-1].copy()]
        copied._answerable = self._answerable
        return copied
