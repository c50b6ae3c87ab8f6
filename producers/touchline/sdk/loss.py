"""Losses: every event that was emitted and will not arrive is counted, with the reason, once."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Literal

Loss = Literal["queue_full", "invalid", "too_large", "refused", "undelivered", "closed"]
"""Why an event was lost. The set is closed."""

OnLoss = Callable[[Loss, int], None]
"""`on_loss(reason, count)`: called with what was lost since the last call, on the SDK's own thread and at
last in `close`; what is lost as `closed` comes after that and is only counted and logged."""

LOG = logging.getLogger("touchline.sdk")

WARN_SECONDS = 60.0
"""At most one log line of a kind in this time; what was held back is summed up in the next."""

ANNOUNCE_SECONDS = 0.5
"""Losses are announced at most this often, together."""

_ADVICE: Mapping[Loss, str] = {
    "queue_full": "the collector is away or too slow: see that it runs, or raise the queue's limits",
    "invalid": "pass only what JSON can hold, and times that have a zone",
    "too_large": "keep documents out of events; pass a reference to them",
    "refused": "the collector does not take them: see the URL and the key",
    "undelivered": "the collector could not be reached in time: see that it runs, or give close() longer",
    "closed": "they were tracked after close()",
}


class Warnings:
    """Log warnings, at most one of a kind in `WARN_SECONDS`."""

    def __init__(self) -> None:
        self._next: dict[str, float] = {}

    def due(self, kind: str, now: float) -> bool:
        """Whether a line of this kind may be written now; if so, the next has to wait."""
        if now < self._next.get(kind, now):
            return False
        self._next[kind] = now + WARN_SECONDS
        return True


class Losses:
    """Counts by reason; what the callback, the log and the collector have not heard of yet.

    `add` only counts. `announce` tells, so that neither a callback nor a log handler slows `track`.
    Log lines hold reasons and numbers, never a value of an event.
    """

    def __init__(self, on_loss: OnLoss | None, warnings: Warnings) -> None:
        self._on_loss = on_loss
        self._warnings = warnings
        # Reentrant: a signal handler may track while its own thread is in here.
        self._lock = threading.RLock()
        self._announce_at = 0.0
        self._total: Counter[Loss] = Counter()
        self._told: Counter[Loss] = Counter()
        self._logged: Counter[Loss] = Counter()
        self._reported: Counter[Loss] = Counter()
        self._detail: dict[Loss, str] = {}
        self.unannounced = False

    def add(self, reason: Loss, count: int = 1, detail: str = "") -> bool:
        """Count a loss; true if it is the first since the last announcement."""
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
        """What no accepted batch has told the collector of yet."""
        with self._lock:
            return dict(self._total - self._reported)

    def reported(self, lost: Mapping[Loss, int]) -> None:
        """The collector has accepted a batch that told of these."""
        with self._lock:
            self._reported.update(lost)

    def announce(self, now: float, *, final: bool = False) -> None:
        """Call back and log what was added since, if due or `final`; `now` is monotonic, in seconds."""
        if not final and (not self.unannounced or now < self._announce_at):
            return
        with self._lock:
            self.unannounced = False
            self._announce_at = now + ANNOUNCE_SECONDS
            news = self._total - self._told
            self._told = self._total.copy()
        for reason, count in news.items():
            self._call_back(reason, count)
        self.log(now, final=final)

    def log(self, now: float, *, final: bool = False) -> None:
        """Write the log lines that are due; with `final`, all that is left to say."""
        with self._lock:
            news = self._total - self._logged
            due = [reason for reason in news if self._warnings.due(reason, now) or final]
            for reason in due:
                self._logged[reason] += news[reason]
        for reason in due:
            detail = f" ({self._detail[reason]})" if self._detail[reason] else ""
            LOG.warning("%d events lost, %s%s: %s", news[reason], reason, detail, _ADVICE[reason])

    def _call_back(self, reason: Loss, count: int) -> None:
        if self._on_loss is None:
            return
        try:
            self._on_loss(reason, count)
        except Exception:
            LOG.exception("on_loss raised; the loss stays counted")
