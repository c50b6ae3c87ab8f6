"""Touchline's fold, run in several ways over the same traffic."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from benchmarks.support.timing import Run, Stopwatch, Variant
from benchmarks.support.traffic import Traffic, arrivals, flushes, robot_traffic
from touchline.engine.customers.fold import CustomerFold, fold, unpacked_customer
from touchline.engine.customers.held import Customer, HeldCustomers
from touchline.friction import FrictionFold, Packed, RuleSet
from touchline.identity import Identities
from touchline.journeys import JOURNEY_GAP
from touchline.journeys import Run as Journeys
from touchline.vocabulary.event import Event

CustomerEvent = tuple[str, Event]
"""A customer, by strongest identifier, and an event of it."""

Frictions = set[tuple[str, str, int, int | None, tuple[str, ...]]]
"""Rule, anchor, opened_at, resolved_at, evidence: every variant must find the same."""

FLUSH = 10_000
SMALL_FLUSH = 20
REFOLDED = 20_000
"""Events of `refold_per_event`, whose cost per event hardly depends on their number."""

ROBOT = "device:robot"
"""The only customer of `robot_late`."""

ROBOT_EVENTS, ROBOT_LATE = 100_000, 100

_NO_LIMIT = 10_000_000
"""A size of the cache that no variant reaches."""


def fold_variants(traffic: Traffic, rules: RuleSet, flush: int) -> dict[str, Variant]:
    """Every variant of Touchline's fold by name, with its events prepared in flushes of `flush`."""
    events = list(zip(traffic.customers, traffic.events, strict=True))
    end = traffic.end

    def arriving(late: float) -> list[Sequence[CustomerEvent]]:
        return flushes([events[index] for index in arrivals(traffic, late, flush)], flush)

    in_order, small = flushes(events, flush), flushes(events, SMALL_FLUSH)
    late_1, late_10 = arriving(0.01), arriving(0.1)
    robot, robot_late = robot_traffic(ROBOT_EVENTS, ROBOT_LATE)
    robot_flushes = flushes(robot, FLUSH)
    linked_late = flushes(traffic.linked_late(0.1), flush)
    return {
        "in_order": lambda: _in_order(in_order, rules, end),
        "in_order_small_flush": lambda: _in_order(small, rules, end),
        "held": lambda: _held(in_order, rules, end),
        "held_1_percent_late": lambda: _held(late_1, rules, end),
        "held_10_percent_late": lambda: _held(late_10, rules, end),
        "held_with_merges": lambda: _with_merges(linked_late, rules, end),
        "robot_late": lambda: _robot(robot_flushes, robot_late, rules),
        "refold_per_event": lambda: _refold(events[:REFOLDED], rules),
    }


def _in_order(arriving: Iterable[Sequence[CustomerEvent]], rules: RuleSet, end: int) -> Run:
    """For each flush: take its events, then compute signals and journeys of each touched customer."""
    watch = Stopwatch()
    folds: dict[str, tuple[Packed, Journeys | None]] = {}
    events = folded = 0
    for flush in arriving:
        with watch.running():
            fresh: dict[str, list[Event]] = defaultdict(list)
            for name, event in flush:
                fresh[name].append(event)
            touched: dict[str, CustomerFold] = {}
            for name, new in fresh.items():
                packed = folds.get(name)
                if packed is None:
                    customer = CustomerFold(FrictionFold(whole=False))
                else:
                    customer = unpacked_customer(*packed)
                if not customer.precedes(new[0]):
                    raise RuntimeError(f"event {new[0].id} is not later than those before it")
                customer.take(new, rules, JOURNEY_GAP)
                touched[name] = customer
            now = flush[-1][1].time
            for name, customer in touched.items():
                customer.folded(rules, now)
                folds[name] = customer.packed()
        events += len(flush)
        folded += len(touched)
    return Run(
        watch,
        events,
        lambda: _frictions((unpacked_customer(*packed) for packed in folds.values()), rules, end),
        _counts(events, folded, 0),
    )


def _held(arriving: Iterable[Sequence[CustomerEvent]], rules: RuleSet, end: int) -> Run:
    """As the worker folds, without a store: customers with late events are refolded from kept events."""
    watch = Stopwatch()
    kept = _KeptEvents(lambda name: (name,))
    customers = HeldCustomers(rules, JOURNEY_GAP, most=_NO_LIMIT)
    everyone: dict[str, Customer] = {}
    events = folded = now = 0
    for flush in arriving:
        with watch.running():
            fresh: dict[str, list[Event]] = defaultdict(list)
            for name, event in flush:
                fresh[name].append(event)
                now = max(now, event.time)
            touched = customers.advance(fresh.keys(), fresh, (), now, kept.load).customers
            _compute_rows(touched, rules, now)
            customers.hold(touched)
        for name, new in fresh.items():
            kept.events[name] += new
        everyone |= touched
        events += len(flush)
        folded += len(touched)
    counts = _counts(events, folded, kept.loaded)
    return Run(watch, events, lambda: _frictions(everyone.values(), rules, end), counts)


