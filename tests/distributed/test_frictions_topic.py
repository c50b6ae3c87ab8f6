"""Workers publish the changes of frictions to Kafka; one that is killed loses none."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from kafka import KafkaConsumer, TopicPartition

from touchline.collector.acceptance import accept_each
from touchline.log.kafka.brokers import Brokers
from touchline.log.kafka.clients import make_client
from touchline.log.kafka.records import Topics
from touchline.store import Store

RULES = Path(__file__).parents[1] / "outlet" / "rules.yaml"

CURRENT = "SELECT toString(customer), toString(id), status FROM current_frictions"


def _lines(turn: int) -> list[bytes]:
    """Events of 40 customers whose carts are late, of which every second was in time after all."""
    now = time.time()
    events: list[dict[str, Any]] = []
    for number in range(40):
        account = f"k{turn}-{number}"
        story = [("cart.updated", 100.0, {"cart_id": "c"}), ("payment.failed", 1.0, {"reason": "declined"})]
        story.append(("order.placed", 99.5 if number % 2 else 2.0, {"order_id": "o"}))
        for kind, ago, data in story:
            at = datetime.fromtimestamp(now - ago, UTC).isoformat(timespec="milliseconds")
            event = {"id": f"{account}-{kind}", "type": kind, "time": at, "channel": "web", "source": "shop"}
            events.append({**event, "identifiers": {"account": account}, "data": data})
    events.sort(key=lambda event: event["type"])
    raws = [orjson.dumps(event) for event in events]
    accepted = accept_each(raws, received_at_ms=int(now * 1000), producer="shop")
    assert len(accepted.batch.touchpoints) == len(raws)
    return list(accepted.batch.touchpoints)


def _records(brokers: Brokers, topic: str) -> list[tuple[int, str, dict[str, Any] | None]]:
    """The partition, key and event of every record of a topic, in the order of each partition."""
    with make_client(KafkaConsumer, brokers, enable_auto_commit=False) as consumer:
        partitions = [TopicPartition(topic, one) for one in consumer.partitions_for_topic(topic) or ()]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends = consumer.end_offsets(partitions)
        found: list[tuple[int, str, dict[str, Any] | None]] = []
        while any(consumer.position(one) < ends[one] for one in partitions):
            for records in consumer.poll(1_000).values():
                found += (
                    (record.partition, record.key.decode(), record.value and json.loads(record.value))
                    for record in records
                )
        return found


@pytest.fixture
def brokers(kafka: Any) -> Brokers:
    """The running broker."""
    found: Brokers = kafka.by_password if kafka.secure else kafka.brokers
    return found


@pytest.mark.slow
def test_killed_workers_lose_no_change(
    deployment: Any, stored: Store, brokers: Brokers, topics: Topics, wait_for: Callable[..., Any]
) -> None:
    """Both topics lead to what the store holds, in the order of each customer, after two kills."""
    for name in ("worker", "identity"):
        deployment.start(name, name, *(["--rules", str(RULES)] if name == "worker" else []))
    for turn in range(2):
        deployment.produce(_lines(turn), batch=20)
        wait_for(lambda turn=turn: len(_records(brokers, topics.frictions)) > 60 * turn)
        time.sleep(0.2 * turn)
        deployment.kill("worker")
        deployment.start("worker", "worker", "--rules", str(RULES))

    def known() -> bool:
        states = _last(event for _, _, event in _records(brokers, topics.frictions) if event is not None)
        held = sorted(stored.query(CURRENT).result_rows)
        return len(held) == 2 * (40 + 20) and states == held

    wait_for(known, 120)
    assert "Traceback" not in deployment.output("worker")
    records = _records(brokers, topics.frictions)
    seen: dict[str, tuple[int, str]] = {}
    for partition, key, event in records:
        assert event is not None
        assert event["data"]["customer"] == key
        before = seen.get(event["subject"], (partition, ""))
        assert before[0] == partition
        assert before[1] <= event["sequence"]
        seen[event["subject"]] = partition, event["sequence"]
    compacted = {key: event for _, key, event in _records(brokers, topics.frictions_current)}
    assert compacted.keys() == seen.keys()
    assert _last(event for event in compacted.values() if event is not None) == sorted(
        stored.query(CURRENT).result_rows
    )


def _last(events: Iterator[dict[str, Any]]) -> list[list[str]]:
    """Customer, friction and status after all events, without retracted ones."""
    states = {event["subject"]: event["data"] for event in events}
    return sorted(
        [data["customer"], data["friction"], data["status"]]
        for data in states.values()
        if data["status"] != "retracted"
    )
