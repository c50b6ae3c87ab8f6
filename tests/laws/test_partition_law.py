"""However many partitions and workers, whatever their order, repeats and crashes: the offline result.

A cluster in one process: the code is the one that runs on Kafka, only the log and the store are in memory.
Its actors take turns before every single call of the store or the log, by a seed.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import msgspec
import pytest
from greenlet import getcurrent, greenlet
from hypothesis import given
from hypothesis import strategies as st

from touchline.analysis.replay import replay
from touchline.engine import flush
from touchline.engine.engine import Setup
from touchline.engine.flush import STEPS, Step
from touchline.engine.identity_stage import Deciding, IdentityStage
from touchline.engine.memory import MemoryStore
from touchline.engine.messages import Delivered, Message
from touchline.engine.partition_worker import PartitionWorker
from touchline.engine.ports import Columns, Packed
from touchline.friction import RuleSet
from touchline.identity import Entry, Limits, Pair, Policy, customer_id
from touchline.identity.ledger import What
from touchline.log.kafka.records import partition_of
from touchline.rules import parse_rules
from touchline.runtime.fence import Superseded, fenced
from touchline.vocabulary.event import Event
from touchline.vocabulary.identifiers import rank

HOUR = 3_600_000

RULES = RuleSet(parse_rules(Path(__file__).with_name("rules.yaml").read_text()))

TYPES = ("cart.updated", "order.placed", "contact.started", "help.failed", "request.denied")
IDENTIFIERS = (
    *("account:1", "account:2", "account:3", "email:a@b.example", "email:c@d.example"),
    *("device:x", "device:y", "device:z", "terminal:t"),
)

LIMITS: Limits = {"account": 1, "email": 1}
"""So low that few events share a device."""

OTHER_LIMITS: list[Limits] = [LIMITS, LIMITS, {"account": 1}, {"account": 1, "email": 2}]

DECISIONS: tuple[What, ...] = ("split", "split", "unsplit", "share", "share", "unshare", "erase")

LINKS = -1
"""The links' one partition, beside those of the touchpoints, which count from 0."""