def _with_merges(arriving: Iterable[Sequence[Event]], rules: RuleSet, end: int) -> Run:
    """As `_held`, with identities decided as links arrive: merged customers are refolded."""
    watch = Stopwatch()
    identities = Identities()
    kept = _KeptEvents(identities.members_of)
    customers = HeldCustomers(rules, JOURNEY_GAP, most=_NO_LIMIT)
    everyone: dict[str, Customer] = {}
    events = folded = now = 0
    for flush in arriving:
        with watch.running():
            moves = identities.observe([event.identifiers for event in flush])
            moved = {name for move in moves for name in (move.before, move.after)}
            fresh: dict[str, list[Event]] = defaultdict(list)
            for event in flush:
                fresh[identities.customer_of(event.entity)].append(event)
                now = max(now, event.time)
            touched = customers.advance(fresh.keys() | moved, fresh, moved, now, kept.load).customers
            _compute_rows(touched, rules, now)
            remaining = {name: customer for name, customer in touched.items() if identities.members_of(name)}
            customers.hold(remaining)
        for event in flush:
            kept.events[event.entity].append(event)
        for name in touched.keys() - remaining.keys():
            everyone.pop(name, None)
        everyone |= remaining
        events += len(flush)
        folded += len(touched)
    counts = _counts(events, folded, kept.loaded)
    return Run(watch, events, lambda: _frictions(everyone.values(), rules, end), counts)


def _robot(arriving: Sequence[Sequence[Event]], late: Sequence[Event], rules: RuleSet) -> Run:
    """Fold late events, one per flush, of a customer with very many kept events."""
    watch = Stopwatch()
    kept = _KeptEvents(lambda name: (name,))
    customers = HeldCustomers(rules, JOURNEY_GAP)
    now = arriving[-1][-1].time
    for flush in arriving:
        customers.hold(customers.advance([ROBOT], {ROBOT: list(flush)}, (), now, kept.load).customers)
        kept.events[ROBOT] += flush
    kept.read = 0
    for event in late:
        with watch.running():
            touched = customers.advance([ROBOT], {ROBOT: [event]}, (), now, kept.load).customers
            _compute_rows(touched, rules, now)
            customers.hold(touched)
        kept.events[ROBOT].append(event)
    return Run(watch, len(late), counts={"refolded_per_event": round(kept.read / len(late))})


def _refold(events: Sequence[CustomerEvent], rules: RuleSet) -> Run:
    """For each event, fold all events of its customer from the beginning."""
    watch = Stopwatch()
    kept: dict[str, list[Event]] = defaultdict(list)
    with watch.running():
        for name, event in events:
            kept[name].append(event)
            fold(kept[name], rules, event.time)
    return Run(watch, len(events), counts=_counts(len(events), len(events), len(events)))


class _KeptEvents:
    """Events by entity, as the store keeps them; `members` returns a customer's entities."""

    def __init__(self, members: Callable[[str], Iterable[str]]) -> None:
        self.events: dict[str, list[Event]] = defaultdict(list)
        self.loaded = self.read = 0
        self._members = members

    def load(self, names: Collection[str], later_than: int | None) -> list[CustomerEvent]:
        """The events of customers, each with its customer; count customers in `loaded`, events in `read`."""
        events, found = self.events, list[CustomerEvent]()
        for name in names:
            before = len(found)
            for member in self._members(name):
                if member in events:
                    found += [
                        (name, event)
                        for event in events[member]
                        if later_than is None or event.time > later_than
                    ]
            self.loaded += len(found) > before
        self.read += len(found)
        return found


def _compute_rows(touched: Mapping[str, Customer], rules: RuleSet, now: int) -> None:
    """Compute what the worker writes for each touched customer."""
    for customer in touched.values():
        folded = customer.folded(rules, now)
        customer.signals_changed(folded)
        if customer.known:
            customer.changed_journeys(folded)
        customer.wrote(folded)


def _counts(events: int, folded: int, refolded: int) -> dict[str, float]:
    """Customers whose results were computed, and customers refolded from kept events, per event."""
    return {"folded_per_event": round(folded / events, 3), "anew_per_event": round(refolded / events, 4)}


def _frictions(folds: Iterable[CustomerFold | Customer], rules: RuleSet, now: int) -> Frictions:
    return {
        (signal.rule, signal.anchor, signal.opened_at, signal.resolved_at, signal.evidence)
        for customer in folds
        for signal in customer.folded(rules, now).signals
    }
