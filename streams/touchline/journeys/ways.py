"""Ways from a cart to an order within a journey (docs/semantics.md#ways-to-an-order)."""

from collections.abc import Collection
from typing import Final, NamedTuple

from touchline.vocabulary.durations import DAY
from touchline.vocabulary.event import Event
from touchline.vocabulary.steps import CART_TO_ORDER

WITHIN: Final = 7 * DAY
"""How long (ms) after its beginning a way takes steps, and something comes next on it."""

_NUMBER: Final = {kind: number for number, kind in enumerate(CART_TO_ORDER, start=1)}


class Way(NamedTuple):
    """A way: where it began, how far it went, and what came next.

    `begun` and `last` are the times (ms) of its first and its furthest step, `reached` is the number of the
    furthest one, from 1. `next` and `next_id` are the type and the id of the event after that, or ''; `met`
    is 1 if a friction hangs on that event.
    """

    begun: int
    channel: str
    source: str
    reached: int
    last: int
    next: str = ""
    next_id: str = ""
    met: int = 0


class Ways:
    """The ways of a journey while its events come."""

    __slots__ = ("_open", "_took", "_ways")

    def __init__(self) -> None:
        self._ways: list[Way] = []
        # For each step, the number of the way that took it last.
        self._took: list[int | None] = [None] * len(CART_TO_ORDER)
        # The numbers of the ways on which nothing came yet after the last step.
        self._open: list[int] = []

    def copy(self) -> "Ways":
        """An independent copy."""
        copied = Ways()
        copied._ways, copied._took, copied._open = [*self._ways], [*self._took], [*self._open]
        return copied

    def advance(self, event: Event) -> None:
        """Take in the journey's next event."""
        if self._open:
            self._open = [number for number in self._open if not self._comes(number, event)]
        step = _NUMBER.get(event.type)
        if step == 1:
            self._begin(event)
        elif step is not None:
            self._go_on(step, event)

    def with_friction(self, anchors: Collection[str]) -> tuple[Way, ...]:
        """The ways so far, in the order of their beginnings; `anchors` are what frictions hang on."""
        return tuple([way._replace(met=1) if way.next_id in anchors else way for way in self._ways])

    def _comes(self, number: int, event: Event) -> bool:
        """Note the event as what came next on a way. Returns whether nothing else can."""
        way = self._ways[number]
        if event.time - way.begun > WITHIN:
            return True
        if event.time == way.last:
            return False
        self._ways[number] = way._replace(next=event.type, next_id=event.id)
        return True

    def _begin(self, event: Event) -> None:
        """Begin a way: the last one anew if it has only begun."""
        way = Way(event.time, event.channel, event.source, 1, event.time)
        number = self._took[0]
        if number is None or self._ways[number].reached > 1 or self._late(number, event):
            number = self._took[0] = len(self._ways)
            self._ways.append(way)
        self._reach(number, way)

    def _go_on(self, step: int, event: Event) -> None:
        """Take a later step, on the way that took the step before last."""
        number = self._took[step - 2]
        if number is None or self._late(number, event):
            return
        self._took[step - 1] = number
        way = self._ways[number]
        if step >= way.reached:
            self._reach(number, way._replace(reached=step, last=event.time, next="", next_id=""))

    def _late(self, number: int, event: Event) -> bool:
        return event.time - self._ways[number].begun > WITHIN

    def _reach(self, number: int, way: Way) -> None:
        self._ways[number] = way
        if number not in self._open:
            self._open.append(number)
