"""Up to when all that came to Kafka is in the store, as far as that can be told from outside of the workers.

An event may wait in two places: in the touchpoints, for a worker, or in the inbox, for a collector. Each
commits the offsets of what is done. So all is done that came before the oldest record behind these offsets.
"""

import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import structlog
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from touchline.log.kafka.brokers import Brokers, KafkaUnavailable
from touchline.log.kafka.clients import made
from touchline.log.kafka.records import Topics

_MS: Final = 10_000
_LOOK_SECONDS: Final = 10.0
_POLL_MS: Final = 500

_logger = structlog.get_logger(__name__)


class _Reader(NamedTuple):
    """A topic, and how far the group is that works it off."""

    topic: str
    consumer: Any


class Backlog:
    """Looks at what waits; asked by one thread.

    Args:
        brokers: Kafka's servers.
        topics: The names of the topics.
        clock: Seconds since 1970.
    """

    def __init__(self, brokers: Brokers, topics: Topics, clock: Callable[[], float] = time.time) -> None:
        self._brokers, self._topics, self._clock = brokers, topics, clock
        self._readers: list[_Reader] = []
        self._known: int | None = None
        self.trouble: str | None = None

    def known(self) -> int | None:
        """Up to when (ms) all that came is stored; as before where Kafka does not answer, None if never."""
        asked_at = int(self._clock() * 1000)
        try:
            self._readers = self._readers or [
                self._reader(self._topics.touchpoints, "worker"),
                self._reader(self._topics.inbox, "collector"),
            ]
            oldest = [_oldest(one) for one in self._readers]
        except (KafkaUnavailable, KafkaError) as error:
            self.trouble = f"it is not known what waits in Kafka: {error or type(error).__name__}"
            _logger.warning("alerts.backlog.unknown", why=self.trouble)
            self.close()
        else:
            self.trouble = None
            # What is stored stays so, however late another record says that it came.
            self._known = max(self._known or 0, min([asked_at, *(at for at in oldest if at is not None)]))
        return self._known

    def close(self) -> None:
        """Let go of Kafka."""
        for one in self._readers:
            one.consumer.close(autocommit=False, timeout_ms=1_000)
        self._readers = []

    def _reader(self, topic: str, group: str) -> _Reader:
        consumer = made(
            KafkaConsumer,
            self._brokers,
            # Of no partition it is ever assigned: it asks what the group has committed, and joins nothing.
            group_id=f"{self._topics.prefix}{group}",
            enable_auto_commit=False,
            allow_auto_create_topics=False,
            # A partition answers with one batch at least.
            max_partition_fetch_bytes=1,
            bootstrap_timeout_ms=_MS,
            request_timeout_ms=_MS,
            metrics_enabled=False,
        )
        return _Reader(topic, consumer)


def _oldest(reader: _Reader) -> int | None:
    """When (ms) the oldest record came that waits; None if none does."""
    consumer = reader.consumer
    partitions = [
        TopicPartition(reader.topic, number) for number in consumer.partitions_for_topic(reader.topic) or ()
    ]
    if not partitions:
        return None
    # First the ends: what came before they were asked for is done with where the commits reach them.
    ends = consumer.end_offsets(partitions, timeout_ms=_MS)
    begins = consumer.beginning_offsets(partitions, timeout_ms=_MS)
    done = {one: max(consumer.committed(one, timeout_ms=_MS) or 0, begins[one]) for one in partitions}
    waiting = {one: offset for one, offset in done.items() if offset < ends[one]}
    if not waiting:
        return None
    consumer.assign(list(waiting))
    for one, offset in waiting.items():
        consumer.seek(one, offset)
    came: dict[Any, int] = {}
    give_up_at = time.monotonic() + _LOOK_SECONDS
    while len(came) < len(waiting):
        if time.monotonic() > give_up_at:
            raise KafkaUnavailable(
                f"Kafka does not give the oldest records of {reader.topic}: see that it runs"
            )
        for one, records in consumer.poll(timeout_ms=_POLL_MS).items():
            came.setdefault(one, records[0].timestamp)
    return min(came.values())
