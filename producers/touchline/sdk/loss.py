"""Losses: every event that will not arrive is counted once, with its reason."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Literal

Loss = Literal["queue_full", "invalid", "too_large", "refused", "undelivered", "closed"]
"""Why an event was lost. The set is closed."""

OnLoss = Callable[[Loss, int], None]
"""`on_loss(reason, count)`: called with the events lost since the last call, on the SDK's own thread, and a
last time in `close`. Events lost as `closed` come later: they are counted and logged only."""

LOG = logging.getLogger("touchline.sdk")

WARN_SECONDS = 60.0
"""The least time between two log lines of one kind. The next line includes what was held back."""

ANNOUNCE_SECONDS = 0.5
"""The least time between two announcements of losses."""

_ADVICE: Mapping[Loss, str] = {
    "queue_full": "the collector is down or too slow: check that it runs, or raise the queue's limits",
    "invalid": "pass only values that JSON can hold, and times with a time zone",
    "too_large": "send a reference instead of the document",
    "refused": "the collector rejects them: check the URL and the key",
    "undelivered": "the collector was not reached in time: check that it runs, or give close() more time",
    "closed": "they were tracked after close(): close the client later",
}


class Warnings:
    """Limits log warnings to one of a kind per `WARN_SECONDS`."""

    def __init__(self) -> None:
        self._next: dict[str, float] = {}

    def due(self, kind: str, now: float) -> bool:
        """Whether a warning of this kind may be logged now; if so, the next one has to wait."""
        if now < self._next.get(kind, now):
            return False
        self._next[kind] = now + WARN_SECONDS
        return True


class Losses:
    """Counts losses by reason, and tracks which of them were called back, logged and reported.

    `add` only counts. `announce` calls back and logs, so that neither a callback nor a log handler slows
    `track`. Log lines hold reasons and numbers, never a value of an event.
    """

    def __init__(self, on_loss: OnLoss | None, warnings: Warnings) -> None:
        self._on_loss = on_loss
        self._warnings = warnings
        # Reentrant: a signal handler may call `track` while its own thread holds the lock.
        self._lock = threading.RLock()
        self._announce_at = 0.0
        self._total: Counter[Loss] = Counter()
        self._called_back: Counter[Loss] = Counter()
        self._logged: Counter[Loss] = Counter()
        self._reported: Counter[Loss] = Counter()
        self._detail: dict[Loss, str] = {}
        self.unannounced = False

    def add(self, reason: Loss, count: int = 1, detail: str = "") -> bool:
        """Count a loss. Returns whether it is the first since the last announcement."""
        with self._lock:
            self._total[reason] += count
            self._detail[reason] = detail
            first = not self.unannounced
            self.unannounced = True
        return first

    def total(self) -> dict[Loss, int]:
        """All losses so far, by reason."""
        with self._lock:
            return dict(self._total)

    def unreported(self) -> dict[Loss, int]:
        """Losses that no accepted batch has reported to the collector yet."""
        with self._lock:
            return dict(self._total - self._reported)

    def reported(self, lost: Mapping[Loss, int]) -> None:
        """Mark losses as reported: the collector accepted a batch with them."""
        with self._lock:
            self._reported.update(lost)

    def announce(self, now: float, *, final: bool = False) -> None:
        """Call back and log new losses, if due or `final`; `now` is monotonic, in seconds."""
        if not final and (not self.unannounced or now < self._announce_at):
            return
        with self._lock:
            self.unannounced = False
            self._announce_at = now + ANNOUNCE_SECONDS
            added = self._total - self._called_back
            self._called_back = self._total.copy()
        for reason, count in added.items():
            self._call_back(reason, count)
        self.log(now, final=final)

    def log(self, now: float, *, final: bool = False) -> None:
        """Write the log lines that are due; with `final`, all of them."""
        with self._lock:
            added = self._total - self._logged
            due = [reason for reason in added if self._warnings.due(reason, now) or final]
            for reason in due:
                self._logged[reason] += added[reason]
        for reason in due:
            detail = f" ({self._detail[reason]})" if self._detail[reason] else ""
            LOG.warning("%d events lost, %s%s: %s", added[reason], reason, detail, _ADVICE[reason])

    def _call_back(self, reason: Loss, count: int) -> None:
        if self._on_loss is None:
            return
        try:
            self._on_loss(reason, count)
        except Exception:
            LOG.exception("on_loss raised an exception; the loss is still counted")