@pytest.fixture(scope="module", autouse=True)
def small_portions() -> Iterator[None]:
    """The few customers of a case are folded in several portions, as very many are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush, "FOLDED_TOGETHER", 2)
        yield


class CrashError(BaseException):
    """The process died here."""


class Actor:
    """One process of the cluster, which runs only when it is its turn, and may die in any."""

    def __init__(self, work: Callable[[Callable[[], None]], None]) -> None:
        self._others = getcurrent()
        self._own = greenlet(lambda: work(self._others.switch))

    def step(self) -> bool:
        """Give it a turn; whether it is alive after that."""
        with suppress(Superseded, CrashError):
            self._own.switch()
        return self.works

    @property
    def works(self) -> bool:
        """Whether it has begun, and is alive."""
        return bool(self._own)

    def die(self) -> None:
        """Let its turn be its death."""
        if self._own:
            with suppress(CrashError):
                self._own.throw(CrashError)


class Paused:
    """Something of which every method is called in a turn of its own."""

    def __init__(self, one: Any, pause: Callable[[], None]) -> None:
        self._one, self._pause = one, pause

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._one, name)

        def called(*arguments: Any, **named: Any) -> Any:
            self._pause()
            return method(*arguments, **named)

        return called


class OnceStore(MemoryStore):
    """A store that minds when an event is written that is there."""

    def insert(self, table: str, rows: Columns | list[Packed], token: str) -> None:
        if isinstance(rows, list):
            # Those of the events; the others are given by column.
            assert not self.stored_ids([one for part in rows for one in part["id"]]), (
                "an event is stored twice"
            )
        super().insert(table, rows, token)


class Cluster:
    """The log's partitions with their commits, the store, and the processes that work on them."""

    def __init__(self, random: Random, outliving: float = 0.0) -> None:
        self.random = random
        self._outliving = outliving
        self.partitions = random.randint(1, 7)
        self.store = OnceStore()
        self.limits: Limits = random.choice(OTHER_LIMITS)
        self.logs: dict[int, list[Delivered]] = {one: [] for one in (LINKS, *range(self.partitions))}
        self.commits = dict.fromkeys(self.logs, 0)
        self.now = 0
        self.actors: dict[int, Actor] = {}
        self.owned: dict[int, set[int]] = {}
        self._idle: set[int] = set()
        self._names: dict[int, str] = {}
        self._zombies: list[Actor] = []
        self._made = 0

    def partition_of(self, entity: str) -> int:
        return partition_of(entity, self.partitions)

    def append(self, partition: int, kind: str, lines: Sequence[bytes]) -> None:
        log = self.logs[partition]
        log.append(Delivered(0, partition, len(log), kind, 0, b"\n".join(lines)))
        self._idle.clear()

    def set_clock(self, now: int) -> None:
        self.now = now
        self._idle.clear()

    def send(self, messages: Sequence[Message]) -> None:
        """As a producer does: what was written before the process died stays."""
        for message in messages:
            to = LINKS if message.partition is None else message.partition
            for start in range(0, len(message.lines), 3):
                self.append(to, message.kind, message.lines[start : start + 3])

    def set_limits(self, limits: Limits) -> None:
        """Begin a stage with other limits, as after a change of the settings."""
        if self.limits != limits:
            self.limits = limits
            self.kill(LINKS)
            self.begin(LINKS)

    def rebalance(self) -> None:
        """Reassign the partitions to one to four workers; restart each worker whose partitions change."""
        count = self.random.randint(1, 4)
        owned: dict[int, set[int]] = defaultdict(set)
        owned[LINKS] = {LINKS}
        for partition in range(self.partitions):
            owned[self.random.randrange(count)].add(partition)
        for number in [*self.actors]:
            if self.owned[number] != owned.get(number):
                self.kill(number)
        self.owned = dict(owned)
        for number in self.owned:
            self.begin(number)

    def begin(self, number: int) -> None:
        if number not in self.actors:
            self.actors[number] = Actor(lambda pause: self._work(number, pause))

    def kill(self, number: int) -> None:
        """It dies; or it stands still for so long that it is taken for dead, and goes on some time later."""
        self._idle.discard(number)
        self._names.pop(number, None)
        actor = self.actors.pop(number)
        if actor.works and self.random.random() < self._outliving:
            self._zombies.append(actor)
        else:
            actor.die()

    def _still_ours(self, number: int, name: str) -> None:
        """What Kafka answers to one who asks whether it still has its partitions."""
        if self._names.get(number) != name:
            raise Superseded

    def _work(self, number: int, pause: Callable[[], None]) -> None:
        mine = self.owned[number]
        self._made += 1
        name = self._names[number] = str(self._made)
        still_ours = partial(self._still_ours, number, name)
        store, sender = Paused(fenced(self.store, still_ours), pause), Paused(self, pause)
        position = {partition: self.commits[partition] for partition in mine}
        done: object
        made: IdentityStage | PartitionWorker
        if number == LINKS:
            deciding = Deciding(self.random.randint(0, 5), self.limits)
            made = IdentityStage(store, self.partition_of, self.partitions, sender, name, deciding)
            made.flush((), self.now)
        else:
            setup = Setup(RULES, held_customers=self.random.randint(0, 3))
            made = PartitionWorker(store, setup, self.partition_of, mine.__contains__, sender, name)
        while True:
            pause()
            now = self.now
            records = [
                record
                for partition in sorted(mine)
                for record in self.logs[partition][position[partition] :][: self.random.randint(0, 4)]
            ]
            if isinstance(made, IdentityStage):
                at_end = len(self.logs[LINKS]) == position[LINKS] + len(records)
                done = made.flush(records, now, at_end) if records else None
            else:
                done = made.flush(records, now, now)
            for record in records:
                position[record.partition] = record.position + 1
            pause()
            through = all(len(self.logs[one]) == at for one, at in position.items())
            still_ours()
            if through or self.random.random() < 0.5:
                self.commits |= position
            if through and done is None and now == self.now:
                self._idle.add(number)

    def run(self, turns: int, deaths: float) -> None:
        """Give turns to whoever; some die, and begin again at their last commits.

        A turn would not move who is idle: it read all there is, and nothing falls due.
        """
        for _ in range(turns):
            number = self.random.choice([*self.actors])
            if self.random.random() < deaths:
                self.kill(number)
                self.begin(number)
            elif self.random.random() < deaths / 2:
                self.rebalance()
            elif self._zombies and self.random.random() < 0.5:
                zombie = self._zombies.pop(self.random.randrange(len(self._zombies)))
                if zombie.step():
                    self._zombies.append(zombie)
            elif number not in self._idle and not self.actors[number].step():
                self.kill(number)
                self.begin(number)

    def settle(self, deaths: float) -> None:
        """Give turns until nobody has anything to do; some die at first."""
        for turns in range(1_000):
            if self._idle == self.owned.keys():
                return
            self.run(10, deaths if turns < 30 else 0.0)
        raise AssertionError("it does not settle")

    def end(self) -> None:
        for actor in (*self.actors.values(), *self._zombies):
            actor.die()


