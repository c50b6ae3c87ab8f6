"""The order of the topic's reader: an offset is committed only when its records are durable in the log."""

import threading
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from kafka import OffsetAndMetadata, TopicPartition
from prometheus_client import CollectorRegistry

from touchline.config.settings import load_settings
from touchline.config.validator_in_force import load_validator
from touchline.log.contract import Batch, Log, LogUnavailable
from touchline.log.kafka.brokers import Brokers
from touchline.topics import reader as reader_module
from touchline.topics.metrics import TopicMetrics
from touchline.topics.reader import Subscription, TopicReader
from touchline.topics.translation import Translator
from touchline.topics.values.json_values import read_json

TOPIC = "orders"
PARTITION = TopicPartition(TOPIC, 0)
RECORDS = 3
AT = 1_795_255_200.5


class Cluster:
    """One partition with records, what its group committed, and a log whose first append fails.

    `steps` are the appends and commits in their order.
    """

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.batches: list[Batch] = []
        self.committed: int | None = None

    def connect(self, *args: Any, **options: Any) -> "Consumer":
        return Consumer(self)

    def append(self, batch: Batch) -> None:
        if "append failed" not in self.steps:
            self.steps.append("append failed")
            raise LogUnavailable("the disk is away")
        self.steps.append(f"{len(batch.quarantine)} appended")
        self.batches.append(batch)


class Consumer:
    """A consumer that starts where its group stands."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._position = cluster.committed or 0

    def poll(self, timeout_ms: int) -> dict[TopicPartition, list[Any]]:
        offsets = range(self._position, RECORDS)
        self._position = RECORDS
        records = [
            SimpleNamespace(
                topic=TOPIC, partition=0, offset=offset, timestamp=None, key=None, value=b"{", headers=()
            )
            for offset in offsets
        ]
        return {PARTITION: records} if records else {}

    def commit(self, offsets: Mapping[TopicPartition, OffsetAndMetadata], timeout_ms: int) -> None:
        self._cluster.committed = offsets[PARTITION].offset
        self._cluster.steps.append(f"{self._cluster.committed} committed")

    def position(self, partition: TopicPartition, timeout_ms: int) -> int:
        return self._position

    def committed(self, partition: TopicPartition, timeout_ms: int) -> int | None:
        return self._cluster.committed

    def assignment(self) -> set[TopicPartition]:
        return {PARTITION}

    def partitions_for_topic(self, topic: str) -> set[int]:
        return {0}

    def beginning_offsets(
        self, partitions: Sequence[TopicPartition], timeout_ms: int
    ) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, 0)

    def end_offsets(self, partitions: Sequence[TopicPartition], timeout_ms: int) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, RECORDS)

    def highwater(self, partition: TopicPartition) -> int:
        return RECORDS

    def close(self, autocommit: bool, timeout_ms: int) -> None:
        """Nothing is open."""


def test_offsets_are_committed_only_after_their_records_are_durable(monkeypatch: pytest.MonkeyPatch) -> None:
    """After an append that failed, nothing is committed and the same records are read again."""
    cluster = Cluster()
    monkeypatch.setattr(reader_module, "make_client", cluster.connect)
    monkeypatch.setattr(reader_module, "_RETRY_SECONDS", 0.0)
    monkeypatch.setattr(reader_module, "GIVE_UP_SECONDS", 5.0)
    validator = load_validator(load_settings())
    reader = TopicReader(
        Subscription(Brokers("localhost:9092"), TOPIC, "group"),
        Translator(TOPIC, read_json, None),
        cast("Log", cluster),
        TopicMetrics(CollectorRegistry(), TOPIC, f"topic.{TOPIC}"),
        lambda: validator,
        threading.Event(),
        clock=lambda: AT,
    )
    assert reader.read_to_end(lambda done, total: None)
    assert cluster.steps == ["append failed", "3 appended", "3 committed"]
    assert [batch.received_at for batch in cluster.batches] == [1_795_255_200_500]
