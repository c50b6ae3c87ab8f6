"""Folds one customer: the customer's events, in order, become signals and journeys.

The law: `folded` gives the same result for the same events, whatever portions they were taken in. An event
that comes after a later one cannot be taken in; whoever keeps the events starts a new fold.
"""

from collections.abc import Sequence
from typing import NamedTuple

from touchline.friction import FrictionFold, RuleSet, Signal
from touchline.journeys import JOURNEY_GAP, Journey, Run, Strike, begun, journey_at, made
from touchline.vocabulary.event import Event


class Folded(NamedTuple):
    """The result of a customer's events; at `due_at` (ms) the customer must be folded again.

    `journey_of` gives each signal's journey, in the order of `signals`.
    """

    signals: list[Signal]
    journey_of: list[Journey]
    journeys: list[Journey]
    due_at: int | None


class CustomerFold:
    """The state of one customer: a fold over its events so far, which it does not keep.

    Args:
        whole: As of `FrictionFold`.
    """

    __slots__ = ("_friction", "_run")

    def __init__(self, whole: bool = True) -> None:
        self._friction = FrictionFold(whole)
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

    def copy(self) -> "CustomerFold":
        """A fold in the same state that goes its own way from here."""
        copied = CustomerFold()
        self._friction.friction_copy(copied._friction)
        copied._run = None if self._run is None else self._run.copy()
        return copied

    def take(self, events: Sequence[Event], rules: RuleSet, journey_gap: int) -> None:
        """Take the next events, in order; all taken in so far precede them, by (time, id)."""
        self._friction.advance(events, rules)
        run = self._run
        for event in events:
            run = begun(event, None) if run is None else run.advanced(event, journey_gap)
        self._run = run

    def folded(self, rules: RuleSet, now: int) -> Folded:
        """The signals and journeys of the events so far at the evaluation time `now` (ms)."""
        signals, due_at = self._friction.findings(rules, now)
        if not signals:
            return Folded(signals, [], made(self._run), due_at)
        journeys = made(self._run, [Strike(signal.opened_at, signal.weight) for signal in signals])
        starts = [journey.start for journey in journeys]
        places = [journey_at(starts, signal.opened_at) for signal in signals]
        return Folded(signals, [journeys[place] for place in places], journeys, due_at)

    def forgot(self, rules: RuleSet, now: int) -> bool:
        """Whether a fold that is not whole may be wrong at `now` (ms); see `FrictionFold.forgot`."""
        return self._friction.forgot(rules, now)

    def settle(self) -> None:
        """Take less memory until the next event."""
        self._friction.settle()


def fold(events: Sequence[Event], rules: RuleSet, now: int, journey_gap: int = JOURNEY_GAP) -> Folded:
    """Fold one customer's `events`, in order and each once, at the evaluation time `now` (ms)."""
    customer = CustomerFold()
    customer.take(events, rules, journey_gap)
    return customer.folded(rules, now)
