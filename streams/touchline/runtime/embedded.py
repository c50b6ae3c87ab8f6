"""The worker in a thread of its own, beside a collector: the embedded runtime.

When the log or the store fails, the thread makes a new worker, which starts at the last commit; until that
works, `error` says why it does not. Anything unexpected ends the thread, and `error` stays.
"""

import threading
import time
from collections.abc import Callable

import stamina
import structlog

from touchline.engine.engine import Flushed
from touchline.engine.identity.decider import RefoldProgress
from touchline.engine.ports import Log, Store
from touchline.engine.worker import Worker
from touchline.friction import RuleSet
from touchline.identity import LIMITS, Limits
from touchline.journeys import JOURNEY_GAP
from touchline.runtime.refolding import RefoldLog

logger = structlog.get_logger(__name__)

GRACE = 5_000
"""How long after its deadline (ms) a missed obligation is announced: its answer may be on the way."""

RETRY_SECONDS = (0.5, 2.0)
"""The first wait and the longest wait after a failure; a stop takes no longer than that."""

_PAUSE_SECONDS = 0.25


class _Stopped(Exception):
    """The worker was stopped while it refolded customers."""


class Embedded:
    """Runs a worker until it is stopped.

    Args:
        log: Read from its last commit on.
        store: Written by this worker alone.
        rules: If other rules, or another law, were in force before, every customer is refolded first.
        journey_gap: A silence longer than this (ms) ends a journey.
        limits: How many identifiers of a kind a customer may have; with others, all is decided again.
        grace: How long after its deadline (ms) a missed obligation is announced.
        retriable: Errors of the log and the store that pass.
        on_flush: Called after each flush, with how long it took in seconds.
        on_refold: Called with the progress of that refold; logged without it.
        on_end: Called with the reason, from the worker's thread, when it ended unasked.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        log: Log,
        store: Store,
        rules: RuleSet,
        *,
        journey_gap: int = JOURNEY_GAP,
        limits: Limits = LIMITS,
        grace: int = GRACE,
        retriable: tuple[type[Exception], ...] = (),
        on_flush: Callable[[Flushed, float], None] = lambda flushed, seconds: None,
        on_refold: RefoldProgress | None = None,
        on_end: Callable[[str], None] = lambda why: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._log, self._store, self._rules = log, store, rules
        self._journey_gap, self._limits, self._grace, self._clock = journey_gap, limits, grace, clock
        self._retriable, self._on_flush, self._on_end = retriable, on_flush, on_end
        self._on_refold = RefoldLog() if on_refold is None else on_refold
        self._stopping, self._caught_up = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="touchline-worker", daemon=True)
        self.error: str | None = "the worker has not started yet"
        self.processed_until: int | None = None
        """Everything that came before this time (ms) is processed; None before the first read of the log."""

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def caught_up(self, timeout: float) -> bool:
        """Whether it processed what it first found in the log; waits `timeout` seconds for it."""
        return self._caught_up.wait(timeout)

    def stop(self, timeout: float) -> bool:
        """End after the current flush; whether it ended within `timeout` seconds."""
        self._stopping.set()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        first, longest = RETRY_SECONDS
        try:
            for attempt in stamina.retry_context(
                on=self._passes, attempts=None, timeout=None, wait_initial=first, wait_max=longest
            ):
                with attempt:
                    self._work()
        except Exception as error:
            if self._stopping.is_set() and isinstance(error, (_Stopped, *self._retriable)):
                return
            self.error = f"the worker ended: {type(error).__name__}: {error}"
            logger.exception("worker.ended")
            self._on_end(self.error)

    def _passes(self, error: Exception) -> bool:
        """Whether to try again after an error."""
        if not isinstance(error, self._retriable):
            return False
        self.error = f"the worker waits: {error}"
        logger.warning("worker.retry", why=str(error))
        return not self._stopping.is_set()

    def _work(self) -> None:
        worker = self._begin()
        self.error = None
        while not self._stopping.is_set():
            if not self._step(worker):
                self._stopping.wait(_PAUSE_SECONDS)

    def _begin(self) -> Worker:
        worker = Worker(self._log, self._store, self._rules, self._journey_gap, limits=self._limits)
        now = self._now()
        if customers := worker.bring_rules_into_force(now - self._grace, now, self._refolding):
            logger.info("rules.in_force", refolded_customers=customers)
        return worker

    def _refolding(self, done: int, of: int) -> None:
        share = f"{done:,} of {of:,} identifiers"
        self.error = f"the worker has not started yet: it refolds every customer, {share} so far"
        self._on_refold(done, of)
        if self._stopping.is_set():
            raise _Stopped

    def _step(self, worker: Worker) -> bool:
        """Write one flush; whether there may be more to do at once."""
        began = time.monotonic()
        records = worker.read()
        at_end = not records or records[-1].offset >= self._log.end()
        now = self._now()
        # In a backlog an answer may still be in the queue: only what was due when the last record came is
        # missed for sure.
        until = now if at_end else records[-1].received_at
        flushed = worker.flush(records, until - self._grace, now)
        self.processed_until = until
        self._caught_up.set()
        if flushed is not None:
            self._on_flush(flushed, time.monotonic() - began)
        return not at_end or (flushed is not None and not records)

    def _now(self) -> int:
        return int(self._clock() * 1000)
