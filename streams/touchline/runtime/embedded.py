"""The worker in a thread of its own, beside a collector: the embedded runtime.

The worker is made anew after any failure of the log or the store, which begins at the last commit;
until it works again, `trouble` says why not. Anything unexpected ends the loop, and `trouble` stays.
"""

import threading
import time
from collections.abc import Callable

import structlog

from touchline.engine.engine import Flushed
from touchline.engine.ports import Log, Store
from touchline.engine.worker import Worker
from touchline.friction import RuleSet
from touchline.journeys import JOURNEY_GAP

logger = structlog.get_logger(__name__)

GRACE = 5_000
"""How long after its deadline (ms) a missed obligation is announced: its answer may be on the way."""

_PAUSE_SECONDS = 0.25
_RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0)


class Embedded:
    """Runs a worker until it is stopped.

    Args:
        log: Read from its last commit on.
        store: Written by this worker alone.
        rules: If other rules were in force before, every customer is folded again first.
        retriable: Errors of the log and the store that pass.
        on_flush: Told of each flush and how long it took, in seconds.
        on_end: Told why, from the worker's thread, when it ended and nobody asked it to.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        log: Log,
        store: Store,
        rules: RuleSet,
        *,
        journey_gap: int = JOURNEY_GAP,
        grace: int = GRACE,
        retriable: tuple[type[Exception], ...] = (),
        on_flush: Callable[[Flushed, float], None] = lambda flushed, seconds: None,
        on_end: Callable[[str], None] = lambda why: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._log, self._store, self._rules = log, store, rules
        self._journey_gap, self._grace, self._clock = journey_gap, grace, clock
        self._retriable, self._on_flush, self._on_end = retriable, on_flush, on_end
        self._stopping, self._looked = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="touchline-worker", daemon=True)
        self.trouble: str | None = "the worker has not started yet"
        self.known: int | None = None
        """Up to when (ms) all that came is worked off; None before the first look at the log."""

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def looked(self, timeout: float) -> bool:
        """Whether it worked off what it found in the log at first; waits `timeout` seconds for it."""
        return self._looked.wait(timeout)

    def stop(self, timeout: float) -> bool:
        """End after the flush that is under way; whether it ended within `timeout` seconds."""
        self._stopping.set()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                worker = self._begin()
                failures, self.trouble = 0, None
                while not self._stopping.is_set():
                    if not self._step(worker):
                        self._stopping.wait(_PAUSE_SECONDS)
            except self._retriable as error:
                self.trouble = f"the worker waits: {error}"
                logger.warning("worker.retry", why=str(error))
                self._stopping.wait(_RETRY_SECONDS[min(failures, len(_RETRY_SECONDS) - 1)])
                failures += 1
            except Exception as error:
                self.trouble = f"the worker ended: {type(error).__name__}: {error}"
                logger.exception("worker.ended")
                self._on_end(self.trouble)
                return

    def _begin(self) -> Worker:
        worker = Worker(self._log, self._store, self._rules, self._journey_gap)
        now = self._now()
        if customers := worker.bring_rules_into_force(now - self._grace, now):
            logger.info("rules.in_force", refolded_customers=customers)
        return worker

    def _step(self, worker: Worker) -> bool:
        """One flush; whether there may be more to do at once."""
        began = time.monotonic()
        records = worker.read()
        at_end = not records or records[-1].offset >= self._log.end()
        now = self._now()
        # In a backlog an answer may still be in the queue: only what was due when the last record
        # came is missed for sure.
        known = now if at_end else records[-1].received_at
        flushed = worker.flush(records, known - self._grace, now)
        self.known = known
        self._looked.set()
        if flushed is not None:
            self._on_flush(flushed, time.monotonic() - began)
        return not at_end or (flushed is not None and not records)

    def _now(self) -> int:
        return int(self._clock() * 1000)
