"""Faust behind a small interface: the only module that imports it.

Faust and aiokafka have no public access to some of what a consumer needs. This module reaches these names,
and `tests/runtime/test_faust_adapter.py` fails if a new version of either library drops one:

- `App._create_directories` creates a data folder at the start; no setting turns that off. Here it does
  nothing.
- `Consumer._committed_offset` is the last committed offset of each partition. Faust's public monitor knows
  only what this process committed, not what the group had committed before.
- `Consumer._thread`, `AIOKafkaConsumerThread._ensure_consumer` and `AIOKafkaConsumer._coordinator` lead to
  aiokafka's group coordinator; Faust takes the same way to read the group's generation.
- `Producer._ensure_producer` returns aiokafka's producer, whose batches Faust does not offer.
- `GroupCoordinator._do_heartbeat` sends a heartbeat and returns whether the broker accepts it. The heartbeats
  in the background do not publish their result, and their last one may be older than a rebalance.

Faust runs without tables, web server and topics of its own. It commits an offset only after `ack`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

import faust
from faust.types import TP, EventT

from touchline.log.kafka.brokers import Brokers
from touchline.log.kafka.records import partition_of

TopicPartition: TypeAlias = TP
Record: TypeAlias = EventT[bytes]

SEND_SECONDS = 30.0
"""The longest wait for one batch of sent messages."""

_SESSION_SECONDS = 10.0
_REBALANCE_SECONDS = 60.0
_QUERY_SECONDS = 10.0
_BUFFER_RECORDS = 400


Keyed: TypeAlias = tuple[str, bytes | None]
"""A record's key and value; None as its value deletes the key on compaction."""


class Heartbeat(NamedTuple):
    """Whether the broker accepted a heartbeat, and the generation that the consumer has after it."""

    accepted: bool
    generation: int


class Handlers(NamedTuple):
    """Coroutines that Faust's events call: records were read, partitions were assigned or revoked."""

    records: Callable[[Sequence[Record]], Awaitable[None]]
    assigned: Callable[[set[TopicPartition]], Awaitable[None]]
    revoked: Callable[[], Awaitable[None]]


class _App(faust.App):
    def _create_directories(self) -> None:
        """Create nothing: this process keeps no files."""


