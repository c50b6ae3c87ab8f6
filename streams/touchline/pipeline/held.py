"""The customers that a worker holds: a cache of what a fold over the events table gives.

A customer that is not held, or whose events came out of order, or who was merged or split, is folded
anew from the stored events; all of those in a flush are loaded in one query. Letting go of a customer at
any moment changes no result.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping

from touchline.friction import RuleSet
from touchline.journeys import Journey
from touchline.pipeline.customer import CustomerFold, Folded
from touchline.vocabulary.event import Event

HELD_CUSTOMERS = 100_000
"""Customers that are held at most; the one that was not touched for longest goes first."""


class Held(CustomerFold):
    """A held customer, with fingerprints of what the store has of it, None where that is not known."""

    __slots__ = ("_journeys_written", "_signals_written")

    def __init__(self, rules: RuleSet, journey_gap: int) -> None:
        super().__init__(rules, journey_gap)
        self._signals_written: int | None = None
        self._journeys_written: tuple[int, ...] | None = None

    @property
    def known(self) -> bool:
        """Whether it is known what the store has of it."""
        return self._journeys_written is not None

    def signals_changed(self, folded: Folded) -> bool:
        """Whether the store has other signals than these, or may have."""
        return self._signals_written != _signals_print(folded)

    def changed_journeys(self, folded: Folded) -> list[Journey]:
        """The journeys of which the store has no row, or another one; in order."""
        before = self._journeys_written or ()
        now = _journey_prints(folded)
        return [
            journey
            for position, journey in enumerate(folded.journeys)
            if position >= len(before) or before[position] != now[position]
        ]

    def wrote(self, folded: Folded) -> None:
        """Remember that the store has this now."""
        self._signals_written = _signals_print(folded)
        self._journeys_written = _journey_prints(folded)
        self.settle()


class HeldCustomers:
    """Held customers by strongest identifier, in the order in which they were last touched.

    Args:
        rules: What they are folded by.
        journey_gap: A silence longer than this (ms) ends a journey.
        load: The stored events of some customers, in one go.
        most: How many are held at most.
    """

    def __init__(
        self,
        rules: RuleSet,
        journey_gap: int,
        load: Callable[[Collection[str]], Iterable[tuple[str, Event]]],
        most: int = HELD_CUSTOMERS,
    ) -> None:
        self._rules, self._journey_gap = rules, journey_gap
        self._load, self._most = load, most
        self._held: OrderedDict[str, Held] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def advance(
        self, touched: Iterable[str], fresh: Mapping[str, list[Event]], moved: Collection[str]
    ) -> dict[str, Held]:
        """The touched customers, with the fresh events taken in. `moved` ones gained or lost events."""
        found: dict[str, Held] = {}
        anew: dict[str, list[Event]] = {}
        for name in touched:
            events = sorted(fresh.get(name, ()), key=lambda event: event.order)
            one = self._held.pop(name, None)
            if one is None or name in moved or (events and not one.precedes(events[0])):
                anew[name] = events
            else:
                found[name] = one
                for event in events:
                    one.advance(event)
        if anew:
            found |= self._folded_anew(anew)
        return found

    def hold(self, customers: Mapping[str, Held]) -> None:
        """Keep these, and let go of those touched longest ago if there are too many."""
        self._held |= customers
        while len(self._held) > self._most:
            self._held.popitem(last=False)

    def _folded_anew(self, fresh: Mapping[str, list[Event]]) -> dict[str, Held]:
        events: dict[str, list[Event]] = defaultdict(list)
        for name, event in self._load(fresh.keys()):
            events[name].append(event)
        found = {}
        for name, new in fresh.items():
            one = found[name] = Held(self._rules, self._journey_gap)
            for event in sorted((*events[name], *new), key=lambda event: event.order):
                one.advance(event)
        return found


def _signals_print(folded: Folded) -> int:
    return hash(
        tuple(
            (one.id, one.opened_at, one.resolved_at, one.evidence, journey)
            for one, journey in zip(folded.signals, folded.journey_of, strict=True)
        )
    )


def _journey_prints(folded: Folded) -> tuple[int, ...]:
    """A fingerprint of each journey. In order, whatever else changes does so with the number of events.

    When the customer is next due stands on the last journey.
    """
    last = len(folded.journeys) - 1
    return tuple(
        hash((one.events, one.strikes, folded.due_at if position == last else None))
        for position, one in enumerate(folded.journeys)
    )
