"""The offsets of a consumer's partitions: how far their records are durable, and what is left to read."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import structlog
from kafka import OffsetAndMetadata, TopicPartition

REQUEST_MS: Final = 10_000
"""How long Kafka may take to answer a request."""

_logger = structlog.get_logger(__name__)


class Positions:
    """The positions of the partitions that one consumer reads now.

    Args:
        consumer: The consumer. Whatever is called here may raise its KafkaError.
    """

    def __init__(self, consumer: Any) -> None:
        self._consumer = consumer
        self._next: dict[TopicPartition, int | None] = {}

    @property
    def is_new_group(self) -> bool:
        """Whether the group has committed nothing in these partitions."""
        return all(position is None for position in self._next.values())

    def look(self) -> None:
        """Note which partitions are read now, and where the group stands in those that are new."""
        assigned = self._consumer.assignment()
        self._next = {one: self._next[one] if one in self._next else self._committed(one) for one in assigned}

    def advance(self, polled: Mapping[TopicPartition, Sequence[Any]]) -> int:
        """Commit that the polled records are durable; returns how many Kafka deleted before they were read.

        Where nothing was polled, it commits what Kafka itself wrote behind the last record.
        """
        moved: dict[TopicPartition, int] = {}
        jumped: dict[TopicPartition, int] = {}
        for partition in polled or self._next:
            position = self._consumer.position(partition, timeout_ms=REQUEST_MS)
            known = self._next.get(partition)
            if position is None or position == (known or 0):
                continue
            first = polled[partition][0].offset if partition in polled else position
            if known is not None and first > known:
                jumped[partition] = known
            moved[partition] = position
        lost = self._lost(jumped) if jumped else 0
        if moved:
            commits = {one: OffsetAndMetadata(position, "", -1) for one, position in moved.items()}
            self._consumer.commit(commits, timeout_ms=REQUEST_MS)
            self._next |= moved
        return lost

    def lags(self) -> dict[int, int]:
        """How many offsets of each partition are left, where Kafka has said where it ends."""
        lags = {}
        for partition, position in self._next.items():
            if (end := self._consumer.highwater(partition)) is not None:
                lags[partition.partition] = max(0, end - (position or 0))
        return lags

    def goal(self, topic: str) -> "Goal":
        """The ends of all partitions of a topic as they are now, and how many offsets the group has left."""
        partitions = [TopicPartition(topic, one) for one in self._consumer.partitions_for_topic(topic) or ()]
        begins = self._consumer.beginning_offsets(partitions, timeout_ms=REQUEST_MS)
        ends = self._consumer.end_offsets(partitions, timeout_ms=REQUEST_MS)
        goal = Goal({one: ends[one] for one in partitions if ends[one] > begins[one]}, begins, 0)
        return goal._replace(left=self.left(goal))

    def left(self, goal: "Goal") -> int:
        """How many offsets the group has left up to the goal; other processes may read some partitions."""
        done = {one: self._next[one] if one in self._next else self._committed(one) for one in goal.ends}
        return sum(max(0, end - max(goal.begins[one], done[one] or 0)) for one, end in goal.ends.items())

    def _committed(self, partition: TopicPartition) -> int | None:
        found: int | None = self._consumer.committed(partition, timeout_ms=REQUEST_MS)
        return found

    def _lost(self, jumped: Mapping[TopicPartition, int]) -> int:
        """How many records are missing at positions that jumped, since Kafka deleted them.

        Compaction and transactions leave gaps, too, but behind the beginning of a partition.
        """
        begins = self._consumer.beginning_offsets(list(jumped), timeout_ms=REQUEST_MS)
        missing = {one: begins[one] - known for one, known in jumped.items() if begins[one] > known}
        _log_lost(missing.items())
        return sum(missing.values())


class Goal(NamedTuple):
    """Where reading ends.

    Attributes:
        ends: The offset behind the last record of each partition that has records.
        begins: The offset of the first record of each partition.
        left: How many offsets the group had left.
    """

    ends: dict[TopicPartition, int]
    begins: dict[TopicPartition, int]
    left: int


def _log_lost(missing: Iterable[tuple[TopicPartition, int]]) -> None:
    for partition, records in missing:
        _logger.error(
            "topic.records_lost",
            topic=partition.topic,
            partition=partition.partition,
            records=records,
            why="Kafka deleted them before they were read: raise the topic's retention",
        )
