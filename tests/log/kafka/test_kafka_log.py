"""The collector's log in Kafka."""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest

from touchline.collector.acceptance import accept, accept_each
from touchline.collector.dialects.dialect import Received
from touchline.devbroker.broker import Broker
from touchline.log.contract import Batch, LogUnavailable
from touchline.log.kafka import log as log_module
from touchline.log.kafka.brokers import Brokers
from touchline.log.kafka.log import KafkaLog
from touchline.log.kafka.records import RECORD_BYTES, About, Topics, partition_of
from touchline.log.kafka.topics import ensure_topics, required_topics

NOW = 1_795_260_000_000
PARTITIONS = 4

ReadTopic = Callable[[str], list[Any]]


@pytest.fixture
def log(kafka: Broker, topics: Topics) -> Iterator[KafkaLog]:
    with closing(KafkaLog(kafka.brokers, topics)) as log:
        yield log


def lines(count: int, customers: int = 50, **data: Any) -> list[bytes]:
    """Events as the collector accepts them, numbered, of so many customers in turn."""
    raws = [
        orjson.dumps(
            {
                "id": f"e-{number}",
                "type": "page.viewed",
                "time": "2026-11-21T10:00:00Z",
                "channel": "web",
                "source": "shop",
                "identifiers": {"account": f"u-{number % customers}"},
                "data": {"page": "/", "number": number, **data},
            }
        )
        for number in range(count)
    ]
    accepted = accept_each(raws, received_at_ms=NOW, producer="shop").batch.touchpoints
    assert len(accepted) == count
    return list(accepted)


def test_events_go_to_the_partition_of_their_entity(
    log: KafkaLog, topics: Topics, read_topic: ReadTopic
) -> None:
    """Every event is in its entity's partition, once, in order, several in a record."""
    sent = lines(300)
    log.append(Batch(sent, [], NOW))
    records = read_topic(topics.touchpoints)
    assert sorted(line["id"] for one in records for line in one.lines) == sorted(f"e-{n}" for n in range(300))
    assert {one.partition for one in records} == set(range(PARTITIONS))
    assert len(records) == PARTITIONS, "a record a partition"
    for one in records:
        assert {partition_of(line["entity"], PARTITIONS) for line in one.lines} == {one.partition}
        numbers = [line["data"]["number"] for line in one.lines]
        assert numbers == sorted(numbers)
        assert set(one.body.splitlines()) <= set(sent), "lines are written as they are"


def test_the_headers_tell_what_was_written_together(
    log: KafkaLog, topics: Topics, read_topic: ReadTopic
) -> None:
    """Records of one append share a number, which rises; each names its kind, its writer and its time."""
    for at in (NOW, NOW + 5):
        log.append(Batch(lines(8, customers=8), [b'{"q":1}'], at, [b'{"l":1}'], [b'{"a":1}']))
    found = {name: read_topic(getattr(topics, name)) for name in ("touchpoints", "quarantine", "links")}
    kinds = Counter((name, one.about.kind) for name, records in found.items() for one in records)
    assert kinds.keys() == {
        ("touchpoints", "events"),
        ("touchpoints", "accounts"),
        ("quarantine", "quarantine"),
        ("links", "ledger"),
    }
    abouts: list[About] = [one.about for records in found.values() for one in records]
    assert {(about.batch, about.received_at) for about in abouts} == {(1, NOW), (2, NOW + 5)}
    assert len({about.producer for about in abouts}) == 1
    assert [(one.body, one.about.batch) for one in found["links"]] == [(b'{"l":1}\n', 1), (b'{"l":1}\n', 2)]
    assert [one.lines for one in found["quarantine"]] == [[{"q": 1}], [{"q": 1}]]


def test_records_are_bounded_in_bytes(log: KafkaLog, topics: Topics, read_topic: ReadTopic) -> None:
    """A batch of many megabytes becomes records within a broker's default size."""
    log.append(Batch(lines(2_000, title="ü" * 1_000), [], NOW))
    records = read_topic(topics.touchpoints)
    assert sum(len(record.lines) for record in records) == 2_000
    assert max(len(record.body) for record in records) <= RECORD_BYTES
    assert len(records) > 2_000 * 2_000 / RECORD_BYTES


def test_the_largest_request_that_is_no_json_is_kept_whole(
    log: KafkaLog, topics: Topics, read_topic: ReadTopic
) -> None:
    """Two megabytes that grow when written as JSON still fit into one line of the quarantine."""
    body = b"\xff\x00" * (1024 * 1024)
    log.append(accept(Received(body, NOW, "shop")).batch)
    [record] = read_topic(topics.quarantine)
    assert record.lines[0]["body"] == body.decode("utf-8", "backslashreplace")


@pytest.mark.slow
def test_what_was_appended_outlives_a_crash_of_the_broker(
    kafka: Broker, topics: Topics, read_topic: ReadTopic
) -> None:
    """The broker is killed the moment append returns; everything is there when it is back."""
    with closing(KafkaLog(kafka.brokers, topics)) as log:
        log.append(Batch(lines(500), [], NOW))
        log.close()
        kafka.kill()
    kafka.restart()
    assert sum(len(one.lines) for one in read_topic(topics.touchpoints)) == 500


