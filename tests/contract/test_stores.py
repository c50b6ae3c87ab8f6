"""The fake store in memory answers a worker as the real stores do."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson

from touchline.collector.acceptance import accept_each
from touchline.config.rule_packs import load_rules
from touchline.engine.memory import MemoryLog, MemoryStore
from touchline.engine.ports import Store as StorePort
from touchline.engine.worker import Worker
from touchline.identity import customer_id
from touchline.simulation import Retailer
from touchline.store import Store

NOW = 1_795_000_000_000
DAY = 86_400_000


def _fill(store: StorePort) -> list[str]:
    """Let a worker process two days of the retailer into the store; return the ids of the events."""
    touchpoints = Retailer(4, NOW, history=2 * DAY, rate=0.01).until(NOW)
    raws = [orjson.dumps(touchpoint.envelope()) for touchpoint in touchpoints]
    lines = accept_each(raws, received_at_ms=NOW, producer="t").batch.touchpoints
    log = MemoryLog()
    for start in range(0, len(lines), 250):
        log.append("touchpoints", lines[start : start + 250], NOW)
    worker = Worker(log, store, load_rules())
    worker.bring_rules_into_force(NOW)
    while worker.flush(worker.read(), NOW - DAY):
        pass
    return [touchpoint.id for touchpoint in touchpoints]


def _answers(store: StorePort) -> dict[str, Any]:
    """The result of every query of a worker, sorted where the order is free."""
    ids = _fill(store)
    entities = sorted({identifier for identifier, _ in store.identities()})
    sets = sorted(named for named in store.identifier_sets_of(entities) if len(named) > 1)
    known = {identifier for identifiers in sets for identifier in identifiers} | set(entities)
    customers: list[UUID] = [customer_id(identifier) for identifier in sorted(known)]
    return {
        "stored_ids": store.stored_ids([*ids, "no such event"]),
        "entities": entities,
        "events": store.events_of(entities),
        "events of one": store.events_of(entities[:1]),
        "events later": store.events_of(entities, NOW - DAY),
        "events of nobody": store.events_of([]),
        "events named": {event.id for event in store.events_named(entities[:9], ids)},
        "events named of one": {event.id for event in store.events_named(entities[:1], ids)},
        "identifier sets": sets,
        "identifier sets of": sorted(store.identifier_sets_of(entities[:5])),
        "identities of": sorted(map(sorted, store.identities_of([*entities[:20], "device:never-seen"]))),
        "sets naming": sorted(store.sets_naming([*entities[:20], sets[0][-1], "device:never-seen"])),
        "known sets": store.known_sets([*sets, ("device:never-seen", "device:other")]),
        "entities naming": sorted(store.entities_naming([sets[0][-1], "device:never-seen"])),
        "frictions": sorted(store.frictions_of(customers), key=lambda row: (row.customer, row.id)),
        "journeys": sorted(store.journeys_of(customers), key=lambda row: (row.customer, row.id)),
        "due": sorted(store.due()),
        "newest": store.newest(),
        "last version": store.last_version(),
        "rules": store.rules_in_force(),
    }


def test_the_stores_answer_alike(store: Store) -> None:
    """After the same events, every query of a worker has the same, non-empty result in both stores."""
    real, fake = _answers(store), _answers(MemoryStore())
    assert real.keys() == fake.keys()
    for query, answer in real.items():
        assert answer == fake[query], query
        assert answer or query == "events of nobody", query


def test_a_repeated_token_adds_nothing(store: Store) -> None:
    """Both stores ignore a second insert with the same token."""
    fake = MemoryStore()
    for target in (store, fake):
        for customer in ("account:1", "account:2"):
            row: dict[str, Sequence[Any]] = {
                "entity": ["account:1"],
                "customer": [customer_id(customer)],
                "version": [1],
            }
            target.insert("identities", row, token="once")
    assert store.query("SELECT customer FROM identities").result_rows == [[str(customer_id("account:1"))]]
    assert [row["customer"] for row in fake.tables["identities"].values()] == [customer_id("account:1")]