class FaustClient:
    """A member of a consumer group, and a producer.

    Args:
        group: The consumer group.
        brokers: Kafka's servers.
        topics: The names of the topics to read.
        handlers: Called in the event loop, each batch of records after the one before is done.
        batch_records: The most records of one batch.
        batch_seconds: The longest wait for a batch to fill, from its first record.
    """

    def __init__(
        self,
        group: str,
        brokers: Brokers,
        topics: Collection[str],
        handlers: Handlers,
        *,
        batch_records: int,
        batch_seconds: float,
    ) -> None:
        self._topics, self._handlers = frozenset(topics), handlers
        self._batch_records, self._batch_seconds = batch_records, batch_seconds
        app: Any = _App(
            group,
            broker=[f"kafka://{server.strip()}" for server in brokers.bootstrap.split(",")],
            broker_credentials=_credentials(brokers),
            web_enabled=False,
            autodiscover=False,
            store="memory://",
            topic_allow_declare=False,
            topic_disable_leader=True,
            broker_commit_interval=1.0,
            broker_session_timeout=_SESSION_SECONDS,
            broker_heartbeat_interval=3.0,
            broker_rebalance_timeout=_REBALANCE_SECONDS,
            broker_request_timeout=_SESSION_SECONDS + 10,
            consumer_auto_offset_reset="earliest",
            producer_compression_type="lz4",
            producer_request_timeout=SEND_SECONDS,
            producer_max_request_size=4 * 1024**2,
            stream_buffer_maxsize=_BUFFER_RECORDS,
            stream_wait_empty=False,
        )
        channel = app.topic(*topics, value_serializer="raw", key_serializer="raw")
        app.agent(channel, concurrency=1)(self._read)
        app.on_partitions_assigned.connect(self._assigned)
        app.on_partitions_revoked.connect(self._revoked)
        self._app = app

    async def start(self) -> None:
        """Connect, and join the group."""
        await self._app.start()

    async def stop(self) -> None:
        """Commit what is acknowledged, and leave the group."""
        await self._app.stop()

    async def start_producer(self) -> None:
        """Connect the producer if it is not connected."""
        await self._app.maybe_start_producer()

    async def send(self, topic: str, partition: int, body: bytes, headers: Any) -> Awaitable[object]:
        """Queue a message; the result is done when the message is durable."""
        producer = await self._app.maybe_start_producer()
        sent: Awaitable[object] = await producer.send(topic, None, body, partition, None, headers)
        return sent

    async def send_keyed(self, topic: str, records: Iterable[Keyed], headers: Any) -> list[Awaitable[object]]:
        """Queue records for the partitions of their keys; the results are done when all are durable.

        They are put into batches here: sent one by one, each would cost ten times as much.
        """
        await self._app.maybe_start_producer()
        producer = self._app.producer._ensure_producer()
        partitions = len(await producer.partitions_for(topic))
        sent: list[Awaitable[object]] = []
        batches: dict[int, Any] = {}
        for key, value in records:
            partition = partition_of(key, partitions)
            record = {"timestamp": None, "key": key.encode(), "value": value, "headers": headers}
            if (batch := batches.get(partition)) is None:
                batch = batches[partition] = producer.create_batch()
            if batch.append(**record) is None:
                sent.append(await producer.send_batch(batch, topic, partition=partition))
                batch = batches[partition] = producer.create_batch()
                batch.append(**record)
        for partition, batch in batches.items():
            sent.append(await producer.send_batch(batch, topic, partition=partition))
        return sent

    async def commit(self) -> None:
        """Commit the offsets of all acknowledged records."""
        await self._app.consumer.commit()

    @property
    def assigned_generation(self) -> int:
        """The group's generation at the last assignment."""
        generation: int = self._app.consumer_generation_id
        return generation

    async def heartbeat(self) -> Heartbeat:
        """Ask the broker now whether this consumer is still a member of the group."""
        thread = self._app.consumer._thread
        coordinator = thread._ensure_consumer()._coordinator
        accepted = await thread.call_thread(coordinator._do_heartbeat)
        return Heartbeat(bool(accepted), coordinator.generation)

    def committed_offsets(self) -> dict[TopicPartition, int | None]:
        """The last committed offset of each partition."""
        return dict(self._app.consumer._committed_offset)

    def highwater(self, partition: TopicPartition) -> int:
        """The end of a partition when its records were last fetched; 0 before that."""
        return self._app.consumer.highwater(partition) or 0

    async def lags(self) -> dict[TopicPartition, int]:
        """How many records of each assigned partition are not committed."""
        consumer = self._app.consumer
        own = [partition for partition in consumer.assignment() if partition.topic in self._topics]
        if not own:
            return {}
        ends = await asyncio.wait_for(consumer.highwaters(*own), _QUERY_SECONDS)
        # Retention may have deleted the committed record, and a new group has committed none.
        begins = await asyncio.wait_for(consumer.earliest_offsets(*own), _QUERY_SECONDS)
        committed = self.committed_offsets()
        return {tp: max(0, ends[tp] - max(committed.get(tp) or 0, begins[tp])) for tp in own}

    async def _read(self, stream: Any) -> None:
        async for records in stream.noack_take(self._batch_records, within=self._batch_seconds):
            await self._handlers.records(records)

    async def _assigned(self, app: Any, *arguments: Any, signal: Any, **_: Any) -> None:
        assigned: Iterable[TopicPartition] = arguments[0]
        await self._handlers.assigned(set(assigned))

    async def _revoked(self, app: Any, *arguments: Any, signal: Any, **_: Any) -> None:
        await self._handlers.revoked()


def _credentials(brokers: Brokers) -> Any:
    """How Faust logs in: with a user, with TLS alone, or None for a plain connection."""
    if brokers.requires_user:
        return faust.SASLCredentials(
            username=brokers.user,
            password=brokers.password,
            ssl_context=brokers.tls,
            mechanism=brokers.mechanism,
        )
    return brokers.tls and faust.SSLCredentials(brokers.tls)
