"""The Kafka inbox: validates batches of the SDK's `kafka://` transport and moves them to the log.

A record is appended to the log first and committed here second. A crash between the two repeats the record;
the worker recognises its events by their ids. Several collectors share the partitions as a consumer group.
"""

import threading
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import structlog
from kafka import KafkaConsumer, OffsetAndMetadata
from kafka.errors import KafkaError

from touchline.collector.acceptance import VOCABULARY, Acceptance, CurrentValidator, accept
from touchline.collector.accounts import ClientCounters, with_account
from touchline.collector.dialects.dialect import Received
from touchline.collector.results import Result
from touchline.log.contract import Batch, Log, LogFull, LogUnavailable
from touchline.log.kafka.brokers import Brokers, KafkaUnavailable
from touchline.log.kafka.clients import make_client
from touchline.log.kafka.records import Topics
from touchline.vocabulary.validation import Validator

Count = Callable[[str, list[Result]], None]

UNNAMED: Final = "kafka"
"""The producer of a record without the header `producer`."""

_RECORDS: Final = 100
_BYTES: Final = 4 * 1024**2
_POLL_MS: Final = 250
_REQUEST_MS: Final = 10_000
_SESSION_MS: Final = 10_000
_CLOSE_MS: Final = 2_000
_RETRY_SECONDS: Final = 1.0
_LOG_APPEND_TIME: Final = 1

_logger = structlog.get_logger(__name__)


class _Record(NamedTuple):
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
    validator: CurrentValidator = lambda: VOCABULARY,
) -> None:
    """Drain the inbox until `stop` is set. A record that cannot be moved now stays and is retried.

    Args:
        brokers: Kafka's servers.
        topics: The names of the topics.
        log: The log.
        stop: Set it to stop within about a second.
        clock: Returns seconds since 1970; used if the topic does not record the time of an append.
        count: Called with the producer and the results of each record when they are durable.
        validator: Returns what events are validated by.
    """
    while not stop.is_set():
        try:
            consumer = _consumer(brokers, topics)
            try:
                # Who joins the group before the topic is known gets no partitions, and may wait for minutes.
                if not consumer.partitions_for_topic(topics.inbox):
                    raise KafkaUnavailable(f"Kafka at {brokers} has no topic {topics.inbox}")
                while not stop.is_set():
                    _move(consumer, log, clock, count, validator())
            finally:
                consumer.close(autocommit=False, timeout_ms=_CLOSE_MS)
        except (KafkaUnavailable, KafkaError, LogFull, LogUnavailable) as error:
            why = f"{type(error).__name__}: {error}"
            _logger.warning("cannot drain the inbox, will retry", topic=topics.inbox, why=why)
            stop.wait(_RETRY_SECONDS)


def _consumer(brokers: Brokers, topics: Topics) -> Any:
    return make_client(
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


def _move(consumer: Any, log: Log, clock: Callable[[], float], count: Count, validator: Validator) -> None:
    polled = consumer.poll(timeout_ms=_POLL_MS)
    records = [_parse(record, clock) for batch in polled.values() for record in batch]
    if not records:
        return
    accepted = [(record, _accept(record, validator)) for record in records]
    log.append(
        Batch.joined(
            with_account(acceptance, record.producer, ClientCounters.parse(record.account))
            for record, acceptance in accepted
        )
    )
    done = {partition: OffsetAndMetadata(batch[-1].offset + 1, "", -1) for partition, batch in polled.items()}
    consumer.commit(done, timeout_ms=_REQUEST_MS)
    for record, acceptance in accepted:
        count(record.producer, acceptance.results)


def _parse(record: Any, clock: Callable[[], float]) -> _Record:
    """A record of any Kafka client: the headers may be missing."""
    headers = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    has_append_time = record.timestamp_type == _LOG_APPEND_TIME
    return _Record(
        producer=headers.get("producer", "")[:63] or UNNAMED,
        account=headers.get("account", ""),
        received_at=record.timestamp if has_append_time else int(clock() * 1000),
        body=record.value or b"",
    )


def _accept(record: _Record, validator: Validator) -> Acceptance:
    if not record.body.strip():
        return Acceptance(Batch([], [], record.received_at), [])
    return accept(Received(record.body, record.received_at, record.producer), validator=validator)
