"""The engine: Faust reads the topics, a task works the records off, and their offsets are committed after it.

Faust's own ways to lose are kept out: nothing is acknowledged before the task is done with it; anything
unexpected ends the process at once, before a commit, and whoever watches over it starts it again; a process
whose committed offsets do not move while there is something to read ends as well. No tables, no web server,
no topics of Faust's own.

A process that stood still may have lost its partitions without knowing it. So before each change of the store
it makes sure, by Kafka's word, that they are its own (`still_ours`), and ends where they may not be.
"""

import asyncio
import math
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any

import faust
import structlog
import uuid_utils
from faust.types import TP, EventT

from touchline.engine.messages import Delivered, Message
from touchline.log.kafka.brokers import Brokers, KafkaUnavailable
from touchline.log.kafka.probe import probe
from touchline.log.kafka.records import About, Topics, UnknownRecord, bodies
from touchline.runtime.fence import Superseded
from touchline.runtime.metrics import PartitionMetrics
from touchline.runtime.tasks import LINKS, QUARANTINE, TOUCHPOINTS, Task

FLUSH_RECORDS = 400
"""A flush takes in at most this many records."""

FLUSH_SECONDS = 0.05
"""A flush begins so long after its first record came, if not earlier."""

STALL_SECONDS = 60.0
"""With records to read and no commit for so long, the process ends."""

BUSY_STALLS = 10
"""While a flush is under way, it may take so many times as long."""

SURE_SECONDS = 7.0
"""So long Kafka's word counts that the partitions are ours: less than a session, as a change takes time."""

LEAVE_SECONDS = 45.0
"""So long after others began to wait for the partitions nothing is changed: they wait little longer."""

ENDED = 70
"""The exit code after anything unexpected."""

UNKNOWN = "unknown"
"""The kind of a record that is not one of ours."""

_RETRY_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)
_SESSION_SECONDS = 10.0
_REBALANCE_SECONDS = 60.0
_SEND_SECONDS = 30.0
_STOP_SECONDS = 20.0
_LOOK_SECONDS = 2.0
_ASK_SECONDS = 10.0
_DUE_SECONDS = 0.25
_AGAIN_SECONDS = 0.5
_WAITING_RECORDS = 400

_logger = structlog.get_logger(__name__)


class _App(faust.App):
    def _create_directories(self) -> None:
        """None: nothing is kept in folders."""


