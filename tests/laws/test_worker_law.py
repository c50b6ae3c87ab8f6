"""Whatever the order, the duplicates, the flushes and the crashes: the tables end as a replay's result."""

from collections.abc import Iterable, Sequence
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
from touchline.engine import engine, flush
from touchline.engine.flush import STEPS, Step
from touchline.engine.memory import MemoryLog, MemoryStore
from touchline.engine.ports import InForce
from touchline.engine.worker import Worker
from touchline.friction import RuleSet
from touchline.identity import Entry, Limits, Pair, Policy, Suppression, customer_id, kept
from touchline.identity.ledger import hashed
from touchline.rules import parse_rules
from touchline.tables.rows import FrictionRow, JourneyRow
from touchline.vocabulary.event import Event
from touchline.vocabulary.identifiers import rank

HOUR = 3_600_000

RULES = RuleSet(parse_rules(Path(__file__).with_name("rules.yaml").read_text()))

IDENTIFIERS = (
    *("account:1", "account:2", "email:a@b.example", "email:c@d.example", "device:x", "device:y"),
    *("terminal:t", "contact:c"),
)

LIMITS: Limits = {"account": 1, "email": 1}
"""So low that few events share a device."""

OTHER_LIMITS: list[Limits] = [LIMITS, {"account": 1}, {"account": 1, "email": 2}]

POLICY = Policy(LIMITS)

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

# A split and its undoing part the first from all of the others; a share is of all that are no accounts.
decisions: st.SearchStrategy[list[Decision]] = st.lists(
    st.tuples(
        st.sampled_from(["split", "split", "unsplit", "share", "share", "unshare", "erase", "readmit"]),
        st.lists(st.sampled_from(IDENTIFIERS), min_size=2, max_size=6, unique=True).map(tuple),
    ).map(lambda one: one if "split" in one[0] else (one[0], one[1][:-1][:3])),
    max_size=5,
)


class CrashError(Exception):
    """The process died here."""


class Mortal:
    """A log and a store that crash the process at a given writing call."""

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

    def withdraw_events(self, *arguments: Any) -> None:
        self._step()
        self._store.withdraw_events(*arguments)

    def withdraw_sets(self, *arguments: Any) -> None:
        self._step()
        self._store.withdraw_sets(*arguments)

    def put_in_force(self, *arguments: Any) -> None:
        self._step()
        self._store.put_in_force(*arguments)

    def put_law_in_force(self, *arguments: Any) -> None:
        self._step()
        self._store.put_law_in_force(*arguments)

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


def _offline(events: Iterable[Event], now: int, policy: Policy = POLICY) -> dict[str, Any]:
    result = replay(events, RULES, now, policy=policy)
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
        elif "share" in what:
            found.append(
                [
                    Entry(id=f"l{n}-{k}", identifiers=(one,), **fields)
                    for k, one in enumerate(_shareable(named))
                ]
            )
        elif what == "erase":
            found.append([Entry(id=f"l{n}", identifiers=named, salt="salt", **fields)])
        else:
            hashes = tuple(hashed(one, "salt") for one in named)
            found.append([Entry(id=f"l{n}", hashes=hashes, salt="salt", **fields)])
    return found


def _shareable(named: tuple[str, ...]) -> list[str]:
    return [one for one in named if not one.startswith("account:")]


def _pair(one: str, other: str) -> Pair:
    stronger, weaker = sorted((one, other), key=rank)
    return stronger, weaker


class Expected:
    """What a log says, record by record: the events that stand, and what operators decided."""

    def __init__(self) -> None:
        self.events: dict[str, Event] = {}
        self.bans: set[Pair] = set()
        self.shares: set[str] = set()
        self.forgotten: set[str] = set()

    @property
    def policy(self) -> Policy:
        return Policy(LIMITS, frozenset(self.bans), frozenset(self.shares))

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
            self.shares -= self.forgotten
        elif "share" in what:
            shared = set(_shareable(named)) - self.forgotten
            self.shares = self.shares | shared if what == "share" else self.shares - shared
        else:
            pairs = {
                _pair(named[0], other) for other in named[1:] if self.forgotten.isdisjoint((named[0], other))
            }
            self.bans = self.bans | pairs if what == "split" else self.bans - pairs


