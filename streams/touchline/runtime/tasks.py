"""What a process does with the records of its consumer: process partitions, or decide identity.

The consumer calls from one thread at a time, and commits the records after `flush` returns.
"""

import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Protocol

import uuid_utils

from touchline.engine.engine import Setup
from touchline.engine.identity_stage import Deciding, IdentityStage
from touchline.engine.messages import Delivered, Publisher
from touchline.engine.partition_worker import PartitionWorker
from touchline.engine.ports import Store
from touchline.log.kafka.records import partition_of
from touchline.runtime.fence import fenced
from touchline.runtime.metrics import StageMetrics, WorkerMetrics

TOUCHPOINTS, QUARANTINE, LINKS = range(3)
"""The numbers of the topics."""


class Task(Protocol):
    """What a consumer drives."""

    def assigned(
        self, own: Collection[tuple[int, int]], sender: Publisher, ensure_owned: Callable[[], None]
    ) -> None:
        """Start on these (topic, partition) pairs; `ensure_owned` raises `Superseded` once they are lost."""

    def forget(self) -> None:
        """Drop the state in memory, and start again from the store: a flush failed."""

    def flush(self, records: Sequence[Delivered], at_end: bool) -> None:
        """Process records; `at_end` says whether they are the last ones of all partitions."""

    def is_due(self) -> bool:
        """Whether a flush without records has something to do."""


class PartitionTask:
    """Runs a partition worker by the wall clock.

    Args:
        store: Shared with other processes.
        setup: How customers are folded.
        grace: How long after its deadline (ms) a missed obligation is announced.
        partitions: How many partitions the touchpoints have.
        metrics: Counts each flush.
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
        self, own: Collection[tuple[int, int]], sender: Publisher, ensure_owned: Callable[[], None]
    ) -> None:
        mine = frozenset(partition for topic, partition in own if topic == TOUCHPOINTS)
        self._worker, self._at_end = None, False
        self._begin = partial(self._new, mine, sender, ensure_owned) if own else None

    def forget(self) -> None:
        self._worker = None

    def _new(
        self, mine: frozenset[int], sender: Publisher, ensure_owned: Callable[[], None]
    ) -> PartitionWorker:
        return PartitionWorker(
            fenced(self._store, ensure_owned),
            self._setup,
            self._place,
            mine.__contains__,
            fenced(sender, ensure_owned),
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
        # In a backlog the answer may still wait: an obligation is missed only if it was due when the oldest
        # record of this flush was received.
        known = now if at_end else min((record.received_at for record in records), default=now)
        flushed = self._worker.flush(records, known - self._grace, now)
        if flushed is not None:
            self._metrics.count(flushed, time.monotonic() - began)

    def is_due(self) -> bool:
        if self._worker is None:
            # Customers may be due; only a worker can say.
            return self._begin is not None
        if self._worker.next_deadline is None:
            return False
        return self._worker.next_deadline <= int(self._clock() * 1000) - self._grace


class IdentityTask:
    """Runs the identity stage while the only partition of the links is assigned.

    Args:
        store: Shared with other processes.
        partitions: How many partitions the touchpoints have.
        deciding: How the stage decides.
        metrics: Counts each flush.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        store: Store,
        partitions: int,
        deciding: Deciding,
        metrics: StageMetrics,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._metrics, self._clock = store, metrics, clock
        self._partitions, self._deciding = partitions, deciding
        self._place = partial(partition_of, partitions=partitions)
        self._begin: Callable[[], IdentityStage] | None = None
        self._stage: IdentityStage | None = None

    def assigned(
        self, own: Collection[tuple[int, int]], sender: Publisher, ensure_owned: Callable[[], None]
    ) -> None:
        self._stage = None
        self._begin = partial(self._new, sender, ensure_owned) if own else None

    def forget(self) -> None:
        self._stage = None

    def _new(self, sender: Publisher, ensure_owned: Callable[[], None]) -> IdentityStage:
        store = fenced(self._store, ensure_owned)
        name = str(uuid_utils.uuid7())
        return IdentityStage(store, self._place, self._partitions, sender, name, self._deciding)

    def flush(self, records: Sequence[Delivered], at_end: bool) -> None:
        if self._stage is None:
            if self._begin is None:
                return
            self._stage = self._begin()
            # At its beginning it decides again, if the limits are others.
            self._stage.flush((), self._now())
        began = time.monotonic()
        if records:
            processed = self._stage.flush(records, self._now(), at_end)
            self._metrics.count(processed, time.monotonic() - began)

    def is_due(self) -> bool:
        return self._stage is None and self._begin is not None

    def _now(self) -> int:
        return int(self._clock() * 1000)
