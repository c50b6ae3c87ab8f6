"""Delivery: a thread takes batches from the buffer and sends them, one at a time and in order.

Every event that is put is settled exactly once: accepted, quarantined, or lost for one reason.
"""

import threading
from collections.abc import Callable, Sequence
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
"""The longest wait of a thread that has nothing to send."""


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts of events by outcome. Always: `emitted = accepted + quarantined + pending + lost`."""

    accepted: int
    quarantined: int
    pending: int
    lost: dict[Loss, int]

    @property
    def emitted(self) -> int:
        """Calls of `track`."""
        return self.accepted + self.quarantined + self.pending + sum(self.lost.values())


@dataclass(frozen=True, slots=True)
class Timing:
    """How delivery reads the time, waits between attempts and draws jitter. Tests replace it."""

    now: Callable[[], float] = monotonic
    pause: Callable[[Buffer, float], None] = Buffer.wait
    jitter: Callable[[float, float], float] = uniform


_REAL = Timing()


def backoff(attempt: int, limits: Limits) -> float:
    """The longest wait after attempt number `attempt` (from 0), in seconds; jitter shortens it."""
    return min(limits.retry_most, limits.retry_least * 2.0 ** min(attempt, 30))


class Delivery:
    """One buffer, one transport, one daemon thread that starts with the first event."""

    def __init__(
        self, transport: Transport, limits: Limits, on_loss: OnLoss | None, timing: Timing = _REAL
    ) -> None:
        self._transport = transport
        self._limits = limits
        self._timing = timing
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
        """Queue one encoded event, or count it as lost. Never waits."""
        rejected = self._buffer.put(line)
        if rejected is not None:
            self.lose(rejected)
        elif self._thread is None:
            self._start()

    def lose(self, reason: Loss, detail: str = "") -> None:
        """Count one event that does not reach the queue."""
        first = self._losses.add(reason, 1, detail)
        if self._closing:
            self._losses.log(self._timing.now())
        elif first:
            self._buffer.wake()
            if self._thread is None:
                self._start()

    def stats(self) -> Stats:
        """Counts of events by outcome."""
        with self._lock:
            lost = self._losses.total()
            return Stats(self._accepted, self._quarantined, self._buffer.added - self._settled, lost)

    def flush(self, timeout: float) -> bool:
        """Send all queued events. Returns true when all of them are settled, false after `timeout`."""
        with self._settling:
            target = self._flush_to = self._buffer.added
            self._buffer.wake()
            return self._settling.wait_for(lambda: self._settled >= target, timeout)

    def close(self, timeout: float) -> bool:
        """Reject new events, send the queued ones and end the thread; after `timeout` the rest is lost."""
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
                self._losses.add("undelivered", left, "close() ran out of time")
                self._lost_on_the_way += left
                self._settled += left
                self._settling.notify_all()
        self._losses.announce(self._timing.now(), final=True)
        return left == 0

    def _start(self) -> None:
        with self._lock:
            if self._thread is not None or self._closing:
                return
            thread = threading.Thread(target=self._run, name="touchline", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                # No thread can start now (no resources, or the interpreter exits): the next event retries.
                return
            self._thread = thread

    def _run(self) -> None:
        while self._wait():
            self._deliver(self._buffer.take(self._limits.batch_events, self._limits.batch_bytes))
            self._losses.announce(self._timing.now())
        if not self._abandoned and self._losses.unreported():
            self._send_once((), self._next_batch())
        self._transport.close()

    def _wait(self) -> bool:
        """Wait until a batch is due. Returns false when there is nothing left to send."""
        while not self._abandoned:
            level = self._buffer.level()
            if self._closing or self._flush_to > self._settled:
                if level.events or self._closing:
                    return level.events > 0
            elif due(level, self._limits):
                return True
            idle = ANNOUNCE_SECONDS if self._losses.unannounced else IDLE_SECONDS
            self._buffer.wait(self._limits.batch_seconds - level.age if level.events else idle)
            self._losses.announce(self._timing.now())
        return False

    def _deliver(self, lines: Sequence[bytes]) -> None:
        match self._attempt(lines):
            case Accepted(by_reason, example):
                quarantined = sum(by_reason.values())
                self._settle(len(lines), accepted=len(lines) - quarantined, quarantined=quarantined)
                if quarantined and self._warnings.due("quarantined", self._timing.now()):
                    LOG.warning(
                        "the collector quarantined %d events (%s)%s: run `touchline quarantine list` there",
                        quarantined,
                        ", ".join(map(repr, by_reason)),
                        f", such as {example}" if example else "",
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
        """Send until the batch is settled. A returned `Retry` means that time ran out."""
        limits, now = self._limits, self._timing.now
        number = self._next_batch()
        give_up = now() + limits.retry_seconds
        attempt = 0
        while True:
            closing = self._closing
            outcome = self._send_once(lines, number)
            if not isinstance(outcome, Retry):
                return outcome
            longest = backoff(attempt, limits)
            delay = self._timing.jitter(longest / 2, longest)
            if outcome.after is not None:
                delay = min(max(outcome.after, limits.retry_least), limits.retry_most)
            if self._abandoned or now() + delay > give_up:
                return outcome
            if self._warnings.due("waiting", now()):
                LOG.warning(
                    "the collector does not accept events now (%s): they stay in memory and are retried",
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
        """Wait before the next attempt. Returns false if `close` was called: then attempt at once."""
        now = self._timing.now
        until = now() + seconds
        while (left := until - now()) > 0:
            if self._closing is not closing or self._abandoned:
                return False
            self._timing.pause(self._buffer, min(left, self._limits.batch_seconds))
            self._losses.announce(now())
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
