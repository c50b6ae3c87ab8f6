"""Delivery: the thread that takes batches from the buffer and sends them, one at a time and in order.

Law: every event that was put is settled once: accepted, quarantined, or lost for one reason.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from random import uniform
from time import monotonic

from uuid_utils import uuid7

from touchline.sdk.account import Account
from touchline.sdk.buffer import Buffer, due
from touchline.sdk.limits import Limits
from touchline.sdk.loss import ANNOUNCE_SECONDS, LOG, Loss, Losses, OnLoss, Warnings
from touchline.sdk.transport import Accepted, Batch, Outcome, Refused, Retry, TooLarge, Transport

IDLE_SECONDS = 60.0
"""The longest sleep of a thread that has nothing to do."""


@dataclass(frozen=True, slots=True)
class Stats:
    """What became of the events so far: `emitted = accepted + quarantined + pending + lost`, always."""

    accepted: int
    quarantined: int
    pending: int
    lost: dict[Loss, int]

    @property
    def emitted(self) -> int:
        """Calls of `track`, whatever came of them."""
        return self.accepted + self.quarantined + self.pending + sum(self.lost.values())


def backoff(attempt: int, limits: Limits) -> float:
    """The longest wait before the next attempt (the first is 0), in seconds; jitter shortens it."""
    return min(limits.retry_most, limits.retry_least * 2.0 ** min(attempt, 30))


class Delivery:
    """One buffer, one transport, one daemon thread that starts with the first event."""

    def __init__(self, transport: Transport, limits: Limits, on_loss: OnLoss | None) -> None:
        self._transport = transport
        self._limits = limits
        self._buffer = Buffer(limits)
        self._warnings = Warnings()
        self._losses = Losses(on_loss, self._warnings)
        # Reentrant for the same reason as the buffer's.
        self._lock = threading.RLock()
        self._settling = threading.Condition(self._lock)
        self._settled = self._accepted = self._quarantined = self._flush_to = 0
        self._client = str(uuid7())
        self._batch = self._taken = self._lost_on_the_way = 0
        self._closing = self._abandoned = False
        self._thread: threading.Thread | None = None

    def submit(self, line: bytes) -> None:
        """Queue one encoded event, or count it as lost; never waits."""
        refused = self._buffer.put(line)
        if refused is not None:
            self.lose(refused)
        elif self._thread is None:
            self._start()

    def lose(self, reason: Loss, detail: str = "") -> None:
        """Count one event that does not reach the queue."""
        first = self._losses.add(reason, 1, detail)
        if self._closing:
            self._losses.log(monotonic())
        elif first:
            self._buffer.wake()
            if self._thread is None:
                self._start()

    def stats(self) -> Stats:
        """What became of the events so far."""
        with self._lock:
            lost = self._losses.total()
            return Stats(self._accepted, self._quarantined, self._buffer.added - self._settled, lost)

    def flush(self, timeout: float) -> bool:
        """Send what was put before; true once all of it is settled, false if time ran out."""
        with self._settling:
            target = self._flush_to = self._buffer.added
            self._buffer.wake()
            return self._settling.wait_for(lambda: self._settled >= target, timeout)

    def close(self, timeout: float) -> bool:
        """Refuse new events, send what is left, and end the thread; what time cuts off is `undelivered`."""
        self._buffer.close()
        with self._lock:
            self._closing = True
            thread = self._thread
        self._buffer.wake()
        if thread is None:
            self._transport.close()
        else:
            thread.join(max(timeout, 0.0))
        with self._settling:
            left = self._buffer.added - self._settled
            self._abandoned = True
            if left:
                self._losses.add("undelivered", left, "closed before they were answered for")
                self._lost_on_the_way += left
                self._settled += left
                self._settling.notify_all()
        self._losses.announce(monotonic(), final=True)
        return left == 0

    def _start(self) -> None:
        with self._lock:
            if self._thread is not None or self._closing:
                return
            thread = threading.Thread(target=self._run, name="touchline", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                # No thread can start now (no resources, or the interpreter ends): the next event tries again.
                return
            self._thread = thread

    def _run(self) -> None:
        while self._wait():
            self._deliver(self._buffer.take(self._limits.batch_events, self._limits.batch_bytes))
            self._losses.announce(monotonic())
        if not self._abandoned and self._losses.unreported():
            self._send_once((), self._next_batch())
        self._transport.close()

    def _wait(self) -> bool:
        """Wait until a batch is due; false when there is nothing more to do."""
        while not self._abandoned:
            level = self._buffer.level()
            if self._closing or self._flush_to > self._settled:
                if level.events or self._closing:
                    return level.events > 0
            elif due(level, self._limits):
                return True
            idle = ANNOUNCE_SECONDS if self._losses.unannounced else IDLE_SECONDS
            self._buffer.wait(self._limits.batch_seconds - level.age if level.events else idle)
            self._losses.announce(monotonic())
        return False

    def _deliver(self, lines: Sequence[bytes]) -> None:
        match self._attempt(lines):
            case Accepted(quarantined):
                aside = sum(quarantined.values())
                self._settle(len(lines), accepted=len(lines) - aside, quarantined=aside)
                if aside and self._warnings.due("quarantined", monotonic()):
                    LOG.warning(
                        "the collector quarantined %d events (%s): see `touchline quarantine list`",
                        aside,
                        ", ".join(map(repr, quarantined)),
                    )
            case TooLarge() if len(lines) > 1:
                half = len(lines) // 2
                self._deliver(lines[:half])
                self._deliver(lines[half:])
            case TooLarge():
                self._settle(1, lost="too_large")
            case Refused(reason):
                self._settle(len(lines), lost="refused", detail=reason)
            case Retry(reason):
                self._settle(len(lines), lost="undelivered", detail=reason)

    def _attempt(self, lines: Sequence[bytes]) -> Outcome:
        """Send until it is decided; a `Retry` that comes back means that time for it has run out."""
        limits = self._limits
        number = self._next_batch()
        give_up = monotonic() + limits.retry_seconds
        attempt = 0
        while True:
            closing = self._closing
            outcome = self._send_once(lines, number)
            if not isinstance(outcome, Retry):
                return outcome
            longest = backoff(attempt, limits)
            delay = uniform(longest / 2, longest)  # noqa: S311 - jitter, no secret
            if outcome.after is not None:
                delay = min(max(outcome.after, limits.retry_least), limits.retry_most)
            if self._abandoned or monotonic() + delay > give_up:
                return outcome
            if self._warnings.due("waiting", monotonic()):
                LOG.warning(
                    "the collector cannot take events now (%s): they wait in memory and are tried again",
                    outcome.reason,
                )
            attempt = attempt + 1 if self._pause(delay, closing) else 0

    def _send_once(self, lines: Sequence[bytes], number: int) -> Outcome:
        lost = self._losses.unreported()
        try:
            outcome = self._transport.send(Batch(lines, lost, self._account(number)))
        except Exception as error:
            outcome = Retry(type(error).__name__)
        if isinstance(outcome, Accepted):
            self._losses.reported(lost)
        return outcome

    def _next_batch(self) -> int:
        self._batch += 1
        return self._batch

    def _account(self, number: int) -> Account:
        queued, lost = self._buffer.added, self._losses.total()
        emitted = queued + sum(lost.values()) - self._lost_on_the_way
        return Account(self._client, number, self._taken, emitted, queued, lost)

    def _pause(self, seconds: float, closing: bool) -> bool:
        """Wait before the next attempt; false if `close` came since the last, for one more at once."""
        until = monotonic() + seconds
        while (left := until - monotonic()) > 0:
            if self._closing is not closing or self._abandoned:
                return False
            self._buffer.wait(min(left, self._limits.batch_seconds))
            self._losses.announce(monotonic())
        return True

    def _settle(
        self,
        events: int,
        *,
        accepted: int = 0,
        quarantined: int = 0,
        lost: Loss | None = None,
        detail: str = "",
    ) -> None:
        with self._settling:
            self._taken += events
            if self._abandoned:
                return
            self._settled += events
            self._accepted += accepted
            self._quarantined += quarantined
            if lost is not None:
                self._lost_on_the_way += events
                self._losses.add(lost, events, detail)
            self._settling.notify_all()
