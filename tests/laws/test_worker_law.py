"""Whatever the order, the duplicates, the flushes and the crashes: the end is the offline result."""

from collections.abc import Container, Iterable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from touchline.analysis.replay import replay
from touchline.engine.memory import MemoryLog, MemoryStore
from touchline.engine.worker import Worker
from touchline.friction import RuleSet
from touchline.identity import Entry, Pair, Suppression, customer_id, kept
from touchline.identity.ledger import hashed
from touchline.rules import parse_rules
from touchline.tables.rows import FrictionRow, JourneyRow
from touchline.vocabulary.event import Event
from touchline.vocabulary.identifiers import rank

HOUR = 3_600_000

RULES = RuleSet(parse_rules(Path(__file__).with_name("rules.yaml").read_text()))

IDENTIFIERS = ("account:1", "account:2", "email:a@b.example", "email:c@d.example", "device:x", "device:y")

Seed = tuple[str, int, str, list[str], int]

rows = st.lists(
    st.tuples(
        st.sampled_from(["cart.updated", "order.placed", "contact.started", "help.failed", "request.denied"]),
        st.integers(0, 900),
        st.sampled_from(["web", "phone", "store"]),
        st.lists(
            st.sampled_from(IDENTIFIERS),
            min_size=1,
            max_size=3,
            unique=True,
        ),
        st.integers(0, 1),
    ),
    min_size=1,
    max_size=16,
)


Decision = tuple[str, tuple[str, ...]]

# A split and its undoing part the first from all of the others.
decisions: st.SearchStrategy[list[Decision]] = st.lists(
    st.tuples(
        st.sampled_from(["split", "split", "unsplit", "erase", "readmit"]),
        st.lists(st.sampled_from(IDENTIFIERS), min_size=2, max_size=6, unique=True).map(tuple),
    ).map(lambda one: one if "split" in one[0] else (one[0], one[1][:-1][:3])),
    max_size=5,
)


class CrashError(Exception):
    """The process died here."""


class Mortal:
    """A log and a store of which every writing step may be the last one that the process takes."""

    def __init__(self, log: MemoryLog, store: MemoryStore, steps: int) -> None:
        self._log, self._store, self.steps = log, store, steps

    def insert(self, *arguments: Any, **named: Any) -> None:
        self._step()
        self._store.insert(*arguments, **named)

    def delete(self, *arguments: Any) -> None:
        self._step()
        self._store.delete(*arguments)

    def delete_events(self, *arguments: Any) -> None:
        self._step()
        self._store.delete_events(*arguments)

    def delete_sets(self, *arguments: Any) -> None:
        self._step()
        self._store.delete_sets(*arguments)

    def begin(self, offset: int) -> None:
        self._step()
        self._log.begin(offset)

    def commit(self, offset: int) -> None:
        self._step()
        self._log.commit(offset)

    def _step(self) -> None:
        self.steps -= 1
        if self.steps == 0:
            raise CrashError

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log if hasattr(self._log, name) else self._store, name)


def _events(seeds: list[Seed]) -> list[Event]:
    return [
        Event(
            id=f"e{n}",
            type=kind,
            time=at * HOUR,
            channel=channel,
            source="shop",
            identifiers=tuple(sorted(identifiers, key=rank)),
            data={"cart": cart},
            received_at=2_000 * HOUR,
        )
        for n, (kind, at, channel, identifiers, cart) in enumerate(seeds)
    ]


def _tables(store: MemoryStore, now: int) -> dict[str, Any]:
    """What the store holds, in the words of the replay's result, and the whole of both tables."""
    current = [row for row in store.tables["frictions"].values() if row["status"] != "retracted"]
    journeys = [row for row in store.tables["journeys"].values() if not row["superseded"]]
    owner = {row["entity"]: str(row["customer"]) for row in store.tables["identities"].values()}
    return {
        "customers": {row["id"]: owner[row["entity"]] for row in store.tables["events"].values()},
        "signals": sorted(
            (
                {
                    "id": str(row["id"]),
                    "rule": row["rule"],
                    "anchor": row["anchor"],
                    "customer": str(row["customer"]),
                    "opened_at": row["opened_at"],
                    "resolved_at": row["resolved_at"],
                    "evidence": list(row["evidence"]),
                }
                for row in current
            ),
            key=lambda one: (one["customer"], one["id"]),
        ),
        "journeys": sorted(
            (
                {
                    "id": str(row["id"]),
                    "customer": str(row["customer"]),
                    **{name: row[name] for name in ("first", "start", "last", "events", "strikes")},
                    "path": list(row["path"]),
                }
                for row in journeys
            ),
            key=lambda one: (one["customer"], one["start"]),
        ),
    }


def _offline(events: Iterable[Event], now: int, bans: Container[Pair] = ()) -> dict[str, Any]:
    result = replay(events, RULES, now, bans=bans)
    result["signals"].sort(key=lambda one: (one["customer"], one["id"]))
    result["journeys"].sort(key=lambda one: (one["customer"], one["start"]))
    return result