def test_a_broker_that_stands_still_is_waited_for_within_a_bound(
    kafka: Broker, topics: Topics, wait_for: Callable[..., None]
) -> None:
    """What is outstanding is counted, more than the bound is refused at once, and it all goes out later."""
    failures: list[Exception] = []
    big = Batch(lines(100, title="x" * 2_000), [], NOW)

    with closing(KafkaLog(kafka.brokers, topics, most_bytes=300_000)) as log:

        def append() -> None:
            try:
                log.append(big)
            except LogUnavailable as error:
                failures.append(error)

        log.append(Batch(lines(1), [], NOW))
        assert kafka.pid is not None
        os.kill(kafka.pid, signal.SIGSTOP)
        try:
            waiting = threading.Thread(target=append)
            waiting.start()
            wait_for(lambda: log.outstanding_bytes > 200_000)
            with pytest.raises(LogUnavailable, match="cannot keep up"):
                log.append(big)
            assert log.outstanding_bytes < 300_000
        finally:
            os.kill(kafka.pid, signal.SIGCONT)
        waiting.join(30)
        assert (failures, log.outstanding_bytes) == ([], 0)
        log.append(big)


def test_a_broker_that_hangs_leaves_nothing_behind(
    kafka: Broker,
    topics: Topics,
    read_topic: ReadTopic,
    wait_for: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is not answered in time fails and is held no longer; with a new client it goes on."""
    monkeypatch.setattr(log_module, "DELIVERY_SECONDS", 1.0)
    monkeypatch.setattr(log_module, "_REQUEST_SECONDS", 0.5)
    with closing(KafkaLog(kafka.brokers, topics)) as log:
        log.append(Batch(lines(8), [b"{}"], NOW))
        threads = threading.active_count()
        assert kafka.pid is not None
        os.kill(kafka.pid, signal.SIGSTOP)
        try:
            with pytest.raises(LogUnavailable, match="did not accept the events"):
                log.append(Batch(lines(8), [b"{}"], NOW))
            wait_for(lambda: log.outstanding_bytes == 0)
        finally:
            os.kill(kafka.pid, signal.SIGCONT)
            monkeypatch.undo()
        wait_for(lambda: log.health_error() is None)
        log.append(Batch(lines(8, title="after"), [], NOW))
        wait_for(lambda: threading.active_count() == threads)
    found = [line for one in read_topic(topics.touchpoints) for line in one.lines]
    assert sum(line["data"].get("title") == "after" for line in found) == 8


def test_missing_topics_are_a_health_error_until_they_exist(
    kafka: Broker, wait_for: Callable[..., None]
) -> None:
    """The message says which topic is missing and which command makes it; then it goes on by itself."""
    topics = Topics("late.")
    with closing(KafkaLog(kafka.brokers, topics)) as log:
        with pytest.raises(
            LogUnavailable, match=r"no topic late\.touchpoints: create it with `touchline migrate`"
        ):
            log.append(Batch(lines(1), [], NOW))
        assert "late.touchpoints" in (log.health_error() or "")
        ensure_topics(
            kafka.brokers, required_topics(topics, partitions=1, replication=1, retention_ms=1_000_000)
        )
        wait_for(lambda: log.health_error() is None)
        log.append(Batch(lines(1), [], NOW))


def test_without_a_broker_it_refuses_at_once(topics: Topics) -> None:
    """Nothing is held for a broker that is not there; the message names its address."""
    with closing(KafkaLog(Brokers("127.0.0.1:1"), topics)) as log:
        for _ in range(3):
            with pytest.raises(LogUnavailable, match=r"cannot be reached at 127\.0\.0\.1:1"):
                log.append(Batch(lines(1), [], NOW))
        assert log.outstanding_bytes == 0


def test_a_closed_log_refuses(kafka: Broker, topics: Topics) -> None:
    """After close nothing is taken, and close may be called again."""
    log = KafkaLog(kafka.brokers, topics)
    log.append(Batch(lines(1), [], NOW))
    log.close()
    log.close()
    with pytest.raises(LogUnavailable, match="closed"):
        log.append(Batch(lines(1), [], NOW))


READ_BY_CLICKHOUSE = """
import sys
import chdb
structure = (
    "id String, type String, time UInt64, received_at UInt64, channel String, source String,"
    " producer String, entity String, identifiers Array(String), data String"
)
print(chdb.query(
    "SELECT count(), uniq(id), uniq(entity), any(time), min(identifiers[1] = entity),"
    f" sum(JSONExtractInt(data, 'number')) FROM file('{sys.argv[1]}', JSONEachRow, '{structure}')",
    "TSV",
), end="")
"""


def test_clickhouse_reads_a_record_as_it_is(
    log: KafkaLog, topics: Topics, read_topic: ReadTopic, tmp_path: Path
) -> None:
    """A record's value is JSONEachRow: the columns that queries use come out of it with their types."""
    log.append(Batch(lines(40), [], NOW))
    file = tmp_path / "records"
    file.write_bytes(b"".join(one.body for one in read_topic(topics.touchpoints)))
    command = [sys.executable, "-c", READ_BY_CLICKHOUSE, str(file)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    assert said.split() == ["40", "40", "40", "1795255200000", "1", str(sum(range(40)))]
