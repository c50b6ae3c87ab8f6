"""What every kind of rule has in common: the steps of a state, and the bits of selectors."""

from typing import TYPE_CHECKING, Final

from touchline.friction.kinds.opening import Anchor, Opening
from touchline.vocabulary.event import Event

if TYPE_CHECKING:
    from touchline.friction.kinds.terms import Terms

STARTS: Final = 1
"""The bit of a selector that can start a signal or an obligation: `when`, `after`, `of`, `first`."""

THEN: Final = 2
UNLESS: Final = 4
WITHOUT: Final = 4

BITS: Final[dict[str, int]] = {
    "when": STARTS,
    "after": STARTS,
    "of": STARTS,
    "first": STARTS,
    "then": THEN,
    "unless": UNLESS,
    "without": WITHOUT,
}
"""Selector → its bit in the mask of selectors that match an event."""


class State:
    """The state of one rule for one key. By default, a step that a kind does not need does nothing."""

    __slots__ = ("terms",)

    def __init__(self, terms: "Terms") -> None:
        self.terms = terms

    def on_answer(self, event: Event, mask: int) -> bool:
        """Process an event that may end something; true if it is used up and cannot start anything.

        `mask` has the bits of the selectors that match it.
        """
        return False

    def on_start(self, event: Event, anchor: Anchor) -> None:
        """Process an event that can start something."""
        raise NotImplementedError

    def on_time(self, time: int) -> None:
        """Note that the key has an event of any type at `time` (ms)."""

    def deadline(self) -> int | None:
        """The deadline of the pending obligation (ms); None if there is none."""
        return None

    def openings(self, now: int) -> list[Opening]:
        """The openings found at the evaluation time `now` (ms). Do not modify the list."""
        raise NotImplementedError

    def idle(self, time: int) -> bool:
        """Whether it has no openings and, for events from `time` (ms) on, behaves like a new state."""
        raise NotImplementedError

    def copy(self) -> "State":
        """An independent copy."""
        raise NotImplementedError


NOTHING: Final[list[Opening]] = []


def added(found: list[Opening] | None, opening: Opening) -> list[Opening]:
    """Append an opening. Most states never find one, so the list is created with the first."""
    if found is None:
        return [opening]
    found.append(opening)
    return found
