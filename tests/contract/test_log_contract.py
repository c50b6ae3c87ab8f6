"""The writing side of the logs: what the collector relies on, in SQLite and in Kafka alike."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import orjson
import pytest

from touchline.log.contract import Batch, LogUnavailable
from touchline.log.sqlite import SqliteLog

NOW = 1_795_000_000_000


class Durable(Protocol):
    """A log that the collector can write to and close."""

    def append(self, batch: Batch) -> None: ...
    def health_error(self) -> str | None: ...
    def close(self) -> None: ...


class Kept(NamedTuple):
    """A log, and its records as (kind, received_at, lines), in order for each entity."""

    log: Durable
    records: Callable[[], list[tuple[str, int, list[dict[str, Any]]]]]


@pytest.fixture(params=["sqlite", "kafka"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    log: Durable
    if request.param == "sqlite":
        log = file = SqliteLog(tmp_path / "log.sqlite")

        def records() -> list[tuple[str, int, list[dict[str, Any]]]]:
            return [
                (record.kind, record.received_at, [orjson.loads(line) for line in record.body.splitlines()])
                for record in file.read(0, limit_bytes=1 << 30, limit_records=100_000)
            ]
    else:
        from touchline.log.kafka.log import KafkaLog

        broker, topics = request.getfixturevalue("kafka"), request.getfixturevalue("topics")
        read = request.getfixturevalue("read_topic")
        log = KafkaLog(broker.brokers, topics)

        def records() -> list[tuple[str, int, list[dict[str, Any]]]]:
            return [
                (
                    {"events": "touchpoints"}.get(record.about.kind, record.about.kind),
                    record.about.received_at,
                    record.lines,
                )
                for topic in (topics.touchpoints, topics.quarantine, topics.links)
                for record in read(topic)
            ]

    with closing(log):
        yield Kept(log, records)


def event(entity: str, number: int) -> bytes:
    return orjson.dumps({"id": f"{entity}-{number}", "entity": entity, "number": number})


def by_entity(kept: Kept) -> dict[str, list[int]]:
    """The numbers of each entity's events, in the order of the log."""
    found: dict[str, list[int]] = defaultdict(list)
    for kind, _, lines in kept.records():
        if kind == "touchpoints":
            for line in lines:
                found[line["entity"]].append(line["number"])
    return dict(found)


def test_every_line_of_a_batch_is_kept_by_kind(kept: Kept) -> None:
    """Each line is kept once, under its kind, with the time at which its batch was received."""
    kept.log.append(
        Batch([event("account:a", 1), event("account:b", 2)], [b'{"q":1}'], NOW, [b'{"l":1}'], [b'{"c":1}'])
    )
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for kind, received_at, lines in kept.records():
        assert received_at == NOW
        found[kind] += lines
    assert sorted(line["id"] for line in found.pop("touchpoints")) == ["account:a-1", "account:b-2"]
    assert found == {"quarantine": [{"q": 1}], "ledger": [{"l": 1}], "accounts": [{"c": 1}]}


def test_an_empty_batch_writes_no_record(kept: Kept) -> None:
    """A batch without lines appends nothing."""
    kept.log.append(Batch([], [], NOW))
    assert kept.records() == []


def test_concurrent_appends_are_all_kept_in_order(kept: Kept) -> None:
    """Concurrent appends lose and repeat nothing, and keep the order of each entity."""

    def append(name: str) -> None:
        for start in range(0, 200, 20):
            kept.log.append(Batch([event(f"account:{name}", start + n) for n in range(20)], [], NOW))

    threads = [threading.Thread(target=append, args=(name,)) for name in "abcdef"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert by_entity(kept) == {f"account:{name}": list(range(200)) for name in "abcdef"}


def test_a_working_log_has_no_health_error(kept: Kept, wait_for: Callable[..., None]) -> None:
    """There is no health error before or after the first event."""
    wait_for(lambda: kept.log.health_error() is None)
    kept.log.append(Batch([event("account:a", 1)], [], NOW))
    assert kept.log.health_error() is None


def test_a_closed_log_is_unavailable(kept: Kept) -> None:
    """Appending after close raises the error of an unavailable log."""
    kept.log.append(Batch([event("account:a", 1)], [], NOW))
    kept.log.close()
    with pytest.raises(LogUnavailable):
        kept.log.append(Batch([event("account:a", 2)], [], NOW))
