"""The customers that a worker holds: a cache of what a fold over the events table gives.

A customer that is not held, or that gained or lost events of others, is folded anew from the stored
events; all of those in a flush are loaded in one query. One whose event came late is folded again from
the last snapshot before it; snapshots lie wider apart the older they are, so that an event that is a little
late costs a little. Letting go of a customer at any moment changes no result.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import islice

from touchline.engine.customer import CustomerFold, Folded
from touchline.friction import RuleSet
from touchline.journeys import Journey
from touchline.vocabulary.event import Event, in_order

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


class Held(CustomerFold):
    """A held customer, with fingerprints of what the store has of it, None where that is not known."""

    __slots__ = ("_earlier_written", "_signals_written", "_snapshots")

    def __init__(self, whole: bool = False) -> None:
        super().__init__(whole)
        self._signals_written: int | None = None
        self._earlier_written: int | None = None
        self._snapshots: tuple[CustomerFold, ...] = ()

    @property
    def known(self) -> bool:
        """Whether it is known what the store has of it."""
        return self._earlier_written is not None

    @property
    def without_signals(self) -> bool:
        """Whether it is known that the store has no signals of it."""
        return self._signals_written == _NO_SIGNALS

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

    def replace(self, before: "Held") -> None:
        """Stand for the same customer from now on: the store has what was written of it before."""
        self._signals_written = before._signals_written

    def take_all(self, events: Sequence[Event], rules: RuleSet, journey_gap: int) -> None:
        """Take the next events, in order, and make snapshots on the way."""
        since = self.taken - (self._snapshots[-1].taken if self._snapshots else 0)
        begin = 0
        while begin < len(events):
            if since >= SNAPSHOT_EVENTS:
                # Only between different times does a snapshot have all events up to its own.
                while begin < len(events) and not self.precedes(events[begin]):
                    self.take(events[begin : begin + 1], rules, journey_gap)
                    begin += 1
                if begin < len(events):
                    self._make_snapshot()
                    since = 0
            some = events[begin : begin + SNAPSHOT_EVENTS - since]
            self.take(some, rules, journey_gap)
            since += len(some)
            begin += len(some)

    def rewound(self, time: int) -> "Held | None":
        """This customer as it stood before `time` (ms), by its last snapshot then; None without one."""
        earlier = tuple(one for one in self._snapshots if one.last < time)
        if not earlier:
            return None
        one = Held()
        earlier[-1].copy_into(one)
        one._snapshots = earlier
        return one

    def _make_snapshot(self) -> None:
        snapshot = CustomerFold()
        self.copy_into(snapshot)
        self._snapshots = _thinned((*self._snapshots, snapshot))


class HeldCustomers:
    """Held customers by strongest identifier, in the order in which they were last touched.

    Args:
        rules: What they are folded by.
        journey_gap: A silence longer than this (ms) ends a journey.
        load: The stored events of some customers, in one go.
        most: How many are held at most.
    """

    def __init__(self, rules: RuleSet, journey_gap: int, load: Load, most: int = HELD_CUSTOMERS) -> None:
        self._rules, self._journey_gap = rules, journey_gap
        self._load, self._most = load, most
        self._held: dict[str, Held] = {}
        self.replaced: dict[str, Held] = {}
        """Of the customers advanced last, those that had to be folded anew, as they stood in the store."""

    def __len__(self) -> int:
        return len(self._held)

    def advance(
        self, touched: Iterable[str], fresh: Mapping[str, list[Event]], moved: Collection[str], now: int
    ) -> dict[str, Held]:
        """The touched customers, with the fresh events taken in, ready to be asked at `now` (ms).

        `moved` ones gained or lost events.
        """
        found: dict[str, Held] = {}
        anew: dict[str, list[Event]] = {}
        replaced = self.replaced = {}
        for name in touched:
            events = fresh.get(name, [])
            if len(events) > 1:
                events = in_order(events)
            one = self._held.pop(name, None)
            if one is None:
                anew[name] = events
                continue
            stays = name not in moved
            if stays and (not events or one.precedes(events[0])):
                found[name] = one
                one.take_all(events, self._rules, self._journey_gap)
                continue
            if one.known:
                replaced[name] = one
            if stays and (earlier := one.rewound(events[0].time)) is not None:
                found[name] = self._caught_up(name, earlier, events)
            else:
                anew[name] = events
        if anew:
            found |= self._folded_anew(anew, whole=False)
        if forgot := [name for name, one in found.items() if one.forgot(self._rules, now)]:
            found |= self._folded_anew({name: fresh.get(name, []) for name in forgot}, whole=True)
        for name, before in replaced.items():
            found[name].replace(before)
        return found

    def hold(self, customers: Mapping[str, Held]) -> None:
        """Keep these, and let go of those touched longest ago if there are too many."""
        self._held |= customers
        if (excess := len(self._held) - self._most) > 0:
            for name in list(islice(self._held, excess)):
                del self._held[name]

    def let_go(self, names: Iterable[str]) -> None:
        """Hold these no longer: it is not known any more what the store has of them."""
        for name in names:
            self._held.pop(name, None)

    def _caught_up(self, name: str, one: Held, fresh: Iterable[Event]) -> Held:
        stored = (event for _, event in self._load([name], one.last))
        one.take_all(in_order([*stored, *fresh]), self._rules, self._journey_gap)
        return one

    def _folded_anew(self, fresh: Mapping[str, list[Event]], *, whole: bool) -> dict[str, Held]:
        events: dict[str, list[Event]] = defaultdict(list)
        for name, event in self._load(fresh.keys(), None):
            events[name].append(event)
        found = {}
        for name, new in fresh.items():
            one = found[name] = Held(whole)
            if every := [*events.get(name, ()), *new]:
                one.take_all(in_order(every), self._rules, self._journey_gap)
        return found


def _thinned(snapshots: tuple[CustomerFold, ...]) -> tuple[CustomerFold, ...]:
    """So many and no more: of the older half every other one goes, and so, with time, they lie wider."""
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
            (one.rule, one.anchor, one.opened_at, one.resolved_at, one.evidence, journey.first)
            for one, journey in zip(folded.signals, folded.journey_of, strict=True)
        )
    )


def _earlier_print(folded: Folded) -> int:
    """A fingerprint of all journeys but the last: in order, nothing but their strikes can change."""
    if len(folded.journeys) < 2:
        return 0
    return hash(tuple((one.events, one.strikes) for one in folded.journeys[:-1]))
