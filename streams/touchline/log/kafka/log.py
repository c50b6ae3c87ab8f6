"""The collector's log in Kafka: a batch counts as durable once all its records are on the brokers' disks.

kafka-python limits neither its buffers nor, in some places, its waits. So this module counts outstanding
bytes and probes Kafka before it makes a client; a single thread makes and closes clients; and a client is
never used again after an error.
"""

import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import count
from time import monotonic
from typing import Any, Final, NamedTuple

import msgspec
import structlog
import uuid_utils
from kafka import KafkaProducer
from kafka.errors import KafkaError

from touchline.log.contract import Batch, LogUnavailable
from touchline.log.kafka.brokers import Brokers, KafkaUnavailable
from touchline.log.kafka.clients import close_producer, make_client
from touchline.log.kafka.probe import probe
from touchline.log.kafka.records import RECORD_BYTES, About, Kind, Topics, bodies, partition_of
from touchline.log.kafka.topics import QUARANTINE_RECORD_BYTES

MOST_BYTES: Final = 32 * 1024**2
"""About the most bytes sent and not acknowledged; beyond it `append` refuses batches."""

DELIVERY_SECONDS: Final = 8.0
"""How long a record may take to be acknowledged; long enough for a broker to restart."""

_REQUEST_SECONDS: Final = 5.0
_CONNECT_SECONDS: Final = 5.0
_METADATA_SECONDS: Final = 3.0
_RECONNECT_SECONDS: Final = 1.0
_CLOSE_SECONDS: Final = 1.0

_logger = structlog.get_logger(__name__)


class _Entity(msgspec.Struct):
    entity: str


_entity = msgspec.json.Decoder(_Entity)


class _Record(NamedTuple):
    topic: str
    partition: int
    kind: Kind
    body: bytes


