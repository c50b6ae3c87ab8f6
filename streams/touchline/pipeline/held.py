"""The customers that a worker holds: a cache of what a fold over the events table gives.

A customer that is not held, or whose events came out of order, or who was merged or split, is folded
anew from the stored events; all of those in a flush are loaded in one query. Letting go of a customer at
any moment changes no result.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import islice
from operator import attrgetter

from touchline.friction import RuleSet
from touchline.journeys import Journey
from touchline.pipeline.customer import CustomerFold, Folded
from touchline.vocabulary.event import Event

_order = attrgetter("time", "id")

HELD_CUSTOMERS = 100_000
"""Customers that are held at most; the one that was not touched for longest goes first."""


class Held(CustomerFold):
    """A held customer, with fingerprints of what the store has of it, None where that is not known."""

    __slots__ = ("_earlier_written", "_signals_written")

    def __init__(self) -> None:
        super().__init__()
        self._signals_written: int | None = None
        self._earlier_written: int | None = None

    @property
    def known(self) -> bool:
        """Whether it is known what the store has of it."""
        return self._earlier_written is not None

    def signals_changed(self, folded: Folded) -> bool:
        """Whether the store has other signals than these, or may have."""
        return self._signals_written != _signals_print(folded)

    def changed_journeys(self, folded: Folded) -> list[Journey]:
        """The journeys of which the store may have another row: the last, and all if an earlier changed."""
        return folded.journeys[-1:] if self._earlier_written == _earlier_print(folded) else folded.journeys

    def wrote(self, folded: Folded) -> None:
        """Remember that the store has this now."""
        self._signals_written = _signals_print(folded)
        self._earlier_written = _earlier_print(folded)
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
        self._held: dict[str, Held] = {}

    def __len__(self) -> int:
        return len(self._held)

    def advance(
        self, touched: Iterable[str], fresh: Mapping[str, list[Event]], moved: Collection[str]
    ) -> dict[str, Held]:
        """The touched customers, with the fresh events taken in. `moved` ones gained or lost events."""
        found: dict[str, Held] = {}
        anew: dict[str, list[Event]] = {}
        for name in touched:
            events = fresh.get(name, [])
            if len(events) > 1:
                events = sorted(events, key=_order)
            one = self._held.pop(name, None)
            if one is None or name in moved or (events and not one.precedes(events[0])):
                anew[name] = events
            else:
                found[name] = one
                for event in events:
                    one.take(event, self._rules, self._journey_gap)
        if anew:
            found |= self._folded_anew(anew)
        return found

    def hold(self, customers: Mapping[str, Held]) -> None:
        """Keep these, and let go of those touched longest ago if there are too many."""
        self._held |= customers
        if (excess := len(self._held) - self._most) > 0:
            for name in list(islice(self._held, excess)):
                del self._held[name]

    def _folded_anew(self, fresh: Mapping[str, list[Event]]) -> dict[str, Held]:
        events: dict[str, list[Event]] = defaultdict(list)
        for name, event in self._load(fresh.keys()):
            events[name].append(event)
        found = {}
        for name, new in fresh.items():
            one = found[name] = Held()
            for event in sorted((*events[name], *new), key=_order):
                one.take(event, self._rules, self._journey_gap)
        return found


def _signals_print(folded: Folded) -> int:
    """A fingerprint of the signals; 0 where there are none, as with most customers."""
    if not folded.signals:
        return 0
    return hash(
        tuple(
            (one.id, one.opened_at, one.resolved_at, one.evidence, journey)
            for one, journey in zip(folded.signals, folded.journey_of, strict=True)
        )
    )


def _earlier_print(folded: Folded) -> int:
    """A fingerprint of all journeys but the last: in order, nothing but their strikes can change."""
    if len(folded.journeys) < 2:
        return 0
    return hash(tuple((one.events, one.strikes) for one in folded.journeys[:-1]))
