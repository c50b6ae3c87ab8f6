"""Those who fold the traffic: Touchline's fold in several ways, and the peers."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from benchmarks.peers import pack
from benchmarks.peers.patterns import Event as Plain
from benchmarks.peers.patterns import Found, State
from benchmarks.timing import Stopwatch, Turn
from benchmarks.traffic import Traffic
from touchline.engine.customer import CustomerFold, fold
from touchline.engine.held import Held, HeldCustomers
from touchline.friction import RuleSet
from touchline.identity import Identities
from touchline.journeys import JOURNEY_GAP
from touchline.vocabulary.event import Event

Owned = tuple[str, Event]
"""An event with its customer, by strongest identifier."""

Frictions = set[tuple[str, str, int, int | None, tuple[str, ...]]]
"""Rule, anchor, opened_at, resolved_at, evidence: what every contestant must come to."""

ROBOT = "device:robot"
"""The one customer of `robot`."""

_NOBODY_LEAVES = 10_000_000


def in_order(arriving: Iterable[Sequence[Owned]], rules: RuleSet, end: int) -> Turn:
    """Each flush: its events, then what they amount to for each customer touched."""
    watch = Stopwatch()
    folds: dict[str, CustomerFold] = {}
    events = folded = 0
    for flush in arriving:
        with watch.running():
            fresh: dict[str, list[Event]] = defaultdict(list)
            for name, event in flush:
                fresh[name].append(event)
            touched: dict[str, CustomerFold] = {}
            for name, new in fresh.items():
                one = folds.get(name)
                if one is None:
                    one = folds[name] = CustomerFold(whole=False)
                if not one.precedes(new[0]):
                    raise RuntimeError(f"event {new[0].id} is not later than those before it")
                one.take(new, rules, JOURNEY_GAP)
                touched[name] = one
            now = flush[-1][1].time
            for one in touched.values():
                one.folded(rules, now)
                one.settle()
        events += len(flush)
        folded += len(touched)
    return Turn(watch, events, lambda: _frictions(folds.values(), rules, end), _counts(events, folded, 0))


def held(arriving: Iterable[Sequence[Owned]], rules: RuleSet, end: int) -> Turn:
    """As the worker does it, without a store: what is late is folded anew from kept events."""
    watch = Stopwatch()
    kept = _Kept(lambda name: (name,))
    customers = HeldCustomers(rules, JOURNEY_GAP, most=_NOBODY_LEAVES)
    everyone: dict[str, Held] = {}
    events = folded = now = 0
    for flush in arriving:
        with watch.running():
            fresh: dict[str, list[Event]] = defaultdict(list)
            for name, event in flush:
                fresh[name].append(event)
                now = max(now, event.time)
            touched = customers.advance(fresh.keys(), fresh, (), now, kept.load).customers
            _take_up(touched, rules, now)
            customers.hold(touched)
        for name, new in fresh.items():
            kept.events[name] += new
        everyone |= touched
        events += len(flush)
        folded += len(touched)
    counts = _counts(events, folded, kept.loaded)
    return Turn(watch, events, lambda: _frictions(everyone.values(), rules, end), counts)


def merging(arriving: Iterable[Sequence[Event]], rules: RuleSet, end: int) -> Turn:
    """The same, and whose an event is gets decided as links come: who was merged is folded anew."""
    watch = Stopwatch()
    identities = Identities()
    kept = _Kept(identities.members_of)
    customers = HeldCustomers(rules, JOURNEY_GAP, most=_NOBODY_LEAVES)
    everyone: dict[str, Held] = {}
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
            _take_up(touched, rules, now)
            staying = {name: one for name, one in touched.items() if identities.members_of(name)}
            customers.hold(staying)
        for event in flush:
            kept.events[event.entity].append(event)
        for name in touched.keys() - staying.keys():
            everyone.pop(name, None)
        everyone |= staying
        events += len(flush)
        folded += len(touched)
    counts = _counts(events, folded, kept.loaded)
    return Turn(watch, events, lambda: _frictions(everyone.values(), rules, end), counts)


def robot(arriving: Sequence[Sequence[Event]], late: Sequence[Event], rules: RuleSet) -> Turn:
    """One customer with very many kept events, and late ones among them, each in a flush of its own."""
    watch = Stopwatch()
    kept = _Kept(lambda name: (name,))
    customers = HeldCustomers(rules, JOURNEY_GAP)
    now = arriving[-1][-1].time
    for flush in arriving:
        customers.hold(customers.advance([ROBOT], {ROBOT: list(flush)}, (), now, kept.load).customers)
        kept.events[ROBOT] += flush
    kept.read = 0
    for event in late:
        with watch.running():
            touched = customers.advance([ROBOT], {ROBOT: [event]}, (), now, kept.load).customers
            _take_up(touched, rules, now)
            customers.hold(touched)
        kept.events[ROBOT].append(event)
    return Turn(watch, len(late), counts={"refolded_per_event": round(kept.read / len(late))})


def refold(owned: Sequence[Owned], rules: RuleSet) -> Turn:
    """Without increments: for each event its customer is folded anew."""
    watch = Stopwatch()
    kept: dict[str, list[Event]] = defaultdict(list)
    with watch.running():
        for name, event in owned:
            kept[name].append(event)
            fold(kept[name], rules, event.time)
    return Turn(watch, len(owned), counts=_counts(len(owned), len(owned), len(owned)))


def peers(traffic: Traffic, flush: int, folder: Path) -> tuple[dict[str, Callable[[], Turn]], list[str]]:
    """The peers that are installed, and a note on those that are not."""
    events = [
        (customer, orjson.loads(line))
        for customer, line in zip(traffic.customers, traffic.lines, strict=True)
    ]
    contestants: dict[str, Callable[[], Turn]] = {"dictionaries": lambda: _dictionaries(events, traffic.end)}
    missing = []
    if find_spec("bytewax"):
        contestants["bytewax"] = lambda: _bytewax(events, traffic.end, flush)
    else:
        missing.append("bytewax")
    if find_spec("quixstreams"):
        keyed = [(customer.encode(), event) for customer, event in events]
        contestants["quix_memory"] = lambda: _quix(keyed, traffic.end, flush, "memory", folder)
        contestants["quix_rocksdb"] = lambda: _quix(keyed, traffic.end, flush, "rocksdb", folder)
    else:
        missing.append("quixstreams")
    return contestants, [
        f"{name} is not installed, and not measured: uv sync --group peers" for name in missing
    ]


class _Kept:
    """Events as the store keeps them, by entity; `members` says which entities a customer has."""

    def __init__(self, members: Callable[[str], Iterable[str]]) -> None:
        self.events: dict[str, list[Event]] = defaultdict(list)
        self.loaded = self.read = 0
        self._members = members

    def load(self, names: Collection[str], later_than: int | None) -> list[Owned]:
        """The events of customers, each with its customer; counts whose there were."""
        events, found = self.events, list[Owned]()
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


def _take_up(touched: Mapping[str, Held], rules: RuleSet, now: int) -> None:
    """What the worker asks of each touched customer before it writes rows."""
    for one in touched.values():
        folded = one.folded(rules, now)
        one.signals_changed(folded)
        if one.known:
            one.changed_journeys(folded)
        one.wrote(folded)


def _dictionaries(events: Sequence[tuple[str, Plain]], end: int) -> Turn:
    """The peers' step alone, in a loop, without their library."""
    watch = Stopwatch()
    states: dict[str, State] = {}
    found: list[Found] = []
    with watch.running():
        for customer, event in events:
            state = states.get(customer)
            if state is None:
                state = states[customer] = pack.begin()
            found += pack.step(state, event)
        for state in states.values():
            found += pack.sweep(state, end)
    return Turn(watch, len(events), lambda: _last_told(found))


