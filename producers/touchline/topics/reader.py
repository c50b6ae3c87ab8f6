"""The consumer of a topic: records are made durable in the log first, and their offsets are committed second.

A crash between the two repeats the records; their events are recognised by their ids. Several processes of
one group share the partitions. kafka-python limits few waits by itself, so calls here have a time-out; after
an error, the consumer is closed and made again.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import structlog
from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import KafkaError

from touchline.collector.acceptance import CurrentValidator
from touchline.imports.refusals import Tally as RefusedRows
from touchline.log.contract import Log, LogFull, LogUnavailable
from touchline.log.kafka.brokers import Brokers, KafkaUnavailable
from touchline.log.kafka.clients import make_client
from touchline.topics.errors import MostlyRefused, RegistryUnavailable, TopicUnavailable
from touchline.topics.metrics import TopicMetrics
from touchline.topics.record import Record
from touchline.topics.translation import Outcome, Tally, Translator

GIVE_UP_SECONDS: Final = 120.0
"""How long a reading to the end may get no further before it gives up."""

RETRIED: Final = (
    KafkaError,
    KafkaUnavailable,
    LogFull,
    LogUnavailable,
    RegistryUnavailable,
    TopicUnavailable,
)
"""What may be over in a while. Nothing is lost: the records are read again."""

MOST_REFUSED: Final = 0.5
"""The share of the first records of a new group above which they are not stored, unless the user says so."""

_FIRST: Final = 20
_RECORDS: Final = 2_000
_FETCH_BYTES: Final = 8 * 1024**2
_POLL_MS: Final = 250
_REQUEST_MS: Final = 10_000
_SESSION_MS: Final = 10_000
_CLOSE_MS: Final = 2_000
_RETRY_SECONDS: Final = 1.0

_logger = structlog.get_logger(__name__)

Progress = Callable[[int, int], None]
"""Called with the number of records that are done, and of all up to the end."""


class Subscription(NamedTuple):
    """Which topic is read, and by which group of consumers."""

    brokers: Brokers
    topic: str
    group: str


class TopicReader:
    """Reads a topic into the log. Use it from one thread.

    Args:
        subscription: What to read.
        translator: Makes events of records.
        log: The log.
        metrics: Where to count.
        validator: Gives what events are validated by.
        stop: Set it to stop within about a second.
        most_refused: The largest share of the first records of a new group that may be refused, 0 to 1.

    `tally` counts the records that are durable, `lost` those that Kafka deleted before they were read, and
    `error` says why nothing can be read now.
    """

    def __init__(
        self,
        subscription: Subscription,
        translator: Translator,
        log: Log,
        metrics: TopicMetrics,
        validator: CurrentValidator,
        stop: threading.Event,
        most_refused: float = MOST_REFUSED,
    ) -> None:
        self._subscription = subscription
        self._translator = translator
        self._log = log
        self._metrics = metrics
        self._validator = validator
        self._stop = stop
        self._most_refused = most_refused
        self._next: dict[TopicPartition, int] = {}
        self._found = False
        self._begun = most_refused >= 1
        self.tally = Tally()
        self.lost = 0
        self.error: str | None = "the topic is not read yet"

    def keep_reading(self) -> None:
        """Read until `stop` is set. What fails is tried again.

        Raises:
            TopicUnavailable: there is no such topic at the start.
            MostlyRefused: most of the first records of a new group cannot be used.
        """
        while not self._stop.is_set():
            try:
                with self._consumer() as consumer:
                    while not self._stop.is_set():
                        self._move(consumer)
            except RETRIED as error:
                self._failed(error)

    def read_to_end(self, progress: Progress) -> bool:
        """Read up to the end that the topic has now; returns whether that was reached before `stop` was set.

        Raises:
            TopicUnavailable, MostlyRefused: as above.
            One of `RETRIED`: it got no further for `GIVE_UP_SECONDS`.
        """
        ends: dict[TopicPartition, int] | None = None
        total = 0
        moved_at, moved = time.monotonic(), -1
        while not self._stop.is_set():
            try:
                with self._consumer() as consumer:
                    if ends is None:
                        ends = self._ends(consumer)
                        total = sum(ends[one] - self._begin(consumer, one) for one in ends)
                    while not self._stop.is_set():
                        idle = not self._move(consumer)
                        progress(min(self.tally.records, total), total)
                        if idle and self._is_done(consumer, ends):
                            progress(total, total)
                            return True
                        if self.tally.records > moved:
                            moved_at, moved = time.monotonic(), self.tally.records
                        elif time.monotonic() - moved_at > GIVE_UP_SECONDS:
                            raise TopicUnavailable(
                                f"{self._subscription.topic} was not read to its end: for "
                                f"{GIVE_UP_SECONDS:.0f} s, no record came; look whether another process of "
                                f"the group {self._subscription.group} holds partitions"
                            )
            except RETRIED as error:
                if time.monotonic() - moved_at > GIVE_UP_SECONDS:
                    raise
                self._failed(error)
        return False

    def _failed(self, error: Exception) -> None:
        if isinstance(error, TopicUnavailable) and not self._found:
            # A misspelt name is no outage.
            raise error
        why = str(error) or type(error).__name__
        if isinstance(error, KafkaError):
            why = f"Kafka at {self._subscription.brokers}: {type(error).__name__}: {error}"
        if why != self.error:
            _logger.warning("topic.unreadable", topic=self._subscription.topic, why=why)
        self.error = why
        # The traceback and the records refer to each other, and would stay in memory for long.
        error.__traceback__ = None
        self._stop.wait(_RETRY_SECONDS)

    @contextmanager
    def _consumer(self) -> Iterator[Any]:
        topic = self._subscription.topic
        consumer = make_client(
            KafkaConsumer,
            self._subscription.brokers,
            topic,
            group_id=self._subscription.group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            allow_auto_create_topics=False,
            isolation_level="read_committed",
            max_poll_records=_RECORDS,
            fetch_max_bytes=_FETCH_BYTES,
            bootstrap_timeout_ms=_REQUEST_MS,
            session_timeout_ms=_SESSION_MS,
            request_timeout_ms=_REQUEST_MS,
            reconnect_backoff_max_ms=500,
            metrics_enabled=False,
        )
        self._next = {}
        try:
            if not consumer.partitions_for_topic(topic):
                raise TopicUnavailable(
                    f"Kafka at {self._subscription.brokers} has no topic {topic}: check its name, and that "
                    "the user may describe and read it"
                )
            self._found = True
            yield consumer
        finally:
            consumer.close(autocommit=False, timeout_ms=_CLOSE_MS)
            self._metrics.show_lag({})

    def _move(self, consumer: Any) -> int:
        """Move the records of one poll into the log; returns how many."""
        polled: dict[TopicPartition, list[Any]] = consumer.poll(timeout_ms=_POLL_MS)
        assigned = consumer.assignment()
        self._note_lost(consumer, assigned, polled)
        records = [_record(one) for batch in polled.values() for one in batch]
        if records:
            began = time.monotonic()
            outcome = self._translator.translate(records, self._validator(), int(time.time() * 1000))
            if not self._begun:
                self._check_begin(consumer, assigned, outcome)
            self._log.append(outcome.batch)
            self._metrics.commit_seconds.observe(time.monotonic() - began)
        self._commit(consumer, assigned, polled)
        if records:
            self._metrics.count(outcome)
            self.tally.add(outcome.tally)
        self.error = None
        self._show_lag(consumer, assigned)
        return len(records)

    def _commit(
        self, consumer: Any, assigned: set[TopicPartition], polled: dict[TopicPartition, Any]
    ) -> None:
        """Commit what is durable; and where nothing came, what Kafka itself wrote behind the last record."""
        moved = {}
        for partition in polled or assigned:
            position = consumer.position(partition, timeout_ms=_REQUEST_MS)
            if position is None:
                continue
            known = self._next.get(partition)
            if known is None:
                known = consumer.committed(partition, timeout_ms=_REQUEST_MS)
            if position > (known or 0) or (polled and position != known):
                moved[partition] = OffsetAndMetadata(position, "", -1)
            self._next[partition] = position
        if moved:
            consumer.commit(moved, timeout_ms=_REQUEST_MS)

    def _check_begin(self, consumer: Any, assigned: set[TopicPartition], outcome: Outcome) -> None:
        """Check that the first records of a new group can mostly be used.

        Raises:
            MostlyRefused: they cannot. Nothing of them is stored or committed.
        """
        self._begun = True
        quarantined = outcome.tally.quarantined
        if outcome.tally.records < _FIRST or quarantined <= self._most_refused * (
            quarantined + outcome.tally.events
        ):
            return
        if any(consumer.committed(one, timeout_ms=_REQUEST_MS) is not None for one in assigned):
            return
        topic = self._subscription.topic
        refused = RefusedRows(topic)
        refused.add(outcome.tally.records, outcome.tally.events, outcome.refusals)
        reasons = "".join(
            f"\n  {reason.rows:,} (offset {reason.at[0]:,} …): {reason.why}" for reason in refused.reasons[:3]
        )
        raise MostlyRefused(
            f"{quarantined:,} of the first {outcome.tally.records:,} records of {topic} are refused: "
            f"nothing was stored. Commonest reasons:{reasons}\nCorrect the mapping or --format, or allow "
            "it with --most-refused 100%"
        )

    def _note_lost(
        self, consumer: Any, assigned: set[TopicPartition], polled: dict[TopicPartition, list[Any]]
    ) -> None:
        """Count records that Kafka deleted before they were read: its retention was shorter than the lag."""
        self._next = {one: offset for one, offset in self._next.items() if one in assigned}
        skipped = {}
        for partition, batch in polled.items():
            expected = self._next.get(partition)
            if expected is None:
                expected = consumer.committed(partition, timeout_ms=_REQUEST_MS)
            if expected is not None and batch and batch[0].offset > expected:
                skipped[partition] = expected
        if not skipped:
            return
        # Compaction and transactions leave gaps, too, but behind the beginning.
        begins = consumer.beginning_offsets(list(skipped), timeout_ms=_REQUEST_MS)
        for partition, expected in skipped.items():
            if (lost := begins[partition] - expected) > 0:
                self.lost += lost
                self._metrics.count_lost(lost)
                _logger.error(
                    "topic.records_lost",
                    topic=partition.topic,
                    partition=partition.partition,
                    records=lost,
                    why="Kafka deleted them before they were read: raise the topic's retention",
                )

    def _show_lag(self, consumer: Any, assigned: set[TopicPartition]) -> None:
        lags = {}
        for partition in assigned:
            end, position = consumer.highwater(partition), self._next.get(partition)
            if end is not None and position is not None:
                lags[partition.partition] = max(0, end - position)
        self._metrics.show_lag(lags)

    def _ends(self, consumer: Any) -> dict[TopicPartition, int]:
        """The offset behind the last record of each partition that has records."""
        topic = self._subscription.topic
        partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        begins = consumer.beginning_offsets(partitions, timeout_ms=_REQUEST_MS)
        ends = consumer.end_offsets(partitions, timeout_ms=_REQUEST_MS)
        return {one: ends[one] for one in partitions if ends[one] > begins[one]}

    def _begin(self, consumer: Any, partition: TopicPartition) -> int:
        begin = consumer.beginning_offsets([partition], timeout_ms=_REQUEST_MS)[partition]
        return int(max(begin, consumer.committed(partition, timeout_ms=_REQUEST_MS) or 0))

    def _is_done(self, consumer: Any, ends: dict[TopicPartition, int]) -> bool:
        """Whether the group has read every partition to its end; other processes may read some of them."""
        return all(
            self._next.get(partition, 0) >= end
            or (consumer.committed(partition, timeout_ms=_REQUEST_MS) or 0) >= end
            for partition, end in ends.items()
        )


def _record(record: Any) -> Record:
    return Record(
        record.topic,
        record.partition,
        record.offset,
        record.timestamp if record.timestamp is not None else -1,
        record.key,
        record.value,
        record.headers or (),
    )