def _run(
    log: MemoryLog, store: MemoryStore, random: Any, crashes: list[int], end: int, aimed: bool = False
) -> None:
    """Process the log with workers that crash, until nothing is left to do by `end`.

    Each of `crashes` is the writing call at which a worker dies; `aimed` counts from a ledger record on.
    """
    for steps in [*crashes, 0]:
        mortal = Mortal(log, store, 0 if aimed else steps)
        try:
            worker = Worker(mortal, mortal, RULES, held_customers=random.randint(0, 3), limits=LIMITS)
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
    """Events shuffled, doubled, cut into records, with crashes and evictions, give the tables of a replay."""
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
    """With splits, shares, their undoing and erasures between the events, the tables are a replay's.

    A decision that is undone leaves no trace, and no table names what is erased.
    """
    log, store, expected = MemoryLog(), MemoryStore(), Expected()
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
            expected.event(one)
            log.append("touchpoints", [orjson.dumps(_line(one))], 2_000 * HOUR)
        else:
            expected.decided(*taken[one])
            log.append("ledger", [msgspec.json.encode(entry) for entry in entries[one]], 2_000 * HOUR)
    end = max(event.time for event in events) + random.choice([0, 1, 100]) * HOUR
    _run(log, store, random, crashes, end, aimed)

    assert _tables(store, end) == _offline(expected.events.values(), end, expected.policy)
    seen = {one for event in expected.events.values() for one in event.identifiers}
    assert {row["entity"] for row in store.tables["identities"].values()} == seen
    together = {event.identifiers for event in expected.events.values() if len(event.identifiers) > 1}
    assert {row["identifiers"] for row in store.tables["occurrences"].values()} == together
    unseen = {customer_id(one) for one in expected.forgotten - seen}
    for table in ("frictions", "journeys"):
        assert unseen.isdisjoint(row["customer"] for row in store.tables[table].values())
    for row in store.tables["ledger"].values():
        assert expected.forgotten.isdisjoint(row["identifiers"])
    assert all(Suppression(map(kept, store.ledger())).suppresses((one,)) for one in expected.forgotten)


@given(rows, decisions, st.randoms(use_true_random=True), crash_lists, st.booleans(), st.integers(1, 3))
def test_withdrawn_events_leave_no_trace(
    seeds: list[Seed], taken: list[Decision], random: Any, crashes: list[int], aimed: bool, times: int
) -> None:
    """Events that are taken back are as if they had never come, and may come again with other identifiers."""
    log, store, expected = MemoryLog(), MemoryStore(), Expected()
    entries = _entries(taken)
    arriving: list[Event | int] = [*_events(seeds), *range(len(taken))]
    random.shuffle(arriving)
    undecided = iter(range(len(taken)))
    for arrival in arriving:
        if isinstance(arrival, Event):
            expected.event(arrival)
            log.append("touchpoints", [orjson.dumps(_line(arrival))], 2_000 * HOUR)
        else:
            number = next(undecided)
            expected.decided(*taken[number])
            log.append("ledger", [msgspec.json.encode(entry) for entry in entries[number]], 2_000 * HOUR)
    for turn in range(times):
        gone = [event for event in expected.events.values() if random.random() < 0.5]
        if not gone:
            continue
        withdrawn = tuple((event.id, event.identifiers) for event in gone)
        entry = Entry(id=f"w{turn}", at=100 + turn, who="operator", what="withdraw", events=withdrawn)
        log.append("ledger", [msgspec.json.encode(entry)], 2_000 * HOUR)
        for event in gone:
            del expected.events[event.id]
            if random.random() < 0.5:
                named = random.sample(IDENTIFIERS, random.randint(1, 3))
                again = replace(event, identifiers=tuple(sorted(named, key=rank)))
                expected.event(again)
                log.append("touchpoints", [orjson.dumps(_line(again))], 2_000 * HOUR)
    end = 1_000 * HOUR
    _run(log, store, random, crashes, end, aimed)
    _check_what_stands(store, expected, end)
    assert not any(entry.events for entry in store.ledger())


def _check_what_stands(store: MemoryStore, expected: Expected, end: int) -> None:
    """The tables are a replay of the events that stand, and name nothing else."""
    assert _tables(store, end) == _offline(expected.events.values(), end, expected.policy)
    seen = {one for event in expected.events.values() for one in event.identifiers}
    assert {row["entity"] for row in store.tables["identities"].values()} == seen
    together = {event.identifiers for event in expected.events.values() if len(event.identifiers) > 1}
    assert {row["identifiers"] for row in store.tables["occurrences"].values()} == together
    for table in ("frictions", "journeys"):
        names = {customer_id(one) for one in seen}
        assert {row["customer"] for row in store.tables[table].values()} <= names


def _crashing(name: str, after: bool, countdown: list[int]) -> tuple[Step, ...]:
    """The steps of writing, one of which crashes at its turn that the countdown gives."""

    def crash(write: Any) -> Any:
        def step(writing: Any) -> None:
            countdown[0] -= 1
            if after:
                write(writing)
            if countdown[0] == 0:
                raise CrashError
            if not after:
                write(writing)

        return step

    return tuple(step._replace(write=crash(step.write)) if step.name == name else step for step in STEPS)