def _events(random: Random) -> list[Event]:
    some = random.sample(IDENTIFIERS, random.randint(2, len(IDENTIFIERS)))
    return [
        Event(
            id=f"e{n}",
            type=random.choice(TYPES),
            time=random.choice([n, random.randint(0, 900)]) * HOUR,
            channel=random.choice(["web", "phone", "store"]),
            source="shop",
            identifiers=tuple(
                sorted(random.sample(some, min(len(some), random.choice([1, 1, 2, 2, 3]))), key=rank)
            ),
            data={"cart": random.randint(0, 1)},
        )
        for n in range(random.randint(1, 30))
    ]


def _decisions(random: Random) -> tuple[list[Entry], Policy, set[str]]:
    """Operators' decisions, in order; the policy and the forgotten of the end."""
    entries: list[Entry] = []
    banned: set[Pair] = set()
    shared: set[str] = set()
    forgotten: set[str] = set()
    for n in range(random.choice([0, 0, 1, 3, 6])):
        what: What = random.choice(DECISIONS)
        if what == "erase":
            named = tuple(random.sample(IDENTIFIERS, random.choice([1, 1, 2])))
            entries.append(Entry(id=f"l{n}", at=n, who="operator", what=what, identifiers=named, salt="s"))
            forgotten |= set(named)
        elif what in ("share", "unshare"):
            [one] = random.sample(IDENTIFIERS[3:], 1)
            entries.append(Entry(id=f"l{n}", at=n, who="operator", what=what, identifiers=(one,)))
            (shared.add if what == "share" else shared.discard)(one)
        else:
            one, other = sorted(random.sample(IDENTIFIERS, 2), key=rank)
            entries.append(Entry(id=f"l{n}", at=n, who="operator", what=what, identifiers=(one, other)))
            (banned.add if what == "split" else banned.discard)((one, other))
    bans = frozenset(pair for pair in banned if forgotten.isdisjoint(pair))
    return entries, Policy(random.choice(OTHER_LIMITS), bans, frozenset(shared - forgotten)), forgotten


def _named(store: MemoryStore) -> set[str]:
    """Every identifier that any table names."""
    named = {row["entity"] for row in store.tables["identities"].values()}
    for table in ("events", "occurrences", "ledger"):
        named |= {one for row in store.tables[table].values() for one in row["identifiers"]}
    return named


def _customers(store: MemoryStore) -> set[UUID]:
    """Every customer of whom there is a row, even of what is no longer true."""
    return {row["customer"] for table in ("frictions", "journeys") for row in store.tables[table].values()}


def _tables(store: MemoryStore) -> dict[str, Any]:
    """What the store holds, in the shape of the replay's result."""
    owner = {row["entity"]: str(row["customer"]) for row in store.tables["identities"].values()}
    signals = [row for row in store.tables["frictions"].values() if row["status"] != "retracted"]
    journeys = [row for row in store.tables["journeys"].values() if not row["superseded"]]
    return {
        "customers": {row["id"]: owner[row["entity"]] for row in store.tables["events"].values()},
        "signals": sorted((_projection(row, SIGNAL) for row in signals), key=_first),
        "journeys": sorted((_projection(row, JOURNEY) for row in journeys), key=_first),
    }


