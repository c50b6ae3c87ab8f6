"""What SDKs sent straight to Kafka, moved through the collector's door into the log.

The order: judged, appended to the log, then committed here. A crash between the two repeats a record, whose
events the worker knows by their ids; none is lost. Any collector can do it; Kafka shares the partitions out.
"""

import threading
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import structlog
from kafka import KafkaConsumer, OffsetAndMetadata
from kafka.errors import KafkaError

from touchline.collector.acceptance import Acceptance, Result, accept
from touchline.collector.accounts import Told, accounted
from touchline.log.contract import Batch, Log, LogFull, LogUnavailable
from touchline.log.kafka.brokers import Brokers, KafkaUnavailable
from touchline.log.kafka.clients import made
from touchline.log.kafka.records import Topics

Count = Callable[[str, list[Result]], None]

UNNAMED: Final = "kafka"
"""The producer of a record that names none."""

_RECORDS: Final = 100
_BYTES: Final = 4 * 1024**2
_POLL_MS: Final = 250
_REQUEST_MS: Final = 10_000
_SESSION_MS: Final = 10_000
_CLOSE_MS: Final = 2_000
_RETRY_SECONDS: Final = 1.0
_LOG_APPEND_TIME: Final = 1

_logger = structlog.get_logger(__name__)


class _Left(NamedTuple):
    """A record of the inbox."""

    producer: str
    account: str
    received_at: int
    body: bytes


def keep_draining_kafka(
    brokers: Brokers,
    topics: Topics,
    log: Log,
    *,
    stop: threading.Event,
    clock: Callable[[], float],
    count: Count,
    region: str | None = None,
) -> None:
    """Drain the inbox until told to stop; what cannot be moved now stays, and is tried again.

    Args:
        brokers: Kafka's servers.
        topics: The names of the topics.
        log: Where accepted and quarantined events go.
        stop: Set to end it; it ends within about a second.
        clock: Seconds since 1970; used where the topic does not say when it got a record.
        count: Told the producer and the results of each record, once they are durable.
        region: The region by which local phone numbers are read (ISO 3166 alpha-2).
    """
    while not stop.is_set():
        try:
            consumer = _consumer(brokers, topics)
            try:
                while not stop.is_set():
                    _move(consumer, log, clock, count, region)
            finally:
                consumer.close(autocommit=False, timeout_ms=_CLOSE_MS)
        except (KafkaUnavailable, KafkaError, LogFull, LogUnavailable) as error:
            _logger.warning("the inbox waits", topic=topics.inbox, why=f"{type(error).__name__}: {error}")
            stop.wait(_RETRY_SECONDS)


def _consumer(brokers: Brokers, topics: Topics) -> Any:
    return made(
        KafkaConsumer,
        brokers,
        topics.inbox,
        group_id=f"{topics.prefix}collector",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        allow_auto_create_topics=False,
        max_poll_records=_RECORDS,
        fetch_max_bytes=_BYTES,
        bootstrap_timeout_ms=_REQUEST_MS,
        session_timeout_ms=_SESSION_MS,
        request_timeout_ms=_REQUEST_MS,
        reconnect_backoff_max_ms=500,
        metrics_enabled=False,
    )


def _move(consumer: Any, log: Log, clock: Callable[[], float], count: Count, region: str | None) -> None:
    polled = consumer.poll(timeout_ms=_POLL_MS)
    left = [_read(record, clock) for records in polled.values() for record in records]
    if not left:
        return
    judged = [(one, _judge(one, region)) for one in left]
    log.append(
        Batch.joined(
            accounted(acceptance, one.producer, Told.parse(one.account)) for one, acceptance in judged
        )
    )
    done = {place: OffsetAndMetadata(records[-1].offset + 1, "", -1) for place, records in polled.items()}
    consumer.commit(done, timeout_ms=_REQUEST_MS)
    for one, acceptance in judged:
        count(one.producer, acceptance.results)


def _read(record: Any, clock: Callable[[], float]) -> _Left:
    """A record, whoever wrote it: any client of Kafka may leave events here."""
    told = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    stamped = record.timestamp_type == _LOG_APPEND_TIME
    return _Left(
        producer=told.get("producer", "")[:63] or UNNAMED,
        account=told.get("account", ""),
        received_at=record.timestamp if stamped else int(clock() * 1000),
        body=record.value or b"",
    )


def _judge(one: _Left, region: str | None) -> Acceptance:
    if not one.body.strip():
        return Acceptance(Batch([], [], one.received_at), [])
    return accept(one.body, received_at_ms=one.received_at, producer=one.producer, region=region)