@given(
    st.sampled_from(STEPS),
    rows,
    decisions,
    st.randoms(use_true_random=True),
    st.integers(1, 4),
    st.booleans(),
)
def test_a_crash_at_any_step_of_writing_changes_no_result(
    step: Step, seeds: list[Seed], taken: list[Decision], random: Any, turn: int, after: bool
) -> None:
    """A worker that dies before or after any step of the table is followed by one that ends the same."""
    log, store, expected = MemoryLog(), MemoryStore(), Expected()
    arriving: list[Event | int] = [*_events(seeds), *range(len(taken))]
    random.shuffle(arriving)
    entries = _entries(taken)
    for number, index in enumerate(sorted(one for one in arriving if isinstance(one, int))):
        # Decisions keep their order.
        place = [n for n, one in enumerate(arriving) if isinstance(one, int)][number]
        arriving[place] = index
    for arrival in arriving:
        if isinstance(arrival, Event):
            expected.event(arrival)
            log.append("touchpoints", [orjson.dumps(_line(arrival))], 2_000 * HOUR)
        else:
            expected.decided(*taken[arrival])
            lines = [msgspec.json.encode(entry) for entry in entries[arrival]]
            log.append("ledger", lines, 2_000 * HOUR)
    end = 1_000 * HOUR
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush, "STEPS", _crashing(step.name, after, [turn]))
        _run(log, store, random, [0], end)
    assert _tables(store, end) == _offline(expected.events.values(), end, expected.policy)


def test_the_rows_of_new_customers_are_not_queried() -> None:
    """An event of a new customer costs the same however many rows the store holds."""
    queried: list[UUID] = []

    class Observed(MemoryStore):
        def frictions_of(self, customers: Sequence[UUID]) -> list[FrictionRow]:
            queried.extend(customers)
            return super().frictions_of(customers)

        def journeys_of(self, customers: Sequence[UUID]) -> list[JourneyRow]:
            queried.extend(customers)
            return super().journeys_of(customers)

    log, store = MemoryLog(), Observed()
    events = _events(
        [
            ("request.denied", 1, "store", ["account:1", "device:x"], 0),
            ("help.failed", 2, "web", ["device:y"], 0),
        ]
    )
    log.append("touchpoints", [orjson.dumps(_line(event)) for event in events], 0)
    worker = Worker(log, store, RULES, limits=LIMITS)
    worker.flush(worker.read(), 3 * HOUR)
    assert not queried
    log.append("touchpoints", [orjson.dumps(_line(replace(events[0], id="e2", time=3 * HOUR)))], 0)
    restarted = Worker(log, store, RULES, limits=LIMITS)
    restarted.flush(restarted.read(), 3 * HOUR)
    assert set(queried) == {customer_id("account:1")}
    assert _tables(store, 3 * HOUR)["signals"]


@given(rows, st.integers(0, 1_000))
def test_deadlines_alone_bring_a_store_up_to_date(seeds: list[Seed], later: int) -> None:
    """When time passes and no event comes, evaluating what falls due equals a refold of everyone."""
    events = _events(seeds)
    log, store = MemoryLog(), MemoryStore()
    log.append("touchpoints", [orjson.dumps(_line(event)) for event in events], 0)
    worker = Worker(log, store, RULES, limits=LIMITS)
    newest = max(event.time for event in events)
    worker.flush(worker.read(), newest)
    now = newest + later * HOUR
    restarted = Worker(log, store, RULES, limits=LIMITS)
    while restarted.flush([], now):
        pass
    assert _tables(store, now) == _offline(events, now)
    assert restarted.next_deadline is None or restarted.next_deadline > now


@given(rows)
def test_other_rules_take_the_place_of_the_old(seeds: list[Seed]) -> None:
    """After a change of the rules, a refold of everyone leaves no trace of the old ones."""
    events = _events(seeds)
    log, store = MemoryLog(), MemoryStore()
    log.append("touchpoints", [orjson.dumps(_line(event)) for event in events], 0)
    now = max(event.time for event in events)
    old = Worker(log, store, RuleSet(parse_rules("rules: [{id: any, kind: match, when: {}}]")))
    old.flush(old.read(), now)
    new = Worker(log, store, RULES, limits=LIMITS)
    refolded = new.bring_rules_into_force(now)
    assert refolded == len({row["customer"] for row in store.tables["identities"].values()}), "each once"
    assert new.bring_rules_into_force(now) == 0
    assert _tables(store, now) == _offline(events, now)


