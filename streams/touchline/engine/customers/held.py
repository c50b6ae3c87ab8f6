"""The customers that a worker holds: a cache of what a fold over the events table gives.

A customer that is not held, or that gained or lost events, is refolded from the stored events; one query
loads all of those in a portion. A late event refolds its customer from the last snapshot before it; the older
snapshots are, the wider apart they lie, so that an event that is a little late costs a little. Releasing a
customer at any moment changes no result.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from touchline.engine.customers.fold import CustomerFold, Folded, unpacked_customer
from touchline.friction import FrictionFold, RuleSet
from touchline.journeys import Journey
from touchline.tables.rows import week_of
from touchline.vocabulary.event import Event
from touchline.vocabulary.order import in_order

HELD_CUSTOMERS = 100_000
"""Customers that are held at most; the one that was not touched for longest goes first."""

SNAPSHOT_EVENTS = 1_000
"""Events between two snapshots. Customers with fewer have none, and that is nearly all."""

MOST_SNAPSHOTS = 16
"""Snapshots of one customer."""

Load = Callable[[Collection[str], int | None], Iterable[tuple[str, Event]]]
"""The stored events of some customers, all or those later than a time (ms), each with its customer."""

_NO_SIGNALS = 0
"""The fingerprint of no signals, as most customers have."""


class Customer:
    """A customer in a flush: its fold, its snapshots, and fingerprints of what the store holds of it.

    Args:
        fold: Its state.
        snapshots: Earlier states, the oldest first.
    """

    __slots__ = ("_earlier_written", "_fold", "_newest_written", "_signals_written", "_snapshots")

    def __init__(self, fold: CustomerFold, snapshots: tuple[CustomerFold, ...] = ()) -> None:
        self._fold, self._snapshots = fold, snapshots
        # None where it is not known what the store holds.
        self._signals_written: int | None = None
        self._earlier_written: int | None = None
        self._newest_written: tuple[str, int] | None = None

    @property
    def known(self) -> bool:
        """Whether it is known what the store holds of it."""
        return self._earlier_written is not None

    @property
    def signals_known(self) -> bool:
        """Whether it is known which signals the store has of it."""
        return self._signals_written is not None

    @property
    def without_signals(self) -> bool:
        """Whether it is known that the store has no signals of it."""
        return self._signals_written == _NO_SIGNALS

    @property
    def taken(self) -> int:
        """How many events were taken in."""
        return self._fold.taken

    @property
    def last(self) -> int:
        """The time (ms) of the latest event taken in."""
        return self._fold.last

    @property
    def places(self) -> set[tuple[str, int]]:
        """The first event of each journey, and the week in which its row lies."""
        return self._fold.places

    def folded(self, rules: RuleSet, now: int) -> Folded:
        """The signals and journeys at the evaluation time `now` (ms)."""
        return self._fold.folded(rules, now)

    def precedes(self, event: Event) -> bool:
        """Whether all taken in so far are of earlier times, so that the event can be taken in."""
        return self._fold.precedes(event)

    def forgot(self, now: int) -> bool:
        """Whether the customer must be folded whole at `now` (ms); see `FrictionFold.needs_whole_fold`."""
        return self._fold.forgot(now)

    def signals_changed(self, folded: Folded) -> bool:
        """Whether the store has other signals than these, or may have."""
        return self._signals_written != _signals_print(folded)

    def changed_journeys(self, folded: Folded) -> list[Journey]:
        """The journeys of which the store may have another row: the last, and all if an earlier changed."""
        return folded.journeys[-1:] if self._earlier_written == _earlier_print(folded) else folded.journeys

    def moved_journey(self, folded: Folded) -> tuple[Journey, int] | None:
        """The journey that now lies in another week than its row, and the time (ms) of its last event there.

        In order, it can only be the one that was the last.
        """
        if self._newest_written is None or week_of(self._newest_written[1]) == week_of(self.last):
            return None
        first, last = self._newest_written
        journey = next(one for one in reversed(folded.journeys) if one.first == first)
        return None if week_of(journey.last) == week_of(last) else (journey, last)

    def wrote(self, folded: Folded) -> None:
        """The store now holds this."""
        self._signals_written = _signals_print(folded)
        self._earlier_written = _earlier_print(folded)

    def replace(self, before: "Customer") -> None:
        """Take the place of `before`, the same customer: the store holds what was written of it."""
        self._signals_written = before._signals_written

    def take_all(self, events: Sequence[Event], rules: RuleSet, journey_gap: int) -> None:
        """Take the next events, in order, and make snapshots on the way."""
        fold = self._fold
        since = fold.taken - (self._snapshots[-1].taken if self._snapshots else 0)
        begin = 0
        while begin < len(events):
            if since >= SNAPSHOT_EVENTS:
                # Only between different times does a snapshot have all events up to its own.
                while begin < len(events) and not fold.precedes(events[begin]):
                    fold.take(events[begin : begin + 1], rules, journey_gap)
                    begin += 1
                if begin < len(events):
                    self._snapshots = _thinned((*self._snapshots, fold.copy()))
                    since = 0
            portion = events[begin : begin + SNAPSHOT_EVENTS - since]
            fold.take(portion, rules, journey_gap)
            since += len(portion)
            begin += len(portion)

    def rewound(self, time: int) -> "Customer | None":
        """This customer as it stood before `time` (ms), by its last snapshot then; None without one."""
        earlier = tuple(snapshot for snapshot in self._snapshots if snapshot.last < time)
        return Customer(earlier[-1].copy(), earlier) if earlier else None


class _Held:
    """A customer between two flushes, in the least memory."""

    __slots__ = ("_earlier_written", "_friction", "_run", "_signals_written", "_snapshots")

    def __init__(self, customer: Customer) -> None:
        self._friction, self._run = customer._fold.packed()
        self._signals_written = customer._signals_written
        self._earlier_written = customer._earlier_written
        self._snapshots = customer._snapshots

    def unpacked(self) -> Customer:
        customer = Customer(unpacked_customer(self._friction, self._run), self._snapshots)
        customer._signals_written = self._signals_written
        customer._earlier_written = self._earlier_written
        customer._newest_written = customer._fold.newest
        return customer


class Advanced(NamedTuple):
    """Customers with their fresh events taken in; `replaced` are those that were refolded, as they were."""

    customers: dict[str, Customer]
    replaced: dict[str, Customer]


class HeldCustomers:
    """Held customers by strongest identifier, in the order in which they were last touched.

    Args:
        rules: What they are folded by.
        journey_gap: A silence longer than this (ms) ends a journey.
        most: How many are held at most.
    """

    def __init__(self, rules: RuleSet, journey_gap: int, most: int = HELD_CUSTOMERS) -> None:
        self._rules, self._journey_gap, self._most = rules, journey_gap, most
        self._held: dict[str, _Held] = {}

    def __len__(self) -> int:
        return len(self._held)

    def advance(
        self,
        touched: Iterable[str],
        fresh: Mapping[str, list[Event]],
        moved: Collection[str],
        now: int,
        load: Load,
    ) -> Advanced:
        """The touched customers with the fresh events taken in, to be evaluated at `now` (ms).

        `moved` ones gained or lost events. `load` gives stored events.
        """
        found: dict[str, Customer] = {}
        refold: dict[str, list[Event]] = {}
        replaced: dict[str, Customer] = {}
        for name in touched:
            events = fresh.get(name, [])
            packed = self._held.pop(name, None)
            if packed is None:
                refold[name] = events
                continue
            if len(events) > 1:
                events = in_order(events, self._rules.phases)
            held = packed.unpacked()
            stays = name not in moved
            if stays and (not events or held.precedes(events[0])):
                found[name] = held
                held.take_all(events, self._rules, self._journey_gap)
                continue
            if held.known:
                replaced[name] = held
            if stays and (earlier := held.rewound(events[0].time)) is not None:
                found[name] = earlier
                stored = (event for _, event in load([name], earlier.last))
                every = in_order([*stored, *events], self._rules.phases)
                earlier.take_all(every, self._rules, self._journey_gap)
            else:
                refold[name] = events
        if refold:
            found |= self._refolded(refold, load, whole=False)
        if forgot := [name for name, held in found.items() if held.forgot(now)]:
            found |= self._refolded({name: fresh.get(name, []) for name in forgot}, load, whole=True)
        for name, before in replaced.items():
            found[name].replace(before)
        return Advanced(found, replaced)

    def hold(self, customers: Mapping[str, Customer]) -> None:
        """Keep these, and let go of those touched longest ago if there are too many."""
        self._held |= {name: _Held(customer) for name, customer in customers.items()}
        if (excess := len(self._held) - self._most) > 0:
            for name in list(islice(self._held, excess)):
                del self._held[name]

    def release(self, names: Iterable[str]) -> None:
        """Hold these no longer: it is no longer known what the store holds of them."""
        for name in names:
            self._held.pop(name, None)

    def _refolded(self, fresh: Mapping[str, list[Event]], load: Load, *, whole: bool) -> dict[str, Customer]:
        stored: dict[str, list[Event]] = defaultdict(list)
        for name, event in load(fresh.keys(), None):
            stored[name].append(event)
        found = {}
        for name, events in fresh.items():
            held = found[name] = Customer(CustomerFold(FrictionFold(whole)))
            if every := [*stored.get(name, ()), *events]:
                held.take_all(in_order(every, self._rules.phases), self._rules, self._journey_gap)
        return found


def _thinned(snapshots: tuple[CustomerFold, ...]) -> tuple[CustomerFold, ...]:
    """At most `MOST_SNAPSHOTS`: every other one of the older half goes, so that older ones lie apart."""
    if len(snapshots) <= MOST_SNAPSHOTS:
        return snapshots
    half = len(snapshots) // 2
    return (*snapshots[:half:2], *snapshots[half:])


def _signals_print(folded: Folded) -> int:
    """A fingerprint of the signals."""
    if not folded.signals:
        return _NO_SIGNALS
    return hash(
        tuple(
            (
                *(signal.rule, signal.anchor, signal.opened_at, signal.resolved_at, signal.evidence),
                journey.first,
            )
            for signal, journey in zip(folded.signals, folded.journey_of, strict=True)
        )
    )


def _earlier_print(folded: Folded) -> int:
    """A fingerprint of all journeys but the last: in order, nothing but their strikes can change."""
    if len(folded.journeys) < 2:
        return 0
    return hash(tuple((journey.events, journey.strikes) for journey in folded.journeys[:-1]))
