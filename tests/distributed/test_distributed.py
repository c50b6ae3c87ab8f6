"""Workers and the identity stage as processes, on a real broker and one store."""

import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from touchline.config.rule_packs import load_rules
from touchline.identity import Entry
from touchline.log.contract import Batch
from touchline.store import Store
from touchline.vocabulary.event import Event


def _identifiers(line: bytes) -> tuple[str, ...]:
    return msgspec.json.decode(line, type=Event).identifiers


def _stored(store: Store) -> int:
    return int(store.query("SELECT toUInt32(count()) FROM events").result_rows[0][0])


@pytest.mark.slow
def test_killed_and_rebalanced_workers_end_with_the_offline_result(
    deployment: Any, stored: Store, lines_of: Any, offline: Any, tables: Any, wait_for: Callable[..., None]
) -> None:
    """A second worker joins and the first is killed: events are stored once, and tables equal the replay."""
    lines = lines_of(0.01)
    expected = offline(lines, load_rules())
    arriving = lines + lines[::7]
    random.Random(7).shuffle(arriving)
    half = len(arriving) // 2
    deployment.start("identity", "identity")
    deployment.start("one", "worker")
    deployment.produce(arriving[:half])
    wait_for(lambda: _stored(stored) > half // 4, 90)
    deployment.start("two", "worker")
    deployment.produce(arriving[half : half + half // 2])
    wait_for(lambda: "partitions.assigned" in deployment.output("two"), 90)
    deployment.kill("one")
    deployment.produce(arriving[half + half // 2 :])
    wait_for(lambda: tables(stored) == expected, 120)
    assert _stored(stored) == len(lines)

    # An identifier that an operator erases leaves every table, and customers that it joined are separated.
    forgotten = next(name for name in _identifiers(lines[0]) if not name.startswith("account:"))
    entry = Entry(id="l", at=1, who="operator", what="erase", identifiers=(forgotten,), salt="salt")
    deployment.log.append(Batch([], [], 1, [msgspec.json.encode(entry)]))
    kept = [line for line in lines if forgotten not in _identifiers(line)]
    expected = offline(kept, load_rules())
    wait_for(lambda: tables(stored) == expected, 60)
    for name in ("two", "identity"):
        assert deployment.end(name) == 0
