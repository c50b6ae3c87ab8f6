"""Workers and the identity stage as processes, on a real broker and one store."""

import random
from collections.abc import Callable
from typing import Any

from touchline.pipeline.packs import load_rules
from touchline.pipeline.store import Store


def _stored(store: Store) -> int:
    return int(store.query("SELECT toUInt32(count()) FROM events").result_rows[0][0])


def test_killed_and_dealt_anew_workers_end_with_the_offline_result(
    deployment: Any, stored: Store, lines_of: Any, offline: Any, tables: Any, soon: Callable[..., None]
) -> None:
    """One worker, two, one of them killed, and another: each event is stored once, and all is as offline."""
    lines = lines_of(0.01)
    expected = offline(lines, load_rules())
    arriving = lines + lines[::7]
    random.Random(7).shuffle(arriving)
    half = len(arriving) // 2
    deployment.start("identity", "identity")
    deployment.start("one", "worker")
    deployment.produce(arriving[:half])
    soon(lambda: _stored(stored) > half // 4, 90)
    deployment.start("two", "worker")
    deployment.produce(arriving[half : half + half // 2])
    soon(lambda: "partitions.assigned" in deployment.said("two"), 90)
    deployment.kill("one")
    deployment.produce(arriving[half + half // 2 :])
    soon(lambda: tables(stored) == expected, 120)
    assert _stored(stored) == len(lines)
    for name in ("two", "identity"):
        assert deployment.end(name) == 0