def _bytewax(events: Sequence[tuple[str, Plain]], end: int, flush: int) -> Turn:
    from benchmarks.peers import bytewax_step

    watch = Stopwatch()
    with watch.running():
        found = bytewax_step.run(events, end, flush)
    return Turn(watch, len(events), lambda: _last_told(found))


def _quix(events: Sequence[tuple[bytes, Plain]], end: int, flush: int, store: str, folder: Path) -> Turn:
    from benchmarks.peers.quix_step import Quix

    watch = Stopwatch()
    with TemporaryDirectory(dir=folder) as own:
        quix = Quix(store, Path(own), flush)
        with watch.running():
            quix.feed(events)
        # Quix Streams has no timers: what no further event of a customer tells is asked for, uncounted.
        sweep = {"type": "sweep", "time": end, "data": {}}
        found = quix.feed([(customer, sweep) for customer in dict.fromkeys(key for key, _ in events)])
        quix.close()
    return Turn(watch, len(events), lambda: _last_told(found))


def _counts(events: int, folded: int, anew: int) -> dict[str, float]:
    """How many customers were asked what they amount to, and how many folded anew, an event."""
    return {"folded_per_event": round(folded / events, 3), "anew_per_event": round(anew / events, 4)}


def _frictions(folds: Iterable[CustomerFold | Held], rules: RuleSet, now: int) -> Frictions:
    return {
        (one.rule, one.anchor, one.opened_at, one.resolved_at, one.evidence)
        for customer in folds
        for one in customer.folded(rules, now).signals
    }


def _last_told(found: Iterable[Found]) -> Frictions:
    last = {(one[0], one[1]): one for one in found}
    return {
        (rule, anchor, opened, resolved, tuple(evidence))
        for rule, anchor, opened, resolved, evidence in last.values()
    }