class KafkaLog:
    """Appends batches to the topics. Its methods may be called from several threads.

    Args:
        brokers: Kafka's servers.
        topics: The names of the topics.
        most_bytes: The most outstanding bytes.
    """

    def __init__(self, brokers: Brokers, topics: Topics, *, most_bytes: int = MOST_BYTES) -> None:
        self._brokers, self._topics, self._most = brokers, topics, most_bytes
        self._name = f"collector-{uuid_utils.uuid7()}"
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._producer: Any = None
        self._closing: list[Any] = []
        self._error: str | None = "Kafka is not connected yet"
        self._tried = threading.Event()
        self._wake = threading.Event()
        self._closed = False
        self.outstanding_bytes = 0
        """Bytes sent and not acknowledged."""
        self._thread = threading.Thread(target=self._stay_connected, name="touchline-kafka", daemon=True)
        self._thread.start()

    def append(self, batch: Batch) -> None:
        """Write a batch. Returns when all of it is durable.

        Raises:
            LogUnavailable: Kafka cannot be reached, does not answer in time, or too much is outstanding. A
                batch that was sent may have been written in part.
        """
        if not batch:
            return
        producer = self._connected()
        if self.outstanding_bytes and self.outstanding_bytes + batch.bytes > self._most:
            raise LogUnavailable("Kafka cannot keep up")
        give_up_at = monotonic() + DELIVERY_SECONDS + _REQUEST_SECONDS
        number = next(self._numbers)
        try:
            deliveries = [
                self._send(producer, record, About(record.kind, self._name, number, batch.received_at))
                for record in self._records(producer, batch)
            ]
            for delivery in deliveries:
                delivery.get(timeout=max(0.001, give_up_at - monotonic()))
        except (KafkaError, ValueError) as error:
            why = f"Kafka at {self._brokers} did not accept the events ({_describe(error)})"
            self._drop(producer, why)
            # The traceback and the records refer to each other, and would stay in memory for long.
            error.__traceback__ = None
            raise LogUnavailable(why) from None

    def health_error(self) -> str | None:
        """Why events would be refused now; None where they would be accepted."""
        return self._error

    def close(self, seconds: float = 10) -> None:
        """Refuse further batches and close within about `seconds`. Appended batches are durable already."""
        self._closed = True
        self._wake.set()
        self._thread.join(seconds)

    def _connected(self) -> Any:
        self._tried.wait(_CONNECT_SECONDS)
        producer = self._producer
        if self._closed:
            raise LogUnavailable("the log is closed")
        if producer is None:
            raise LogUnavailable(self._error or "Kafka is not connected yet")
        return producer

    def _records(self, producer: Any, batch: Batch) -> Iterator[_Record]:
        touchpoints = self._topics.touchpoints
        partitions = len(producer.partitions_for(touchpoints))
        by_partition: dict[int, list[bytes]] = defaultdict(list)
        for line in batch.touchpoints:
            by_partition[partition_of(_entity.decode(line).entity, partitions)].append(line)
        # First, so that readers rarely see an event that no account counts.
        yield from _records(touchpoints, next(iter(by_partition), 0), "accounts", batch.accounts)
        for partition, lines in by_partition.items():
            yield from _records(touchpoints, partition, "events", lines)
        yield from _records(self._topics.quarantine, 0, "quarantine", batch.quarantine)
        yield from _records(self._topics.links, 0, "ledger", batch.ledger)

    def _send(self, producer: Any, record: _Record, about: About) -> Any:
        size = len(record.body)
        self._count(size)
        try:
            delivery = producer.send(
                record.topic, record.body, partition=record.partition, headers=about.headers
            )
        except BaseException:
            self._count(-size)
            raise
        return delivery.add_both(lambda _: self._count(-size))

    def _count(self, change: int) -> None:
        with self._lock:
            self.outstanding_bytes += change

    def _drop(self, producer: Any, why: str) -> None:
        with self._lock:
            if self._producer is not producer:
                return  # another thread has dropped it
            self._producer, self._error = None, why
            self._closing.append(producer)
        self._wake.set()

    def _stay_connected(self) -> None:
        while not self._closed:
            before = self._error
            try:
                probe(self._brokers)
                if self._producer is None:
                    self._producer = self._connect()
            except Exception as error:  # of any kind: the next attempt may succeed
                self._error = _describe(error)
            else:
                self._error = None
            if self._error is None and before is not None:
                _logger.info("kafka.connected", bootstrap=str(self._brokers))
            elif self._error is not None and self._error != before:
                _logger.warning("kafka.away", why=self._error)
            self._tried.set()
            self._close_producers()
            self._wake.wait(_RECONNECT_SECONDS)
            self._wake.clear()
        if self._producer is not None:
            self._closing.append(self._producer)
        self._close_producers()

    def _connect(self) -> Any:
        producer = make_client(
            KafkaProducer,
            self._brokers,
            client_id=self._name,
            acks="all",
            compression_type="lz4",
            batch_size=RECORD_BYTES,
            max_request_size=QUARANTINE_RECORD_BYTES,
            allow_auto_create_topics=False,
            bootstrap_timeout_ms=_ms(_CONNECT_SECONDS),
            max_block_ms=_ms(_METADATA_SECONDS),
            request_timeout_ms=_ms(_REQUEST_SECONDS),
            delivery_timeout_ms=_ms(DELIVERY_SECONDS),
            reconnect_backoff_max_ms=500,
            metrics_enabled=False,
        )
        for topic in (self._topics.touchpoints, self._topics.quarantine, self._topics.links):
            try:
                producer.partitions_for(topic)
            except KafkaError:
                self._closing.append(producer)
                raise KafkaUnavailable(
                    f"Kafka at {self._brokers} has no topic {topic}: create it with `touchline migrate`"
                ) from None
        return producer

    def _close_producers(self) -> None:
        while self._closing:
            close_producer(self._closing.pop(), _CLOSE_SECONDS)


def _records(topic: str, partition: int, kind: Kind, lines: Sequence[bytes]) -> Iterator[_Record]:
    return (_Record(topic, partition, kind, body) for body in bodies(lines))


def _ms(seconds: float) -> int:
    return int(seconds * 1000)


def _describe(error: Exception) -> str:
    return str(error) if isinstance(error, KafkaUnavailable) else f"{type(error).__name__}: {error}"
