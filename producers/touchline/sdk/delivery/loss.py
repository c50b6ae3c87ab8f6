"""Losses: every event that will not arrive is counted once, with its reason."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from touchline.sdk.delivery.problem import LOG, Problem, Problems

Loss = Literal[
    "queue_full",
    "invalid",
    "too_large",
    "filtered",
    "refused",
    "rejected",
    "undelivered",
    "expired",
    "damaged",
    "closed",
]
"""Why an event was lost. The set is closed. `filtered` is no problem: `before_send` dropped the event."""

OnLoss = Callable[[Loss | Literal["quarantined"], int], None]
"""`on_loss(reason, count)`: called with the events lost or quarantined since the last call, on the SDK's own
thread, and a last time in `close`. Events lost as `closed` come later: they are counted and logged only."""

ANNOUNCE_SECONDS = 0.5
"""The least time between two announcements of losses."""


class Example(NamedTuple):
    """A quarantined event without its values: its type, the path of the wrong field, what to write."""

    type: str = ""
    field: str = ""
    message: str = ""


_ADVICE: Mapping[Loss, str] = {
    "queue_full": "the collector is down or too slow: check that it runs, or raise the queue's limits",
    "invalid": "pass only values that JSON can hold, and times with a time zone",
    "too_large": "send a reference instead of the document",
    "refused": "the collector rejects them: check the URL and the key",
    "rejected": "the tracking plan excludes them: correct what the application sends, or change the plan",
    "undelivered": "the collector was not reached in time: check that it runs, or give close() more time",
    "expired": "they were on disk for too long: check that the collector runs, or raise spool_seconds",
    "damaged": "their batch on disk cannot be read: check the disk of the spool",
    "closed": "they were tracked after close(): close the client later",
}


class Losses:
    """Counts losses by reason, and tracks which of them were called back and reported to the collector.

    `add` only counts. `announce` calls back, so that a callback does not slow `track`.
    """

    def __init__(self, on_loss: OnLoss | None, problems: Problems) -> None:
        self._on_loss = on_loss
        self._problems = problems
        # Reentrant: a signal handler may call `track` while its own thread holds the lock.
        self._lock = threading.RLock()
        self._announce_at = 0.0
        self._total: Counter[Loss] = Counter()
        self._adopted: Counter[Loss] = Counter()
        self._reported: Counter[Loss] = Counter()
        self._to_call_back: Counter[Loss | Literal["quarantined"]] = Counter()
        self.unannounced = False

    def add(self, reason: Loss, count: int = 1, detail: str = "", *, adopted: bool = False) -> bool:
        """Count a loss. Returns whether it is the first since the last announcement.

        Args:
            reason: Why the events are lost.
            count: How many they are.
            detail: More about the reason, without a value of an event.
            adopted: Whether another process tracked the events. They are not in this client's own total.
        """
        with self._lock:
            self._total[reason] += count
            if adopted:
                self._adopted[reason] += count
            first = self._call_back_later(reason, count)
        if reason != "filtered":
            message = f"{_ADVICE[reason]} ({detail})" if detail else _ADVICE[reason]
            self._problems.add(Problem("lost", reason, count, message=message))
        return first

    def note_quarantined(self, reason: str, count: int, example: Example) -> None:
        """Have quarantined events heard of; they are no losses."""
        with self._lock:
            self._call_back_later("quarantined", count)
        advice = "run `touchline quarantine list` there"
        message = f"{example.message} ({advice})" if example.message else advice
        self._problems.add(Problem("quarantined", reason, count, example.type, example.field, message))

    def _call_back_later(self, reason: Loss | Literal["quarantined"], count: int) -> bool:
        self._to_call_back[reason] += count
        first = not self.unannounced
        self.unannounced = True
        return first

    def total(self) -> dict[Loss, int]:
        """All losses of this client's own events so far, by reason."""
        with self._lock:
            return dict(self._total - self._adopted)

    def unreported(self) -> dict[Loss, int]:
        """Losses that no accepted batch has reported to the collector yet."""
        with self._lock:
            return dict(self._total - self._reported)

    def reported(self, lost: Mapping[Loss, int]) -> None:
        """Mark losses as reported: a batch with them was accepted, or is on disk."""
        with self._lock:
            self._reported.update(lost)

    def announce(self, now: float, *, final: bool = False) -> None:
        """Call back and log what is new, if due or `final`; `now` is monotonic, in seconds."""
        self._problems.report(now, final=final)
        if not final and (not self.unannounced or now < self._announce_at):
            return
        with self._lock:
            self.unannounced = False
            self._announce_at = now + ANNOUNCE_SECONDS
            added, self._to_call_back = self._to_call_back, Counter()
        for reason, count in added.items():
            self._call_back(reason, count)

    def _call_back(self, reason: Loss | Literal["quarantined"], count: int) -> None:
        if self._on_loss is None:
            return
        try:
            self._on_loss(reason, count)
        except Exception:
            # The application's own code, on the thread that sends: it must go on.
            LOG.exception("on_loss raised an exception; the loss is still counted")
