"""Folds one customer: the customer's events, in order, become signals and journeys.

The law: `folded` gives the same result for the same events, whatever portions they were taken in. An event
that comes after a later one cannot be taken in; whoever keeps the events starts a new fold.
"""

from collections.abc import Sequence
from typing import NamedTuple

from touchline.friction import FrictionFold, Packed, RuleSet, Signal, unpacked
from touchline.journeys import JOURNEY_GAP, Journey, Run, Strike, begun, journey_at, made
from touchline.tables.rows import week_of
from touchline.vocabulary.event import Event
from touchline.vocabulary.internal import touchpoints


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
        friction: The rules on their way through the events.
        run: The journeys so far.
    """

    __slots__ = ("_friction", "_run")

    def __init__(self, friction: FrictionFold, run: Run | None = None) -> None:
        self._friction, self._run = friction, run

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
    def places(self) -> set[tuple[str, int]]:
        """The first event of each journey, and the week in which its row lies."""
        return set() if self._run is None else {(run.first, week_of(run.last)) for run in self._run.all}

    @property
    def newest(self) -> tuple[str, int] | None:
        """The first event of the last journey, and the time (ms) of its last event."""
        return None if self._run is None else (self._run.first, self._run.last)

    def copy(self) -> "CustomerFold":
        """A fold in the same state that goes its own way from here."""
        return CustomerFold(self._friction.copy(), None if self._run is None else self._run.copy())

    def take(self, events: Sequence[Event], rules: RuleSet, journey_gap: int) -> None:
        """Take the next events, in order; all taken in so far precede them, by (time, phase, id).

        Internal events among them change nothing.
        """
        events = touchpoints(events)
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
        journeys = made(self._run, [Strike(one.opened_at, one.weight, one.anchor) for one in signals])
        starts = [journey.start for journey in journeys]
        places = [journey_at(starts, signal.opened_at) for signal in signals]
        return Folded(signals, [journeys[place] for place in places], journeys, due_at)

    def forgot(self, now: int) -> bool:
        """Whether only a whole fold is right at `now` (ms); see `FrictionFold.needs_whole_fold`."""
        return self._friction.needs_whole_fold(now)

    def packed(self) -> tuple[Packed, Run | None]:
        """The state in the least memory; `unpacked_customer` makes a fold of it again."""
        return self._friction.packed(), self._run


def unpacked_customer(friction: Packed, run: Run | None) -> CustomerFold:
    """A fold from the two parts of `CustomerFold.packed`."""
    return CustomerFold(unpacked(friction, 0 if run is None else run.last), run)


def fold(events: Sequence[Event], rules: RuleSet, now: int, journey_gap: int = JOURNEY_GAP) -> Folded:
    """Fold one customer's `events`, in order and each once, at the evaluation time `now` (ms)."""
    customer = CustomerFold(FrictionFold())
    customer.take(events, rules, journey_gap)
    return customer.folded(rules, now)
