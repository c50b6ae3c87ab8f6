"""The consumer of a topic: records are made durable in the log first, and their offsets are committed second.

A crash between the two repeats the records; their events are recognised by their ids. Several processes of
one group share the partitions. kafka-python limits few waits by itself, so calls here have a time-out; after
an error, the consumer is closed and made again.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from typing import Any, Final, NamedTuple

import structlog
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from touchline.collector.acceptance import CurrentValidator
from touchline.imports.refusals import Tally as RefusedRows
from touchline.log.contract import Log, LogFull, LogUnavailable
from touchline.log.kafka.brokers import Brokers, KafkaUnavailable
from touchline.log.kafka.clients import make_client
from touchline.topics.errors import MostlyRefused, RegistryUnavailable, TopicUnavailable
from touchline.topics.metrics import TopicMetrics
from touchline.topics.positions import REQUEST_MS, Goal, Positions
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
_SESSION_MS: Final = 10_000
_CLOSE_MS: Final = 2_000
_RETRY_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.5

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
        clock: Returns seconds since 1970.

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
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._subscription = subscription
        self._translator = translator
        self._log = log
        self._metrics = metrics
        self._validator = validator
        self._stop = stop
        self._most_refused = most_refused
        self._clock = clock
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
                    positions = Positions(consumer)
                    while not self._stop.is_set():
                        self._move(consumer, positions)
            except RETRIED as error:
                self._failed(error)

    def read_to_end(self, progress: Progress) -> bool:
        """Read up to the end that the topic has now; returns whether that was reached before `stop` was set.

        Raises:
            TopicUnavailable, MostlyRefused: as above.
            One of `RETRIED`: it got no further for `GIVE_UP_SECONDS`.
        """
        goal: Goal | None = None
        fewest, fewer_at, looked_at = inf, time.monotonic(), -inf
        while not self._stop.is_set():
            try:
                with self._consumer() as consumer:
                    positions = Positions(consumer)
                    goal = goal or positions.goal(self._subscription.topic)
                    while not self._stop.is_set():
                        self._move(consumer, positions)
                        now = time.monotonic()
                        if now - looked_at < _LOOK_SECONDS:
                            continue
                        looked_at, left = now, positions.left(goal)
                        progress(goal.left - left, goal.left)
                        if not left:
                            return True
                        if left < fewest:
                            fewest, fewer_at = left, now
                        elif now - fewer_at > GIVE_UP_SECONDS:
                            raise TopicUnavailable(
                                f"{self._subscription.topic} was not read to its end: {left:,} records are "
                                f"left, and for {GIVE_UP_SECONDS:.0f} s none was read; look whether another "
                                f"process of the group {self._subscription.group} holds partitions"
                            )
            except RETRIED as error:
                if time.monotonic() - fewer_at > GIVE_UP_SECONDS:
                    raise
                self._failed(error)
        return False

    def _failed(self, error: Exception) -> None:
        if isinstance(error, TopicUnavailable) and not self._found:
            # A misspelt name is no outage.
            raise error
        why = str(error) or type(error).__name__
        if isinstance(error, KafkaError):
            why = f"Kafka at {self._subscription.brokers}: {why}"
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
            bootstrap_timeout_ms=REQUEST_MS,
            session_timeout_ms=_SESSION_MS,
            request_timeout_ms=REQUEST_MS,
            reconnect_backoff_max_ms=500,
            metrics_enabled=False,
        )
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

    def _move(self, consumer: Any, positions: Positions) -> None:
        """Move the records of one poll into the log."""
        polled: dict[TopicPartition, list[Any]] = consumer.poll(timeout_ms=_POLL_MS)
        positions.look()
        records = [_record(one) for batch in polled.values() for one in batch]
        outcome = None
        if records:
            began = time.monotonic()
            outcome = self._translator.translate(records, self._validator(), int(self._clock() * 1000))
            if not self._begun and positions.is_new_group:
                check_begin(self._subscription.topic, outcome, self._most_refused)
            self._begun = True
            self._log.append(outcome.batch)
            self._metrics.commit_seconds.observe(time.monotonic() - began)
        if lost := positions.advance(polled):
            self.lost += lost
            self._metrics.count_lost(lost)
        if outcome is not None:
            self._metrics.count(outcome)
            self.tally.add(outcome.tally)
        self.error = None
        self._metrics.show_lag(positions.lags())


def check_begin(topic: str, outcome: Outcome, most_refused: float) -> None:
    """Check that the first records of a topic can mostly be used.

    Raises:
        MostlyRefused: they cannot; the message has the commonest reasons.
    """
    tally, reasons = outcome.tally, RefusedRows(topic)
    if tally.records < _FIRST or tally.quarantined <= most_refused * (tally.quarantined + tally.events):
        return
    reasons.add(tally.records, tally.events, outcome.refusals)
    commonest = "".join(
        f"\n  {reason.rows:,} (offset {reason.at[0]:,} …): {reason.why}" for reason in reasons.reasons[:3]
    )
    raise MostlyRefused(
        f"{tally.quarantined:,} of the first {tally.records:,} records of {topic} are refused: nothing was "
        f"stored. Commonest reasons:{commonest}\nCorrect the mapping or --format, or allow it with "
        "--most-refused 100%"
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
