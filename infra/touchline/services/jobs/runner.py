"""The thread that runs jobs. It reads the store alone, so no worker waits for it.

A job is due at the start, after its pause if the store changed since its last run, and soon after the events
grew by `GROWTH`. All jobs together run for at most one part in `1 + REST` of the time, once each has run.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from touchline.runtime.alerting.queries import Insert, Query
from touchline.services.jobs.job import Job
from touchline.services.jobs.metrics import JobMetrics
from touchline.store import StoreError, StoreUnavailable

START_SECONDS = 10.0
"""Before the first look: the start of the process comes first."""

LOOK_SECONDS = 15.0
"""How often to see whether a job is due."""

REST = 10.0
"""The pause after a run, as a multiple of its duration."""

FIRST_REST = 1.0
"""The same until each job has run once: readers wait for the first figures."""

RETRY_SECONDS = 60.0
"""The pause after a failed run; it doubles with each further failure, up to the job's own pause."""

GROWTH = 1.25
"""A job is due early once there are so many times the events of its last run."""

_COUNT = "SELECT count() FROM events"
_MARK = "SELECT count(), max(version), (SELECT max(version) FROM identities) FROM frictions"

_logger = structlog.get_logger(__name__)


class _Stopped(Exception):
    """The process ends during a run."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """What all jobs of a process share.

    Args:
        query: Queries the store.
        insert: Appends rows to its tables.
        metrics: Counts the runs.
        ready: Whether the store is complete enough to compute with.
        owns: Whether this process may write.
        clock: Seconds since 1970.
    """

    query: Query
    insert: Insert
    metrics: JobMetrics
    ready: Callable[[], bool] = lambda: True
    owns: Callable[[], bool] = lambda: True
    clock: Callable[[], float] = time.time


@dataclass(slots=True)
class _State:
    """When a job last ran, by a clock that only grows, and on which data."""

    began: float | None = None
    events: int = 0
    mark: Sequence[Any] = ()
    own: Sequence[Any] = ()
    failures: int = 0
    not_before: float = 0.0


class Jobs:
    """Runs jobs until it is stopped."""

    def __init__(self, jobs: Sequence[Job], place: Workplace) -> None:
        self._jobs, self._place = jobs, place
        self._states = {job.name: _State() for job in jobs}
        self._rested_at = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="touchline-jobs", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Stop after the query under way; wait at most `timeout` seconds."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def look(self, moment: float) -> None:
        """Run the jobs that are due at a moment of a clock that only grows (s)."""
        for job in self._jobs:
            if self._stopping.is_set() or moment < self._rested_at:
                return
            state = self._states[job.name]
            if moment >= state.not_before and (found := self._changed(job, state, moment)):
                state.events, state.mark = found
                moment += self._work(job, state, moment)

    def _run(self) -> None:
        pause = START_SECONDS
        while not self._stopping.wait(pause):
            pause = LOOK_SECONDS
            try:
                if self._place.ready() and self._place.owns():
                    self.look(time.monotonic())
            except StoreError as error:
                _logger.warning("jobs.retry", why=str(error))
            except Exception:
                # It must not stop the process around it.
                _logger.exception("jobs.failed")

    def _changed(self, job: Job, state: _State, moment: float) -> tuple[int, Sequence[Any]] | None:
        """The number of events and the mark of the data, if the job is due; None if not."""
        ((events,),) = self._place.query(_COUNT, {})
        waited = state.began is None or moment - state.began >= job.every / 1000
        own = self._place.query(job.mark, {})[0] if job.mark else ()
        changed = tuple(state.own) != tuple(own)
        if not events or not (waited or changed or events >= GROWTH * state.events):
            return None
        state.own = own
        mark = [events, *own, *self._place.query(_MARK, {})[0]]
        return None if mark == state.mark and not job.by_time else (events, mark)

    def _work(self, job: Job, state: _State, moment: float) -> float:
        """Run a job; return how long it took (s)."""
        state.began, began = moment, time.monotonic()
        done = False
        try:
            job.run(self._query, self._insert, int(self._place.clock() * 1000))
            done = True
        except _Stopped:
            return 0.0
        except StoreError as error:
            _logger.warning("job.retry", job=job.name, why=str(error))
        except Exception:
            _logger.exception("job.failed", job=job.name)
        took = time.monotonic() - began
        self._place.metrics.ran(job.name, done, took)
        rest = REST if all(other.began is not None for other in self._states.values()) else FIRST_REST
        self._rested_at = moment + took + rest * took
        state.failures = 0 if done else state.failures + 1
        if not done:
            state.mark = ()
            pause = min(
                RETRY_SECONDS * 2 ** min(state.failures - 1, 20), max(job.every / 1000, RETRY_SECONDS)
            )
            state.not_before, state.began = moment + pause, None
        return took

    def _query(self, sql: str, parameters: Mapping[str, str]) -> Sequence[Sequence[Any]]:
        if self._stopping.is_set():
            raise _Stopped
        return self._place.query(sql, parameters)

    def _insert(self, table: str, columns: dict[str, Sequence[Any]], token: str) -> None:
        if not self._place.owns():
            raise StoreUnavailable("another process runs the jobs now")
        self._place.insert(table, columns, token)