SIGNAL = ("customer", "id", "rule", "anchor", "opened_at", "resolved_at", "evidence")
JOURNEY = ("customer", "id", "first", "start", "last", "events", "path", "strikes")


def _projection(row: dict[str, Any], names: Sequence[str]) -> list[Any]:
    values = [row[name] for name in names]
    return [str(value) for value in values[:2]] + [
        list(value) if isinstance(value, tuple) else value for value in values[2:]
    ]


def _first(projection: list[Any]) -> tuple[str, str]:
    return projection[0], projection[1]


def _offline(events: Sequence[Event], rules: RuleSet, now: int, policy: Policy) -> dict[str, Any]:
    result = replay(events, rules, now, policy=policy)
    result["signals"] = sorted((_projection(signal, SIGNAL) for signal in result["signals"]), key=_first)
    result["journeys"] = sorted((_projection(journey, JOURNEY) for journey in result["journeys"]), key=_first)
    return result


@given(st.integers(0, 2**32))
def test_any_cluster_ends_with_the_offline_result(seed: int) -> None:
    """1 to 7 partitions, 1 to 4 workers, any interleaving, crashes and rebalances: the tables of a replay.

    Some processes are taken for dead, and go on after others have their partitions.
    """
    _check(Random(seed))


@given(st.sampled_from(STEPS), st.integers(0, 2**32))
def test_crashes_at_any_step_of_writing_change_no_result(step: Step, seed: int) -> None:
    """Workers and stages that die before or after any step of the table end with a replay's tables."""
    random = Random(seed)

    def write(writing: Any) -> None:
        # A few times: a process that died at each flush would never end.
        if crashes and random.random() < 0.3:
            crashes.pop()
            if random.random() < 0.5:
                step.write(writing)
            raise CrashError
        step.write(writing)

    crashes = [None] * 8
    with pytest.MonkeyPatch.context() as patch:
        steps = tuple(step._replace(write=write) if one.name == step.name else one for one in STEPS)
        patch.setattr(flush, "STEPS", steps)
        _check(random)


def _check(random: Random) -> None:
    """Run a cluster, and compare its tables with a replay."""
    events, (entries, policy, forgotten) = _events(random), _decisions(random)
    cluster = Cluster(random, outliving=random.choice([0.0, 0.5, 1.0]))
    arriving: list[Event | Entry] = [*events, *(event for event in events if random.random() < 0.3)]
    random.shuffle(arriving)
    for entry in entries:
        arriving.insert(random.randint(0, len(arriving)), entry)
    deaths = random.choice([0.0, 0.02, 0.1, 0.3])
    cluster.rebalance()
    try:
        for one in arriving:
            if isinstance(one, Event):
                cluster.append(cluster.partition_of(one.entity), "events", [msgspec.json.encode(one)])
            else:
                cluster.append(LINKS, "ledger", [msgspec.json.encode(one)])
            cluster.set_clock(random.choice([cluster.now, random.randint(0, 1_000) * HOUR]))
            cluster.run(random.randint(0, 30), deaths)
            if random.random() < 0.1:
                cluster.set_limits(policy.limits)
        cluster.set_limits(policy.limits)
        cluster.settle(deaths)
        cluster.rebalance()
        cluster.set_clock(2_000 * HOUR)
        cluster.settle(deaths)
    finally:
        cluster.end()
    kept = [event for event in events if forgotten.isdisjoint(event.identifiers)]
    assert _tables(cluster.store) == _offline(kept, RULES, cluster.now, policy)
    assert forgotten.isdisjoint(_named(cluster.store))
    assert {entity for (entity,) in cluster.store.tables["identities"]} == {
        one for event in kept for one in event.identifiers
    }
    assert _customers(cluster.store).isdisjoint(customer_id(one) for one in forgotten)
