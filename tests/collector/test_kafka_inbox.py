"""Batches in the Kafka inbox are validated and moved to the log."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any
from uuid import uuid4

import pytest
from kafka import KafkaProducer

from touchline.collector.inboxes.kafka import keep_draining_kafka
from touchline.collector.results import Result
from touchline.devbroker.broker import Broker
from touchline.log.contract import Batch, Log, LogUnavailable
from touchline.log.kafka.log import KafkaLog
from touchline.log.kafka.records import Topics
from touchline.log.kafka.topics import ensure_topics, required_topics
from touchline.sdk import Limits, Touchline

ReadTopic = Callable[[str], list[Any]]
WaitFor = Callable[..., None]


class Counted:
    """The results of each record."""

    def __init__(self) -> None:
        self.results: list[tuple[str, list[str]]] = []

    def __call__(self, producer: str, results: list[Result]) -> None:
        self.results.append((producer, [result.status for result in results]))


@pytest.fixture
def log(kafka: Broker, topics: Topics) -> Iterator[KafkaLog]:
    with closing(KafkaLog(kafka.brokers, topics)) as log:
        yield log


@contextmanager
def draining(kafka: Broker, topics: Topics, log: Log) -> Iterator[Counted]:
    """A collector's thread that drains the inbox, while it lasts."""
    stop, counted = threading.Event(), Counted()
    thread = threading.Thread(
        target=keep_draining_kafka,
        args=(kafka.brokers, topics, log),
        kwargs={"stop": stop, "clock": time.time, "count": counted},
    )
    thread.start()
    try:
        yield counted
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()


def track(kafka: Broker, topics: Topics, *numbers: int) -> None:
    limits = Limits(batch_seconds=0.01)
    with Touchline(f"kafka://{kafka.bootstrap}/{topics.prefix}", source="shop", limits=limits) as tl:
        for number in numbers:
            tl.track("page.viewed", {"account": f"u-{number}"}, id=f"e-{number}", page="/")
        assert tl.flush(20)


def of_kind(read_topic: ReadTopic, topic: str, kind: str) -> list[dict[str, Any]]:
    return [line for record in read_topic(topic) if record.about.kind == kind for line in record.lines]


def test_events_in_the_kafka_inbox_are_moved_to_the_log(
    kafka: Broker, topics: Topics, log: KafkaLog, read_topic: ReadTopic, wait_for: WaitFor
) -> None:
    """They are validated, get Kafka's time and their entity's partition, and are counted."""
    before = int(time.time() * 1000)
    with Touchline(f"kafka://{kafka.bootstrap}/{topics.prefix}", source="shop") as tl:
        tl.track("page.viewed", {"account": "u-1", "email": " Ada@Mail.Example "}, id="good", page="/")
        tl.track("no.such_type", {"account": "u-1"}, id="bad")
        assert tl.flush(20)
    after = int(time.time() * 1000)
    with draining(kafka, topics, log) as counted:
        wait_for(lambda: counted.results)
    assert counted.results == [("shop", ["stored", "quarantined"])]
    [event] = of_kind(read_topic, topics.touchpoints, "events")
    assert (event["id"], event["producer"], event["entity"]) == ("good", "shop", "account:u-1")
    assert event["identifiers"] == ["account:u-1", "email:ada@mail.example"]
    assert before <= event["received_at"] <= after
    [refused] = of_kind(read_topic, topics.quarantine, "quarantine")
    assert (refused["reason"], refused["producer"]) == ("unknown_type", "shop")
    [account] = of_kind(read_topic, topics.touchpoints, "accounts")
    assert (account["producer"], account["batch"], account["events"], account["emitted"]) == ("shop", 1, 2, 2)


def test_any_client_of_kafka_may_leave_events(
    kafka: Broker, topics: Topics, log: KafkaLog, read_topic: ReadTopic, wait_for: WaitFor
) -> None:
    """A record without headers is validated, too; one that is not JSON is quarantined whole."""
    event = b'{"id":"e-1","type":"page.viewed","time":"2026-11-21T10:00:00Z","channel":"web","source":"erp",'
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap)
    for value in (event + b'"identifiers":{"account":"u-1"},"data":{"page":"/"}}', b"no json", b" "):
        producer.send(topics.inbox, value, key=b"k").get(20)
    producer.close()
    with draining(kafka, topics, log) as counted:
        wait_for(lambda: len(counted.results) == 3)
    assert counted.results == [("kafka", ["stored"]), ("kafka", ["quarantined"]), ("kafka", [])]
    assert [line["producer"] for line in of_kind(read_topic, topics.touchpoints, "events")] == ["kafka"]
    assert [line["body"] for line in of_kind(read_topic, topics.quarantine, "quarantine")] == ["no json"]


def test_a_drained_record_is_not_drained_again(
    kafka: Broker, topics: Topics, log: KafkaLog, read_topic: ReadTopic, wait_for: WaitFor
) -> None:
    """The next collector continues after the last committed record."""
    track(kafka, topics, *range(50))
    with draining(kafka, topics, log) as counted:
        wait_for(lambda: sum(len(results) for _, results in counted.results) == 50)
    track(kafka, topics, 50, 51)
    with draining(kafka, topics, log) as again:
        wait_for(lambda: sum(len(results) for _, results in again.results) == 2)
    found = [line["id"] for line in of_kind(read_topic, topics.touchpoints, "events")]
    assert sorted(found) == sorted(f"e-{number}" for number in range(52))


def test_an_inbox_that_comes_later_is_drained(
    kafka: Broker, wait_for: WaitFor, capsys: pytest.CaptureFixture[str]
) -> None:
    """A collector that starts before its topic exists says so, and finds it when it does."""
    late = Topics(f"late-{uuid4().hex[:8]}.")
    with closing(KafkaLog(kafka.brokers, late)) as log, draining(kafka, late, log) as counted:
        wait_for(lambda: f"has no topic {late.inbox}" in capsys.readouterr().out)
        ensure_topics(
            kafka.brokers, required_topics(late, partitions=4, replication=1, retention_ms=86_400_000)
        )
        track(kafka, late, *range(5))
        wait_for(lambda: sum(len(results) for _, results in counted.results) == 5)


def test_records_stay_in_the_inbox_until_the_log_accepts_them(
    kafka: Broker, topics: Topics, log: KafkaLog, read_topic: ReadTopic, wait_for: WaitFor
) -> None:
    """While the log is down no offset is committed; when it is back, every record is moved."""

    class Away:
        refused = 0

        def append(self, batch: Batch) -> None:
            if self.refused < 2:
                self.refused += 1
                raise LogUnavailable("away")
            log.append(batch)

    track(kafka, topics, *range(20))
    with draining(kafka, topics, Away()) as counted:
        wait_for(lambda: sum(len(results) for _, results in counted.results) == 20)
    found = [line["id"] for line in of_kind(read_topic, topics.touchpoints, "events")]
    assert sorted(found) == sorted(f"e-{number}" for number in range(20))
