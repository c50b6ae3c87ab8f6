"""However many partitions and workers, whatever their order, repeats and crashes: the offline result."""

from collections.abc import Iterator
from random import Random
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.laws.cluster import LINKS, OTHER_LIMITS, Cluster, CrashError
from tests.laws.offline import offline, tables
from touchline.engine import flush
from touchline.engine.flush import STEPS, Step
from touchline.engine.memory import MemoryStore
from touchline.identity import Entry, Pair, Policy, customer_id
from touchline.identity.ledger import What
from touchline.vocabulary.event import Event
from touchline.vocabulary.identifiers import rank

HOUR = 3_600_000

TYPES = ("cart.updated", "order.placed", "contact.started", "help.failed", "request.denied")
IDENTIFIERS = (
    *("account:1", "account:2", "account:3", "email:a@b.example", "email:c@d.example"),
    *("device:x", "device:y", "device:z", "terminal:t"),
)

DECISIONS: tuple[What, ...] = ("split", "split", "unsplit", "share", "share", "unshare", "erase")


@pytest.fixture(scope="module", autouse=True)
def small_portions() -> Iterator[None]:
    """The few customers of a case are folded in several portions, as very many are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush, "FOLDED_TOGETHER", 2)
        yield


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
    tables = ("frictions", "journeys", "friction_changes")
    return {row["customer"] for table in tables for row in store.tables[table].values()}


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
    run_cluster(random)


def run_cluster(random: Random) -> tuple[Cluster, dict[str, Any]]:
    """Run a cluster, compare its tables with a replay, and return both."""
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
    expected = offline(kept, cluster.now, policy)
    assert tables(cluster.store) == expected
    assert forgotten.isdisjoint(_named(cluster.store))
    assert {entity for (entity,) in cluster.store.tables["identities"]} == {
        one for event in kept for one in event.identifiers
    }
    assert _customers(cluster.store).isdisjoint(customer_id(one) for one in forgotten)
    return cluster, expected