class Engine:
    """Drives a task with the records of some topics.

    Args:
        group: The consumer group: its processes share the partitions.
        brokers: Kafka's servers.
        topics: Their names.
        reads: The numbers of the topics that are read.
        task: What is done with them.
        metrics: Told how far behind the process is.
        retriable: Errors of the store that pass.
        stall_seconds: See `STALL_SECONDS`.
    """

    def __init__(
        self,
        group: str,
        brokers: Brokers,
        topics: Topics,
        reads: Sequence[int],
        task: Task,
        metrics: PartitionMetrics,
        *,
        retriable: tuple[type[Exception], ...] = (),
        stall_seconds: float = STALL_SECONDS,
    ) -> None:
        self._brokers, self._topics, self._task, self._metrics = brokers, topics, task, metrics
        names = {TOUCHPOINTS: topics.touchpoints, QUARANTINE: topics.quarantine, LINKS: topics.links}
        self._numbers = {names[number]: number for number in reads}
        self._group, self._stall_seconds, self._retriable = group, stall_seconds, retriable
        self._name = f"{group}-{uuid_utils.uuid7()}"
        self._batch = 0
        self._generation = -1
        self._next: dict[TP, int] = {}
        self._committed: dict[TP, int | None] = {}
        self._moved_at = time.monotonic()
        self._sure_at = self._leave_by = -math.inf
        self.trouble: str | None = "no partitions are assigned yet"

    def why_not(self) -> str | None:
        """Why it does not work now; None where it does."""
        return self.trouble

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; what is under way is finished and committed first."""
        asyncio.run(self._main())

    async def _main(self) -> None:
        loop = self._loop = asyncio.get_running_loop()
        self._busy = asyncio.Lock()
        ending = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, ending.set)
        app = self._app = self._make_app()
        await app.start()
        watching = [asyncio.create_task(self._look_after()), asyncio.create_task(self._fall_due())]
        await ending.wait()
        # No flush begins any more.
        await self._busy.acquire()
        for one in watching:
            one.cancel()
        try:
            await asyncio.wait_for(app.stop(), _STOP_SECONDS)
        except TimeoutError:
            _logger.warning("engine.slow_end", seconds=_STOP_SECONDS)
        # Threads of Faust's may still wait for something; all is committed.
        sys.stdout.flush()
        os._exit(0)

    def _make_app(self) -> Any:
        app: Any = _App(
            self._group,
            broker=[f"kafka://{one.strip()}" for one in self._brokers.bootstrap.split(",")],
            broker_credentials=_credentials(self._brokers),
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
            producer_request_timeout=_SEND_SECONDS,
            producer_max_request_size=4 * 1024**2,
            stream_buffer_maxsize=_WAITING_RECORDS,
            stream_wait_empty=False,
        )
        channel = app.topic(*self._numbers, value_serializer="raw", key_serializer="raw")
        app.agent(channel, concurrency=1)(self._consume)
        app.on_partitions_assigned.connect(self._assigned)
        app.on_partitions_revoked.connect(self._revoked)
        return app

    async def _consume(self, stream: Any) -> None:
        async for events in stream.noack_take(FLUSH_RECORDS, within=FLUSH_SECONDS):
            await self._or_end(self._flush, events)

    async def _flush(self, events: Sequence[EventT[bytes]]) -> None:
        async with self._busy:
            # What waited in a buffer while the partitions were dealt anew comes once more.
            fresh = []
            for event in events:
                message = event.message
                if message.generation_id == self._generation and message.offset >= self._next.get(
                    message.tp, 0
                ):
                    fresh.append(event)
                    self._next[message.tp] = message.offset + 1
            if not fresh:
                return
            records = [self._delivered(event) for event in fresh]
            at_end = self._at_end()
            await asyncio.to_thread(self._work_off, records, at_end)
            for event in fresh:
                event.ack()
            await self._app.consumer.commit()
            oldest = min(record.received_at for record in records) / 1000
            self._metrics.freshness(0.0 if at_end else time.time() - oldest)

    async def _fall_due(self) -> None:
        while True:
            await asyncio.sleep(_DUE_SECONDS)
            if self._task.is_due() and not self._busy.locked():
                await self._or_end(self._flush_due)

    async def _flush_due(self) -> None:
        async with self._busy:
            if self._generation >= 0 and await self._is_sure():
                await asyncio.to_thread(self._work_off, [], self._at_end())

    async def _assigned(self, app: Any, *arguments: Any, signal: Any, **_: Any) -> None:
        await self._or_end(self._take_over, arguments[0])

    async def _take_over(self, assigned: set[TP]) -> None:
        async with self._busy:
            self._generation = self._app.consumer_generation_id
            self._next = {}
            self._moved_at = time.monotonic()
            self._sure_at, self._leave_by = -math.inf, math.inf
            own = [(self._numbers[tp.topic], tp.partition) for tp in assigned if tp.topic in self._numbers]
            await self._app.maybe_start_producer()
            await asyncio.to_thread(self._task.assigned, own, self, self.still_ours)
            self.trouble = None
            _logger.info(
                "partitions.assigned", partitions=sorted(f"{tp.topic}/{tp.partition}" for tp in assigned)
            )

    async def _revoked(self, app: Any, *arguments: Any, signal: Any, **_: Any) -> None:
        """Let go: after the flush under way, which is committed by then."""
        self._leave_by = time.monotonic() + LEAVE_SECONDS
        async with self._busy:
            self._generation = -1
            self.trouble = "the partitions are being dealt anew"
            _logger.info("partitions.revoked")

    def send(self, messages: Sequence[Message]) -> None:
        """Write messages for others; called by the task, from its thread.

        Raises:
            Exception: they are not all durable.
        """
        asyncio.run_coroutine_threadsafe(self._send(messages), self._loop).result(2 * _SEND_SECONDS)

    def still_ours(self) -> None:
        """Make sure that nobody else works on the partitions by now; called by the task, from its thread.

        Raises:
            Superseded: somebody does, or may.
        """
        give_up_at = time.monotonic() + _ASK_SECONDS
        while not self._was_sure():
            # Kafka may be away for a moment.
            asked = asyncio.run_coroutine_threadsafe(self._is_sure(), self._loop)
            if asked.result(_ASK_SECONDS):
                return
            if time.monotonic() > min(give_up_at, self._leave_by):
                raise Superseded(
                    "the partitions are, or may be, others' by now: this process stood still too long"
                )
            time.sleep(_AGAIN_SECONDS)

    def _was_sure(self) -> bool:
        now = time.monotonic()
        return now < self._leave_by and now - self._sure_at < SURE_SECONDS

    async def _is_sure(self) -> bool:
        if not self._was_sure():
            asked_at = time.monotonic()
            thread = self._app.consumer._thread
            coordinator = thread._ensure_consumer()._coordinator
            if await thread.call_thread(coordinator._do_heartbeat):
                self._sure_at = asked_at
            elif coordinator.generation != self._generation:
                self._leave_by = -math.inf
        return self._was_sure()

    async def _send(self, messages: Sequence[Message]) -> None:
        producer = await self._app.maybe_start_producer()
        sent: list[Awaitable[object]] = []
        for message in messages:
            self._batch += 1
            about = About(message.kind, self._name, self._batch, int(time.time() * 1000))
            topic, partition = (
                (self._topics.links, 0)
                if message.partition is None
                else (self._topics.touchpoints, message.partition)
            )
            sent += [
                await producer.send(topic, None, body, partition, None, about.headers)
                for body in bodies(message.lines)
            ]
        await asyncio.gather(*sent)

    def _delivered(self, event: EventT[bytes]) -> Delivered:
        message = event.message
        headers = message.headers or ()
        try:
            about = About.read(list(headers.items() if isinstance(headers, Mapping) else headers))
            kind: str = about.kind
            received_at = about.received_at
        except UnknownRecord as error:
            _logger.warning("record.unknown", topic=message.topic, offset=message.offset, why=str(error))
            kind, received_at = UNKNOWN, int((message.timestamp or time.time()) * 1000)
        topic = self._numbers[message.topic]
        return Delivered(topic, message.partition, message.offset, kind, received_at, message.value or b"")

    async def _lags(self) -> dict[TP, int]:
        """How many records of each own partition are there and not committed."""
        consumer = self._app.consumer
        own = [tp for tp in consumer.assignment() if tp.topic in self._numbers]
        if not own:
            return {}
        ends = await asyncio.wait_for(consumer.highwaters(*own), _ASK_SECONDS)
        # Where nothing was committed yet, or what was is no longer kept.
        begins = await asyncio.wait_for(consumer.earliest_offsets(*own), _ASK_SECONDS)
        committed = consumer._committed_offset
        return {tp: max(0, ends[tp] - max(committed.get(tp) or 0, begins[tp])) for tp in own}

    def _at_end(self) -> bool:
        """Whether nothing more is known to be there than was worked off, or is being worked off."""
        consumer = self._app.consumer
        return all((consumer.highwater(tp) or 0) <= position for tp, position in self._next.items())

    async def _look_after(self) -> None:
        """Tell how far behind the process is, and end it when it does not get on."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                lags = await self._lags()
            except Exception as error:
                _logger.warning("kafka.unknown_lag", why=f"{type(error).__name__}: {error}")
                stuck = await asyncio.to_thread(self._reachable)
            else:
                self._metrics.lag({(tp.topic, tp.partition): records for tp, records in lags.items()})
                stuck = any(lags.values())
            committed = dict(self._app.consumer._committed_offset)
            if not stuck or committed != self._committed:
                self._committed, self._moved_at = committed, time.monotonic()
            # One flush may be long, as where every customer is folded anew.
            limit = self._stall_seconds * (BUSY_STALLS if self._busy.locked() else 1)
            if time.monotonic() - self._moved_at > limit:
                _logger.error("engine.stalled", seconds=self._stall_seconds)
                os._exit(ENDED)

    def _reachable(self) -> bool:
        try:
            probe(self._brokers)
        except KafkaUnavailable:
            return False
        return True

    def _work_off(self, records: Sequence[Delivered], at_end: bool) -> None:
        """Have the task work records off; where the store is away for a moment, begin again from it."""
        pauses = iter(_RETRY_SECONDS)
        while True:
            try:
                return self._task.flush(records, at_end)
            except self._retriable as error:
                pause = next(pauses, None)
                if pause is None:
                    raise
                _logger.warning("store.retry", why=str(error))
                time.sleep(pause)
                self._task.forget()

    async def _or_end(self, what: Callable[..., Coroutine[Any, Any, None]], *arguments: Any) -> None:
        try:
            await what(*arguments)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self.trouble = f"{type(error).__name__}: {error}"
            # A store that stays away says what it is itself.
            known = isinstance(error, self._retriable)
            _logger.error("engine.ended", why=self.trouble, exc_info=not known)
            os._exit(ENDED)


def _credentials(brokers: Brokers) -> Any:
    """What the servers ask of us, as Faust has it; None where they ask for nothing."""
    if brokers.requires_user:
        return faust.SASLCredentials(
            username=brokers.user,
            password=brokers.password,
            ssl_context=brokers.tls,
            mechanism=brokers.mechanism,
        )
    return brokers.tls and faust.SSLCredentials(brokers.tls)
