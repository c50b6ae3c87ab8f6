from collections import Counter
from typing import Any

import msgspec

from touchline.engine.memory import MemoryLog, MemoryStore
from touchline.engine.worker import Worker
from touchline.friction import RuleSet
from touchline.simulation import Retailer
from touchline.simulation.story import DAY, HOUR

START = 1_790_000_000_000


def test_hour_by_hour_the_worker_holds_what_is_planted(pack: RuleSet, accepted: Any, listed: Any) -> None:
    """Fed as it happens, the store holds the planted frictions each hour: opened, resolved, taken back."""
    retailer = Retailer(11, START, history=2 * DAY, rate=0.03)
    log, store = MemoryLog(), MemoryStore()
    worker = Worker(log, store, pack)
    retracted = 0
    for now in range(START - 2 * DAY, START + HOUR, HOUR):
        events = accepted(retailer.until(now))
        if events:
            log.append("touchpoints", [msgspec.json.encode(event) for event in events], now)
        while worker.flush(worker.read(), now) is not None:
            pass
        rows = store.tables["frictions"].values()
        held = [row for row in rows if row["status"] != "retracted"]
        retracted = len(rows) - len(held)
        planted = retailer.planted(now)
        found = Counter((row["rule"], row["anchor"], row["opened_at"], row["resolved_at"]) for row in held)
        assert found == listed(planted)
        assert {row["id"] for row in held} == {one.id for one in planted}
    assert retracted > 0
