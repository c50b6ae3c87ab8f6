"""One customer, folded: the events of a customer, in order, become signals and journeys.

The law: whatever steps the events come in, `folded` says what one fold of all of them says. An event
that comes after a later one cannot be taken in; whoever keeps the events begins a new fold.
"""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from touchline.friction import FrictionFold, RuleSet, Signal
from touchline.journeys import JOURNEY_GAP, Journey, JourneysFold, Strike, journey_at
from touchline.vocabulary.event import Event


class Folded(NamedTuple):
    """What a customer's events amount to; `due_at` (ms) is when the customer must be looked at again.

    `journey_of` gives each signal's journey, in the order of `signals`.
    """

    signals: list[Signal]
    journey_of: list[UUID]
    journeys: list[Journey]
    due_at: int | None


class CustomerFold:
    """The state of one customer: a fold over its events so far, which it does not keep."""

    __slots__ = ("_friction", "_id", "_journeys", "_time")

    def __init__(self, rules: RuleSet, journey_gap: int = JOURNEY_GAP) -> None:
        self._friction = FrictionFold(rules)
        self._journeys = JourneysFold(journey_gap)
        self._time = -(2**63)
        self._id = ""

    def precedes(self, event: Event) -> bool:
        """Whether the event is later than all taken in so far, so that it can be taken in."""
        time = event.time
        return time > self._time or (time == self._time and event.id > self._id)

    def advance(self, event: Event) -> None:
        """Take the next event, which all taken in so far precede."""
        self._time, self._id = event.time, event.id
        self._friction.advance(event)
        self._journeys.advance(event)

    def folded(self, now: int) -> Folded:
        """What the events so far amount to at the evaluation time `now` (ms)."""
        found, due_at = self._friction.findings(now)
        if not found:
            return Folded(found, [], self._journeys.journeys(), due_at)
        made = self._journeys.journeys([Strike(one.opened_at, one.weight) for one in found])
        starts = self._journeys.starts
        journey_of = [made[journey_at(starts, one.opened_at)].id for one in found]
        return Folded(found, journey_of, made, due_at)

    def settle(self) -> None:
        """Let go of what no later event can make use of."""
        self._friction.settle()


def fold(events: Iterable[Event], rules: RuleSet, now: int, journey_gap: int = JOURNEY_GAP) -> Folded:
    """Fold one customer's `events`, in order and each once, at the evaluation time `now` (ms)."""
    customer = CustomerFold(rules, journey_gap)
    for event in events:
        customer.advance(event)
    return customer.folded(now)
