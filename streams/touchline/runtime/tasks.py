"""What a process does with the records that an engine hands it: work on partitions, or decide identity.

The engine calls from one thread at a time, and commits what it handed over when `flush` has returned.
"""

import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Protocol

import uuid_utils

from touchline.engine.engine import Setup
from touchline.engine.identity_stage import IdentityStage
from touchline.engine.messages import Delivered, Sender
from touchline.engine.partition_worker import PartitionWorker
from touchline.engine.ports import Store
from touchline.log.kafka.records import partition_of
from touchline.runtime.fence import fenced
from touchline.runtime.metrics import StageMetrics, WorkerMetrics

TOUCHPOINTS, QUARANTINE, LINKS = range(3)
"""The numbers of the topics."""


class Task(Protocol):
    """What an engine drives."""

    def assigned(
        self, own: Collection[tuple[int, int]], sender: Sender, still_ours: Callable[[], None]
    ) -> None:
        """From now on work on these (topic, partition); `still_ours` raises once they are others'."""

    def forget(self) -> None:
        """Begin again from what is stored: a flush failed."""

    def flush(self, records: Sequence[Delivered], at_end: bool) -> None:
        """Work off records; `at_end` says whether they were the last ones of all partitions."""

    def is_due(self) -> bool:
        """Whether there is something to do without any record."""


class PartitionTask:
    """Runs a worker of partitions by the wall clock.

    Args:
        store: Shared with others.
        setup: How customers are folded.
        grace: How long after its deadline (ms) a missed obligation is announced.
        partitions: How many the touchpoints have.
        metrics: Told of every flush.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        store: Store,
        setup: Setup,
        grace: int,
        partitions: int,
        metrics: WorkerMetrics,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._setup, self._grace = store, setup, grace
        self._place = partial(partition_of, partitions=partitions)
        self._metrics, self._clock = metrics, clock
        self._begin: Callable[[], PartitionWorker] | None = None
        self._worker: PartitionWorker | None = None
        self._at_end = False

    def assigned(
        self, own: Collection[tuple[int, int]], sender: Sender, still_ours: Callable[[], None]
    ) -> None:
        mine = frozenset(partition for topic, partition in own if topic == TOUCHPOINTS)
        self._worker, self._at_end = None, False
        self._begin = partial(self._new, mine, sender, still_ours) if own else None

    def forget(self) -> None:
        self._worker = None

    def _new(self, mine: frozenset[int], sender: Sender, still_ours: Callable[[], None]) -> PartitionWorker:
        return PartitionWorker(
            fenced(self._store, still_ours),
            self._setup,
            self._place,
            mine.__contains__,
            sender,
            str(uuid_utils.uuid7()),
        )

    def flush(self, records: Sequence[Delivered], at_end: bool) -> None:
        if self._worker is None:
            if self._begin is None:
                return
            self._worker = self._begin()
        began = time.monotonic()
        self._at_end = at_end
        now = int(self._clock() * 1000)
        # In a backlog an answer may still be in the queue: only what was due when the last record came
        # is missed for sure.
        known = now if at_end else min((record.received_at for record in records), default=now)
        flushed = self._worker.flush(records, known - self._grace, now)
        if flushed is not None:
            self._metrics.count(flushed, time.monotonic() - began)

    def is_due(self) -> bool:
        if self._worker is None:
            # Customers may be due; whether any are is known when there is a worker.
            return self._begin is not None
        if self._worker.next_deadline is None:
            return False
        return self._worker.next_deadline <= int(self._clock() * 1000) - self._grace


class IdentityTask:
    """Runs the identity stage while the one partition of the links is assigned.

    Args:
        store: Shared with others.
        partitions: How many the touchpoints have.
        metrics: Told of every flush.
        clock: Seconds since 1970.
    """

    def __init__(
        self, store: Store, partitions: int, metrics: StageMetrics, clock: Callable[[], float] = time.time
    ) -> None:
        self._store, self._metrics, self._clock = store, metrics, clock
        self._partitions = partitions
        self._place = partial(partition_of, partitions=partitions)
        self._begin: Callable[[], IdentityStage] | None = None
        self._stage: IdentityStage | None = None

    def assigned(
        self, own: Collection[tuple[int, int]], sender: Sender, still_ours: Callable[[], None]
    ) -> None:
        self._stage = None
        self._begin = partial(self._new, sender, still_ours) if own else None

    def forget(self) -> None:
        self._stage = None

    def _new(self, sender: Sender, still_ours: Callable[[], None]) -> IdentityStage:
        store = fenced(self._store, still_ours)
        return IdentityStage(store, self._place, self._partitions, sender, str(uuid_utils.uuid7()))

    def flush(self, records: Sequence[Delivered], at_end: bool) -> None:
        if self._stage is None:
            if self._begin is None:
                return
            self._stage = self._begin()
        began = time.monotonic()
        if records:
            processed = self._stage.flush(records, self._now(), at_end)
            self._metrics.count(processed, time.monotonic() - began)

    def is_due(self) -> bool:
        return self._stage is None and self._begin is not None

    def _now(self) -> int:
        return int(self._clock() * 1000)
