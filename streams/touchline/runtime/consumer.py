"""Reads topics of Kafka in a process, has a task process the records, and commits their offsets after that.

No record is lost:

    1. a record is acknowledged, and its offset committed, only after the task has processed it
    2. any unexpected error ends the process before a commit; a supervisor restarts it
    3. a process whose committed offsets do not move while records wait ends as well
    4. before each change of the store the process confirms that it still has its partitions (`membership`)
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, NamedTuple

import structlog

from touchline.engine.messages import Delivered
from touchline.log.kafka.brokers import Brokers, KafkaUnavailable
from touchline.log.kafka.probe import probe
from touchline.log.kafka.records import Topics
from touchline.runtime.exchange import KafkaSender, to_delivered
from touchline.runtime.faust_adapter import FaustClient, Handlers, Record, TopicPartition
from touchline.runtime.fence import Superseded
from touchline.runtime.membership import UNASSIGNED, Membership
from touchline.runtime.metrics import PartitionMetrics
from touchline.runtime.progress import STALL_SECONDS, Progress
from touchline.runtime.tasks import LINKS, QUARANTINE, TOUCHPOINTS, Task

FLUSH_RECORDS = 400
"""The most records of one flush."""

FLUSH_SECONDS = 0.05
"""The longest time from the first record of a flush to its start."""

EXIT_UNEXPECTED = 70
"""The exit code after an unexpected error or a stall."""

_RETRY_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)
_STOP_SECONDS = 8.0
_PROGRESS_SECONDS = 2.0
_CONFIRM_SECONDS = 10.0
_CONFIRM_RETRY_SECONDS = 0.5
_DUE_SECONDS = 0.25

_logger = structlog.get_logger(__name__)


class Subscription(NamedTuple):
    """What a process reads.

    Args:
        group: The consumer group; its processes share the partitions.
        brokers: Kafka's servers.
        topics: The names of all topics.
        reads: The numbers of the topics to read; see `tasks`.
    """

    group: str
    brokers: Brokers
    topics: Topics
    reads: Sequence[int]


class Consumer:
    """Drives a task with the records of a subscription.

    Args:
        subscription: What to read.
        task: Processes the records.
        metrics: Counts how far the process is behind.
        retriable: Errors of the store that are worth a retry.
        stall_seconds: See `progress.STALL_SECONDS`.
    """

    def __init__(
        self,
        subscription: Subscription,
        task: Task,
        metrics: PartitionMetrics,
        *,
        retriable: tuple[type[Exception], ...] = (),
        stall_seconds: float = STALL_SECONDS,
    ) -> None:
        group, self._brokers, self._topics, reads = subscription
        self._group, self._task, self._metrics, self._retriable = group, task, metrics, retriable
        names = {
            TOUCHPOINTS: self._topics.touchpoints,
            QUARANTINE: self._topics.quarantine,
            LINKS: self._topics.links,
        }
        self._numbers = {names[number]: number for number in reads}
        self._next: dict[TopicPartition, int] = {}
        self._progress, self._stall_seconds = Progress(stall_seconds), stall_seconds
        self.error: str | None = "no partitions are assigned yet"
        """Why the process is not ready; None if it is."""

    def run(self) -> None:
        """Run until SIGTERM or SIGINT; then commit the current flush and exit with code 0."""
        asyncio.run(self._main())

    async def _main(self) -> None:
        loop = self._loop = asyncio.get_running_loop()
        self._flushing = asyncio.Lock()
        ending = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, ending.set)
        client = self._client = FaustClient(
            self._group,
            self._brokers,
            self._numbers,
            Handlers(self._on_records, self._on_assigned, self._on_revoked),
            batch_records=FLUSH_RECORDS,
            batch_seconds=FLUSH_SECONDS,
        )
        self._membership = Membership(client.heartbeat)
        self._sender = KafkaSender(client, self._topics, self._group, loop)
        await client.start()
        loops = [asyncio.create_task(self._watch_progress()), asyncio.create_task(self._flush_when_due())]
        await ending.wait()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                # Holding the lock keeps a new flush from starting.
                await self._flushing.acquire()
                for background in loops:
                    background.cancel()
                await client.stop()
        except TimeoutError:
            # A flush that is cut off is repeated, as after a crash.
            _logger.warning("consumer.slow_stop", seconds=_STOP_SECONDS)
        # Threads of Faust may still block; all offsets are committed.
        sys.stdout.flush()
        os._exit(0)

    async def _on_records(self, records: Sequence[Record]) -> None:
        await self._exit_on_error(self._flush, records)

    async def _on_assigned(self, assigned: set[TopicPartition]) -> None:
        await self._exit_on_error(self._take_over, assigned)

    async def _on_revoked(self) -> None:
        """Give up the partitions after the current flush, which is committed by then."""
        self._membership.begin_revocation()
        async with self._flushing:
            self._membership.revoke()
            self.error = "the consumer group is rebalancing"
            _logger.info("partitions.revoked")

    async def _flush(self, records: Sequence[Record]) -> None:
        async with self._flushing:
            # Records that were buffered during a rebalance are delivered again after it.
            fresh = []
            for record in records:
                message = record.message
                if message.generation_id == self._membership.generation and message.offset >= self._next.get(
                    message.tp, 0
                ):
                    fresh.append(record)
                    self._next[message.tp] = message.offset + 1
            if not fresh:
                return
            delivered = [to_delivered(record, self._numbers[record.message.topic]) for record in fresh]
            at_end = self._at_end()
            await asyncio.to_thread(self._process, delivered, at_end)
            for record in fresh:
                record.ack()
            await self._client.commit()
            oldest = min(record.received_at for record in delivered) / 1000
            self._metrics.freshness(0.0 if at_end else time.time() - oldest)

    async def _flush_when_due(self) -> None:
        while True:
            await asyncio.sleep(_DUE_SECONDS)
            if self._task.is_due() and not self._flushing.locked():
                await self._exit_on_error(self._flush_due)

    async def _flush_due(self) -> None:
        async with self._flushing:
            if self._membership.generation > UNASSIGNED and await self._membership.confirm():
                await asyncio.to_thread(self._process, [], self._at_end())

    async def _take_over(self, assigned: set[TopicPartition]) -> None:
        async with self._flushing:
            self._membership.assign(self._client.assigned_generation)
            self._next = {}
            self._progress.restart()
            own = [(self._numbers[tp.topic], tp.partition) for tp in assigned if tp.topic in self._numbers]
            await self._client.start_producer()
            await asyncio.to_thread(self._task.assigned, own, self._sender, self.ensure_owned)
            self.error = None
            _logger.info(
                "partitions.assigned", partitions=sorted(f"{tp.topic}/{tp.partition}" for tp in assigned)
            )

    def ensure_owned(self) -> None:
        """Confirm that the partitions still belong to this process. Call it from the task's thread.

        Raises:
            Superseded: another process has them, or may have them.
        """
        give_up_at = time.monotonic() + _CONFIRM_SECONDS
        while not self._membership.is_confirmed():
            # Kafka may be unavailable for a moment.
            confirmation = asyncio.run_coroutine_threadsafe(self._membership.confirm(), self._loop)
            if confirmation.result(_CONFIRM_SECONDS):
                return
            if time.monotonic() > min(give_up_at, self._membership.leave_by):
                raise Superseded(
                    "another process has, or may have, the partitions: this one was suspended too long"
                )
            time.sleep(_CONFIRM_RETRY_SECONDS)

    def _at_end(self) -> bool:
        """Whether no known record lies after those that are processed or in this flush."""
        return all(self._client.highwater(tp) <= position for tp, position in self._next.items())

    async def _watch_progress(self) -> None:
        """Report the lag, and end the process if it stalls."""
        while True:
            await asyncio.sleep(_PROGRESS_SECONDS)
            try:
                lags = await self._client.lags()
            except Exception as error:
                _logger.warning("kafka.unknown_lag", why=f"{type(error).__name__}: {error}")
                waiting = await asyncio.to_thread(_is_reachable, self._brokers)
            else:
                self._metrics.lag({(tp.topic, tp.partition): records for tp, records in lags.items()})
                waiting = any(lags.values())
            self._progress.observe(self._client.committed_offsets(), waiting=waiting)
            if self._progress.is_stalled(flushing=self._flushing.locked()):
                _logger.error("consumer.stalled", seconds=self._stall_seconds)
                os._exit(EXIT_UNEXPECTED)

    def _process(self, records: Sequence[Delivered], at_end: bool) -> None:
        """Have the task process records; after a retriable error it starts again from the store."""
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

    async def _exit_on_error(self, step: Callable[..., Coroutine[Any, Any, None]], *arguments: Any) -> None:
        try:
            await step(*arguments)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self.error = f"{type(error).__name__}: {error}"
            # An error of the store names its cause; a traceback adds nothing.
            retriable = isinstance(error, self._retriable)
            _logger.error("consumer.ended", why=self.error, exc_info=not retriable)
            os._exit(EXIT_UNEXPECTED)


def _is_reachable(brokers: Brokers) -> bool:
    try:
        probe(brokers)
    except KafkaUnavailable:
        return False
    return True