def test_another_version_of_the_law_refolds_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that an earlier version folded is refolded at the next start, with the same rules."""
    log, store = MemoryLog(), MemoryStore()
    events = _events([("help.failed", 1, "web", ["account:1", "device:x"], 0)])
    log.append("touchpoints", [orjson.dumps(_line(event)) for event in events], 0)
    with monkeypatch.context() as patch:
        patch.setattr(engine, "LAW_VERSION", 1)
        old = Worker(log, store, RULES, limits=LIMITS)
        old.bring_rules_into_force(HOUR)
        old.flush(old.read(), HOUR)
        assert Worker(log, store, RULES, limits=LIMITS).rules_in_force
    new = Worker(log, store, RULES, limits=LIMITS)
    assert not new.rules_in_force
    assert new.bring_rules_into_force(HOUR) == 1
    assert new.rules_in_force
    assert Worker(log, store, RULES, limits=LIMITS).bring_rules_into_force(HOUR) == 0


def test_a_refold_that_is_stopped_begins_again() -> None:
    """Progress counts every identifier; if it raises, nothing new is in force, and the next call refolds."""
    log, store = MemoryLog(), MemoryStore()
    events = _events([("help.failed", 1, "web", ["account:1", "device:x"], 0)])
    log.append("touchpoints", [orjson.dumps(_line(event)) for event in events], 0)
    old = Worker(log, store, RULES, limits=LIMITS)
    old.flush(old.read(), HOUR)
    store.put_in_force(InForce("1/old"), 0)
    seen: list[tuple[int, int]] = []

    def stop(done: int, of: int) -> None:
        seen.append((done, of))
        raise CrashError

    with pytest.raises(CrashError):
        Worker(log, store, RULES, limits=LIMITS).bring_rules_into_force(HOUR, HOUR, stop)
    assert seen == [(2, 2)]
    new = Worker(log, store, RULES, limits=LIMITS)
    assert not new.rules_in_force
    assert new.bring_rules_into_force(HOUR) == 1
    assert new.rules_in_force


@given(rows, decisions, st.randoms(use_true_random=True), crash_lists)
def test_other_limits_decide_about_everyone_again(
    seeds: list[Seed], taken: list[Decision], random: Any, crashes: list[int]
) -> None:
    """A store that other limits made ends with the tables of these, whatever is cut off."""
    log, store, expected = MemoryLog(), MemoryStore(), Expected()
    for event in _events(seeds):
        expected.event(event)
        log.append("touchpoints", [orjson.dumps(_line(event))], 2_000 * HOUR)
    for (what, named), entries in zip(taken, _entries(taken), strict=True):
        expected.decided(what, named)
        log.append("ledger", [msgspec.json.encode(entry) for entry in entries], 2_000 * HOUR)
    end, last = 1_000 * HOUR, random.choice(OTHER_LIMITS)
    for steps in [*crashes, 0]:
        limits = random.choice(OTHER_LIMITS) if steps else last
        mortal = Mortal(log, store, steps * 3)
        try:
            worker = Worker(mortal, mortal, RULES, held_customers=1, limits=limits)
            worker.bring_rules_into_force(end)
            assert worker.rules_in_force
            for _ in range(random.randint(0, 9) if steps else len(log.records)):
                if records := worker.read(random.randint(1, 3)):
                    worker.flush(records, end)
            while worker.flush([], end):
                pass
        except CrashError:
            continue
    policy = expected.policy._replace(limits=last)
    assert _tables(store, end) == _offline(expected.events.values(), end, policy)
    seen = {one for event in expected.events.values() for one in event.identifiers}
    assert {row["entity"] for row in store.tables["identities"].values()} == seen


def test_other_rules_after_a_crash_leave_no_trace_of_the_old() -> None:
    """Rows that a cut-off flush wrote by old rules, of events that it did not store, are retracted."""
    events = _events([("help.failed", 1, "web", ["device:y"], 0)])
    log, store = MemoryLog(), MemoryStore()
    log.append("touchpoints", [orjson.dumps(_line(event)) for event in events], 0)
    mortal = Mortal(log, store, 4)
    old = Worker(mortal, mortal, RuleSet(parse_rules("rules: [{id: any, kind: match, when: {}}]")))
    with pytest.raises(CrashError):
        old.flush(old.read(), HOUR)
    assert store.tables["frictions"]
    assert not store.tables["events"]
    new = Worker(log, store, RULES, limits=LIMITS)
    new.bring_rules_into_force(HOUR)
    new.flush(new.read(), HOUR)
    assert _tables(store, HOUR) == _offline(events, HOUR)


def _line(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__struct_fields__} | {"entity": event.entity}
