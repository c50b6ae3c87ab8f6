"""The time up to which all events that reached Kafka are in the store, seen from outside the workers.

An event may wait in two topics: touchpoints, for a worker, and inbox, for a collector. Both commit the
offsets of processed records. So all events received before the oldest uncommitted record are stored.
"""

import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import structlog
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from touchline.log.kafka.brokers import Brokers, KafkaUnavailable
from touchline.log.kafka.clients import make_client
from touchline.log.kafka.records import Topics

_MS: Final = 10_000
_LOOK_SECONDS: Final = 10.0
_POLL_MS: Final = 500

_logger = structlog.get_logger(__name__)


class _TopicReader(NamedTuple):
    """A topic, and a consumer that reads the committed offsets of the group that processes it."""

    topic: str
    consumer: Any


class Backlog:
    """Finds the oldest waiting record. Use it from one thread.

    Args:
        brokers: Kafka's servers.
        topics: The names of the topics.
        clock: Seconds since 1970.
    """

    def __init__(self, brokers: Brokers, topics: Topics, clock: Callable[[], float] = time.time) -> None:
        self._brokers, self._topics, self._clock = brokers, topics, clock
        self._readers: list[_TopicReader] = []
        self._known: int | None = None
        self.error: str | None = None

    def known(self) -> int | None:
        """The time (ms) up to which all events are stored; None until Kafka answers for the first time.

        While Kafka is away it stays the same.
        """
        asked_at = int(self._clock() * 1000)
        try:
            self._readers = self._readers or [
                self._reader(self._topics.touchpoints, "worker"),
                self._reader(self._topics.inbox, "collector"),
            ]
            oldest = [_oldest(reader) for reader in self._readers]
        except (KafkaUnavailable, KafkaError) as error:
            self.error = f"the backlog in Kafka is unknown: {error or type(error).__name__}"
            _logger.warning("alerts.backlog.unknown", why=self.error)
            self.close()
        else:
            self.error = None
            # Stored events stay stored, even if a record with an earlier time appears later.
            self._known = max(self._known or 0, min([asked_at, *(at for at in oldest if at is not None)]))
        return self._known

    def close(self) -> None:
        """Close the consumers."""
        for reader in self._readers:
            reader.consumer.close(autocommit=False, timeout_ms=1_000)
        self._readers = []

    def _reader(self, topic: str, group: str) -> _TopicReader:
        consumer = make_client(
            KafkaConsumer,
            self._brokers,
            # It never joins the group: it only reads the group's committed offsets.
            group_id=f"{self._topics.prefix}{group}",
            enable_auto_commit=False,
            allow_auto_create_topics=False,
            # A fetch returns at least one batch per partition, whatever this limit.
            max_partition_fetch_bytes=1,
            bootstrap_timeout_ms=_MS,
            request_timeout_ms=_MS,
            metrics_enabled=False,
        )
        return _TopicReader(topic, consumer)


def _oldest(reader: _TopicReader) -> int | None:
    """The time (ms) at which the oldest waiting record was received; None where none waits."""
    consumer = reader.consumer
    partitions = [
        TopicPartition(reader.topic, number) for number in consumer.partitions_for_topic(reader.topic) or ()
    ]
    if not partitions:
        return None
    # The ends first: once the commits reach them, everything received before this moment is processed.
    ends = consumer.end_offsets(partitions, timeout_ms=_MS)
    begins = consumer.beginning_offsets(partitions, timeout_ms=_MS)
    committed = {
        partition: max(consumer.committed(partition, timeout_ms=_MS) or 0, begins[partition])
        for partition in partitions
    }
    waiting = {partition: offset for partition, offset in committed.items() if offset < ends[partition]}
    if not waiting:
        return None
    consumer.assign(list(waiting))
    for partition, offset in waiting.items():
        consumer.seek(partition, offset)
    received_at: dict[Any, int] = {}
    give_up_at = time.monotonic() + _LOOK_SECONDS
    while len(received_at) < len(waiting):
        if time.monotonic() > give_up_at:
            raise KafkaUnavailable(
                f"Kafka does not return the oldest records of {reader.topic}: check that it runs"
            )
        for partition, records in consumer.poll(timeout_ms=_POLL_MS).items():
            received_at.setdefault(partition, records[0].timestamp)
    return min(received_at.values())