def _entries(taken: list[Decision]) -> list[list[Entry]]:
    """Decisions as entries of the ledger, each later than the one before."""
    found = []
    for n, (what, named) in enumerate(taken):
        fields: dict[str, Any] = {"at": n, "who": "operator", "what": what}
        if "split" in what:
            pairs = [(named[0], other) for other in named[1:]]
            found.append([Entry(id=f"l{n}-{k}", identifiers=pair, **fields) for k, pair in enumerate(pairs)])
        elif what == "erase":
            found.append([Entry(id=f"l{n}", identifiers=named, salt="salt", **fields)])
        else:
            hashes = tuple(hashed(one, "salt") for one in named)
            found.append([Entry(id=f"l{n}", hashes=hashes, salt="salt", **fields)])
    return found


def _pair(one: str, other: str) -> Pair:
    stronger, weaker = sorted((one, other), key=rank)
    return stronger, weaker


class Told:
    """What a log says, record by record: the events that stand, and the pairs that are banned."""

    def __init__(self) -> None:
        self.events: dict[str, Event] = {}
        self.bans: set[Pair] = set()
        self.forgotten: set[str] = set()

    def event(self, event: Event) -> None:
        if self.forgotten.isdisjoint(event.identifiers):
            self.events.setdefault(event.id, event)

    def decided(self, what: str, named: tuple[str, ...]) -> None:
        if what == "readmit":
            self.forgotten -= set(named)
        elif what == "erase":
            self.forgotten |= set(named)
            self.events = {
                name: event
                for name, event in self.events.items()
                if self.forgotten.isdisjoint(event.identifiers)
            }
            self.bans = {pair for pair in self.bans if self.forgotten.isdisjoint(pair)}
        else:
            pairs = {
                _pair(named[0], other) for other in named[1:] if self.forgotten.isdisjoint((named[0], other))
            }
            self.bans = self.bans | pairs if what == "split" else self.bans - pairs


def _run(
    log: MemoryLog, store: MemoryStore, random: Any, crashes: list[int], end: int, aimed: bool = False
) -> None:
    """Work the log off, dying on the way and being made anew, until nothing is left to do by `end`.

    Each of `crashes` is the step that a worker dies at, `aimed` counts from a record of the ledger on.
    """
    for steps in [*crashes, 0]:
        mortal = Mortal(log, store, 0 if aimed else steps)
        try:
            worker = Worker(mortal, mortal, RULES, held_customers=random.randint(0, 3))
            while records := worker.read(random.randint(1, 3)):
                if aimed and records[0].kind == "ledger":
                    mortal.steps = steps
                worker.flush(records, random.randint(0, end))
            while worker.flush([], end):
                pass
        except CrashError:
            continue


crash_lists = st.lists(st.integers(1, 9), max_size=12)


@given(rows, st.randoms(use_true_random=True), st.integers(1, 5), crash_lists)
def test_any_arrival_and_any_crash_end_with_the_offline_result(
    seeds: list[Seed], random: Any, cut: int, crashes: list[int]
) -> None:
    """Shuffled, doubled, cut into records, cut off at any step and let go of, the tables are a replay's."""
    events = _events(seeds)
    arriving = events + [event for event in events if random.random() < 0.3]
    random.shuffle(arriving)
    log, store = MemoryLog(), MemoryStore()
    for start in range(0, len(arriving), cut):
        lines = [orjson.dumps(_line(event)) for event in arriving[start : start + cut]]
        log.append("touchpoints", lines, 2_000 * HOUR)
    end = max(event.time for event in events) + random.choice([0, 1, 100]) * HOUR
    _run(log, store, random, crashes, end)
    assert _tables(store, end) == _offline(events, end)


