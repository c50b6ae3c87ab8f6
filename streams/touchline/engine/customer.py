"""One customer, folded: the events of a customer, in order, become signals and journeys.

The law: whatever steps the events come in, `folded` says what one fold of all of them says. An event
that comes after a later one cannot be taken in; whoever keeps the events begins a new fold.
"""

from collections.abc import Sequence
from typing import NamedTuple

from touchline.friction import FrictionFold, RuleSet, Signal
from touchline.journeys import JOURNEY_GAP, Journey, Run, Strike, begun, journey_at, made
from touchline.vocabulary.event import Event


class Folded(NamedTuple):
    """What a customer's events amount to; `due_at` (ms) is when the customer must be looked at again.

    `journey_of` gives each signal's journey, in the order of `signals`.
    """

    signals: list[Signal]
    journey_of: list[Journey]
    journeys: list[Journey]
    due_at: int | None


class CustomerFold(FrictionFold):
    """The state of one customer: a fold over its events so far, which it does not keep."""

    __slots__ = ("_run",)

    def __init__(self, whole: bool = True) -> None:
        super().__init__(whole)
        self._run: Run | None = None

    def precedes(self, event: Event) -> bool:
        """Whether all taken in so far are of earlier times, so that the event can be taken in."""
        return event.time > self.last

    @property
    def last(self) -> int:
        """The time (ms) of the latest event taken in; before all times where there is none."""
        return -(2**63) if self._run is None else self._run.last

    @property
    def taken(self) -> int:
        """How many events were taken in."""
        return 0 if self._run is None else sum([run.events for run in self._run.all])

    @property
    def firsts(self) -> set[str]:
        """The first event of each journey."""
        return set() if self._run is None else {run.first for run in self._run.all}

    def copy_into(self, into: "CustomerFold") -> None:
        """Make `into`, which is new, stand where this one stands, to go its own way from here."""
        self.friction_copy(into)
        into._run = None if self._run is None else self._run.copy()

    def take(self, events: Sequence[Event], rules: RuleSet, journey_gap: int) -> None:
        """Take the next events, in order; all taken in so far precede them, by (time, id)."""
        self.advance(events, rules)
        run = self._run
        for event in events:
            run = begun(event, None) if run is None else run.advanced(event, journey_gap)
        self._run = run

    def folded(self, rules: RuleSet, now: int) -> Folded:
        """What the events so far amount to at the evaluation time `now` (ms)."""
        found, due_at = self.findings(rules, now)
        if not found:
            return Folded(found, [], made(self._run), due_at)
        all_made = made(self._run, [Strike(one.opened_at, one.weight) for one in found])
        starts = [journey.start for journey in all_made]
        places = [journey_at(starts, one.opened_at) for one in found]
        return Folded(found, [all_made[place] for place in places], all_made, due_at)


def fold(events: Sequence[Event], rules: RuleSet, now: int, journey_gap: int = JOURNEY_GAP) -> Folded:
    """Fold one customer's `events`, in order and each once, at the evaluation time `now` (ms)."""
    customer = CustomerFold()
    customer.take(events, rules, journey_gap)
    return customer.folded(rules, now)
