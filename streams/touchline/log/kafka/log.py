"""The collector's log in Kafka: a batch is answered for when every record of it is on the brokers' disks.

kafka-python bounds neither what it holds nor, at some places, how long it waits. So what is outstanding is
counted here, Kafka is reached for before a client is made, one thread alone makes and ends clients, and a
client with which anything went wrong is not used again.
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
from kafka.errors import KafkaError, KafkaTimeoutError

from touchline.log.contract import Batch, LogUnavailable
from touchline.log.kafka.brokers import Brokers, KafkaUnavailable
from touchline.log.kafka.clients import made, reach
from touchline.log.kafka.records import RECORD_BYTES, About, Kind, Topics, bodies, partition_of
from touchline.log.kafka.topics import QUARANTINE_RECORD_BYTES

MOST_BYTES: Final = 32 * 1024**2
"""What is outstanding, sent and not answered, is at most about this; past it nothing is taken."""

DELIVERY_SECONDS: Final = 8.0
"""How long a record may take; a broker that restarts within it is not noticed."""

_REQUEST_SECONDS: Final = 5.0
_CONNECT_SECONDS: Final = 5.0
_METADATA_SECONDS: Final = 3.0
_LOOK_SECONDS: Final = 1.0
_CLOSE_SECONDS: Final = 1.0

_logger = structlog.get_logger(__name__)


class _Placed(msgspec.Struct):
    entity: str


_place = msgspec.json.Decoder(_Placed)


class _Record(NamedTuple):
    topic: str
    partition: int
    kind: Kind
    body: bytes


class KafkaLog:
    """Appends batches to the topics; for several threads.

    Args:
        brokers: Kafka's servers.
        topics: Which topics.
        most_bytes: How much may be outstanding.
    """

    def __init__(self, brokers: Brokers, topics: Topics, *, most_bytes: int = MOST_BYTES) -> None:
        self._brokers, self._topics, self._most = brokers, topics, most_bytes
        self._name = f"collector-{uuid_utils.uuid7()}"
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._producer: Any = None
        self._leaving: list[Any] = []
        self._trouble: str | None = "Kafka was not asked yet"
        self._asked = threading.Event()
        self._look = threading.Event()
        self._closed = False
        self.outstanding_bytes = 0
        """What was sent and is not answered."""
        self._thread = threading.Thread(target=self._stay_connected, name="touchline-kafka", daemon=True)
        self._thread.start()

    def append(self, batch: Batch) -> None:
        """Write a batch; returns when all of it is durable.

        Raises:
            LogUnavailable: Kafka cannot be reached, does not answer in time, or too much is outstanding. Of a
                batch that was sent, parts may have been kept.
        """
        if not batch:
            return
        producer = self._connected()
        if self.outstanding_bytes and self.outstanding_bytes + batch.bytes > self._most:
            raise LogUnavailable("Kafka cannot keep up")
        give_up_at = monotonic() + DELIVERY_SECONDS + _REQUEST_SECONDS
        number = next(self._numbers)
        try:
            sent = [
                self._send(producer, record, About(record.kind, self._name, number, batch.received_at))
                for record in self._records(producer, batch)
            ]
            for one in sent:
                one.get(timeout=max(0.001, give_up_at - monotonic()))
        except (KafkaError, ValueError) as error:
            why = f"Kafka at {self._brokers} did not take the events ({_said(error)})"
            self._drop(producer, why)
            # It holds this frame, which holds the records, which hold it: they would be garbage for long.
            error.__traceback__ = None
            raise LogUnavailable(why) from None

    def trouble(self) -> str | None:
        """Why events would not be taken now; None where they would."""
        return self._trouble

    def close(self, seconds: float = 10) -> None:
        """Take nothing more, and end within about so many seconds; what was appended is durable already."""
        self._closed = True
        self._look.set()
        self._thread.join(seconds)

    def _connected(self) -> Any:
        self._asked.wait(_CONNECT_SECONDS)
        producer = self._producer
        if self._closed:
            raise LogUnavailable("the log is closed")
        if producer is None:
            raise LogUnavailable(self._trouble or "Kafka is being connected to")
        return producer

    def _records(self, producer: Any, batch: Batch) -> Iterator[_Record]:
        touchpoints = self._topics.touchpoints
        partitions = len(producer.partitions_for(touchpoints))
        placed: dict[int, list[bytes]] = defaultdict(list)
        for line in batch.touchpoints:
            placed[partition_of(_place.decode(line).entity, partitions)].append(line)
        # First, so that hardly anybody meets an event of which no account tells.
        yield from _records(touchpoints, next(iter(placed), 0), "accounts", batch.accounts)
        for partition, lines in placed.items():
            yield from _records(touchpoints, partition, "events", lines)
        yield from _records(self._topics.quarantine, 0, "quarantine", batch.quarantine)
        yield from _records(self._topics.links, 0, "ledger", batch.ledger)

    def _send(self, producer: Any, record: _Record, about: About) -> Any:
        size = len(record.body)
        self._count(size)
        try:
            sent = producer.send(record.topic, record.body, partition=record.partition, headers=about.headers)
        except BaseException:
            self._count(-size)
            raise
        return sent.add_both(lambda _: self._count(-size))

    def _count(self, change: int) -> None:
        with self._lock:
            self.outstanding_bytes += change

    def _drop(self, producer: Any, why: str) -> None:
        with self._lock:
            if self._producer is not producer:
                return  # another thread was first
            self._producer, self._trouble = None, why
            self._leaving.append(producer)
        self._look.set()

    def _stay_connected(self) -> None:
        while not self._closed:
            before = self._trouble
            try:
                reach(self._brokers)
                if self._producer is None:
                    self._producer = self._connect()
            except Exception as error:  # whatever it is, the next attempt may do better
                self._trouble = _said(error)
            else:
                self._trouble = None
            if self._trouble is None and before is not None:
                _logger.info("kafka.connected", bootstrap=str(self._brokers))
            elif self._trouble is not None and self._trouble != before:
                _logger.warning("kafka.away", why=self._trouble)
            self._asked.set()
            self._end_those_leaving()
            self._look.wait(_LOOK_SECONDS)
            self._look.clear()
        if self._producer is not None:
            self._leaving.append(self._producer)
        self._end_those_leaving()

    def _connect(self) -> Any:
        producer = made(
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
                self._leaving.append(producer)
                raise KafkaUnavailable(
                    f"Kafka at {self._brokers} has no topic {topic}: make it with touchline migrate"
                ) from None
        return producer

    def _end_those_leaving(self) -> None:
        while self._leaving:
            _end(self._leaving.pop())


def _records(topic: str, partition: int, kind: Kind, lines: Sequence[bytes]) -> Iterator[_Record]:
    return (_Record(topic, partition, kind, body) for body in bodies(lines))


def _end(producer: Any) -> None:
    """Close a client; what is still under way fails, as it would not end by itself in all cases."""
    try:
        producer.close(timeout=_CLOSE_SECONDS)
    except KafkaTimeoutError:
        producer._sender.force_close()
        producer._closed = True


def _ms(seconds: float) -> int:
    return int(seconds * 1000)


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, KafkaUnavailable) else f"{type(error).__name__}: {error}"