@given(rows, decisions, st.randoms(use_true_random=True), crash_lists, st.booleans())
def test_the_ledger_takes_its_effect_whatever_happens(
    seeds: list[Seed], taken: list[Decision], random: Any, crashes: list[int], aimed: bool
) -> None:
    """Splits and their undoing, and erasures between the events: the tables are a replay's of what stands.

    What is split and joined again is as if it had never been, and what is erased as if never seen: nothing
    in any table names it.
    """
    log, store, told = MemoryLog(), MemoryStore(), Told()
    events = _events(seeds)
    arriving: list[Event | int] = [*events, *(event for event in events if random.random() < 0.3)]
    random.shuffle(arriving)
    entries = _entries(taken)
    # Half of them at the end, where no later event makes good what one left undone.
    places = sorted(random.choice([len(arriving), random.randint(0, len(arriving))]) for _ in entries)
    for n, place in enumerate(places):
        arriving.insert(place + n, n)
    for one in arriving:
        if isinstance(one, Event):
            told.event(one)
            log.append("touchpoints", [orjson.dumps(_line(one))], 2_000 * HOUR)
        else:
            told.decided(*taken[one])
            log.append("ledger", [msgspec.json.encode(entry) for entry in entries[one]], 2_000 * HOUR)
    end = max(event.time for event in events) + random.choice([0, 1, 100]) * HOUR
    _run(log, store, random, crashes, end, aimed)

    assert _tables(store, end) == _offline(told.events.values(), end, told.bans)
    seen = {one for event in told.events.values() for one in event.identifiers}
    assert {row["entity"] for row in store.tables["identities"].values()} == seen
    together = {event.identifiers for event in told.events.values() if len(event.identifiers) > 1}
    assert {row["identifiers"] for row in store.tables["occurrences"].values()} == together
    unseen = {customer_id(one) for one in told.forgotten - seen}
    for table in ("frictions", "journeys"):
        assert unseen.isdisjoint(row["customer"] for row in store.tables[table].values())
    for row in store.tables["ledger"].values():
        assert told.forgotten.isdisjoint(row["identifiers"])
    assert all(Suppression(map(kept, store.ledger())).suppresses((one,)) for one in told.forgotten)


def test_the_rows_of_new_customers_are_not_asked_for() -> None:
    """What an event of a new customer costs does not depend on how many rows of others the store holds."""
    asked: list[UUID] = []

    class Asked(MemoryStore):
        def frictions_of(self, customers: Sequence[UUID]) -> list[FrictionRow]:
            asked.extend(customers)
            return super().frictions_of(customers)

        def journeys_of(self, customers: Sequence[UUID]) -> list[JourneyRow]:
            asked.extend(customers)
            return super().journeys_of(customers)

    log, store = MemoryLog(), Asked()
    events = _events(
        [
            ("request.denied", 1, "store", ["account:1", "device:x"], 0),
            ("help.failed", 2, "web", ["device:y"], 0),
        ]
    )
    log.append("touchpoints", [orjson.dumps(_line(event)) for event in events], 0)
    worker = Worker(log, store, RULES)
    worker.flush(worker.read(), 3 * HOUR)
    assert not asked
    log.append("touchpoints", [orjson.dumps(_line(replace(events[0], id="e2", time=3 * HOUR)))], 0)
    restarted = Worker(log, store, RULES)
    restarted.flush(restarted.read(), 3 * HOUR)
    assert set(asked) == {customer_id("account:1")}
    assert _tables(store, 3 * HOUR)["signals"]


@given(rows, st.integers(0, 1_000))
def test_deadlines_alone_bring_a_store_up_to_date(seeds: list[Seed], later: int) -> None:
    """When time passes and no event comes, looking at what falls due is as good as folding everyone again."""
    events = _events(seeds)
    log, store = MemoryLog(), MemoryStore()
    log.append("touchpoints", [orjson.dumps(_line(event)) for event in events], 0)
    worker = Worker(log, store, RULES)
    newest = max(event.time for event in events)
    worker.flush(worker.read(), newest)
    now = newest + later * HOUR
    restarted = Worker(log, store, RULES)
    while restarted.flush([], now):
        pass
    assert _tables(store, now) == _offline(events, now)
    assert restarted.next_deadline is None or restarted.next_deadline > now


@given(rows)
def test_other_rules_take_the_place_of_the_old(seeds: list[Seed]) -> None:
    """After a change of the rules, folding everyone again leaves no trace of the old ones."""
    events = _events(seeds)
    log, store = MemoryLog(), MemoryStore()
    log.append("touchpoints", [orjson.dumps(_line(event)) for event in events], 0)
    now = max(event.time for event in events)
    old = Worker(log, store, RuleSet(parse_rules("rules: [{id: any, kind: match, when: {}}]")))
    old.flush(old.read(), now)
    new = Worker(log, store, RULES)
    assert new.bring_rules_into_force(now) > 0
    assert new.bring_rules_into_force(now) == 0
    assert _tables(store, now) == _offline(events, now)


def test_other_rules_after_a_crash_leave_no_trace_of_the_old() -> None:
    """What a flush that was cut off wrote by old rules, of events that it did not store, is taken back."""
    events = _events([("help.failed", 1, "web", ["device:y"], 0)])
    log, store = MemoryLog(), MemoryStore()
    log.append("touchpoints", [orjson.dumps(_line(event)) for event in events], 0)
    mortal = Mortal(log, store, 4)
    old = Worker(mortal, mortal, RuleSet(parse_rules("rules: [{id: any, kind: match, when: {}}]")))
    with pytest.raises(CrashError):
        old.flush(old.read(), HOUR)
    assert store.tables["frictions"]
    assert not store.tables["events"]
    new = Worker(log, store, RULES)
    new.bring_rules_into_force(HOUR)
    new.flush(new.read(), HOUR)
    assert _tables(store, HOUR) == _offline(events, HOUR)


def _line(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__struct_fields__} | {"entity": event.entity}
