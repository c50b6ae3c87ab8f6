"""Delivery: a thread takes batches from the queue and sends them, one at a time and in order.

| Outcome of an attempt | What follows |
|---|---|
| `Accepted` | the batch is settled; quarantined events are not sent again |
| `TooLarge` | the batch is sent in halves; a single event is lost |
| `Refused` | the batch is lost; with a spool, only if the batch is at fault, not the client's key or URL |
| `Retry`, without a spool | the batch is retried in memory, and lost after `retry_seconds` |
| `Retry`, with a spool | the batch goes to disk, and so do the next ones, until the next attempt is due |

After each batch of the queue, one from the disk is sent.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from touchline.sdk.delivery.buffer import Buffer, due
from touchline.sdk.delivery.ledger import Ledger, Part, Settled, Stats
from touchline.sdk.delivery.loss import ANNOUNCE_SECONDS, Loss, Losses, OnLoss
from touchline.sdk.delivery.pace import REAL, Pace, Timing
from touchline.sdk.delivery.problem import OnError, Problem, Problems, name_or_nothing
from touchline.sdk.delivery.relay import Relay
from touchline.sdk.delivery.spool import Spool
from touchline.sdk.limits import Limits
from touchline.sdk.transport import Accepted, Batch, Outcome, Refused, Retry, TooLarge, Transport
from touchline.sdk.values import Omitted

IDLE_SECONDS = 60.0
"""The longest wait of a thread that has nothing to send."""

SPOOL_PARTS = 10
"""The most batches that one transaction writes to disk."""

WhenFull = Literal["spool", "drop_newest", "drop_oldest", "block", "raise"]
"""What `track` does when the queue is full: write a part of the queue to disk, lose the new event, lose the
oldest event, wait for room for at most `block_seconds`, or raise QueueFull. The set is closed."""


class QueueFull(Exception):
    """The queue is full, and the client raises then. The event is counted as lost."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a client wants of its delivery."""

    limits: Limits
    when_full: WhenFull = "drop_newest"
    on_loss: OnLoss | None = None
    on_error: OnError | None = None
    timing: Timing = REAL


class Delivery:
    """One queue, one transport, and one daemon thread that starts with the first event."""

    def __init__(self, transport: Transport, options: Options, spool: Spool | None = None) -> None:
        limits, timing = options.limits, options.timing
        self._transport = transport
        self._limits = limits
        self._when_full = options.when_full
        self._timing = timing
        self._buffer = Buffer(limits)
        self._problems = Problems(options.on_error)
        self._losses = Losses(options.on_loss, self._problems)
        self._ledger = Ledger(self._buffer, self._losses, limits)
        self._pace = Pace(limits, timing)
        parts = self._ledger, self._problems, self._pace, limits, timing
        self._relay = Relay(spool, *parts) if spool else None
        self._flush_to = 0
        self._closing = False
        self._thread: threading.Thread | None = None

    def submit(self, line: bytes) -> None:
        """Queue one encoded event, or count it as lost. Waits only if the client blocks when it is full.

        Raises:
            QueueFull: the queue is full, and the client raises then.
        """
        rejected = self._buffer.put(line)
        if rejected == "queue_full":
            rejected = self._put_when_full(line)
        if rejected is not None:
            self.lose(rejected)
            if rejected == "queue_full" and self._when_full == "raise":
                raise QueueFull(f"the queue is full: it holds {self._buffer.level().events} events")
        elif self._thread is None:
            self._start()

    def lose(self, reason: Loss, detail: str = "") -> None:
        """Count one event that does not reach the queue."""
        if self._losses.add(reason, 1, detail):
            self._announce_soon()

    def omit(self, type: str, omitted: Sequence[Omitted]) -> None:
        """Count fields that were left out of one event of this type."""
        self._ledger.note_omitted(len(omitted))
        field, why = omitted[0]
        example = name_or_nothing(type), name_or_nothing(field), why
        if self._problems.add(Problem("omitted", "no_json", len(omitted), *example)):
            self._announce_soon()

    def stats(self) -> Stats:
        """Counts of events by outcome."""
        return self._ledger.stats()

    def begin_flush(self) -> int:
        """Have everything queued sent now. Returns the target for `flushed`."""
        target = self._flush_to = self._buffer.added
        self._buffer.wake()
        return target

    def flushed(self, target: int, timeout: float = 0.0) -> bool:
        """Whether the first `target` queued events are settled, after waiting for at most `timeout`."""
        return self._ledger.wait(target, timeout)

    def close(self, timeout: float) -> bool:
        """Reject new events, send the queued ones and end the thread; spool or lose the rest.

        Returns:
            Whether every event is settled without this loss.
        """
        self._buffer.close()
        with self._ledger.lock:
            self._closing = True
            thread = self._thread
        self._buffer.wake()
        if thread is not None:
            thread.join(max(timeout, 0.0))
        rest = self._ledger.abandon()
        kept = bool(rest) and self._keep(rest)
        for part in rest:
            lost = Settled(lost="undelivered", detail="close() ran out of time")
            self._ledger.settle(part, Settled(spooled=True) if kept else lost)
        unreported = self._losses.unreported()
        if self._relay and unreported and self._relay.keep([self._ledger.empty_part()], unreported):
            self._losses.reported(unreported)
        if thread is None or not thread.is_alive():
            self._release()
        self._losses.announce(self._timing.now(), final=True)
        return kept or not rest

    def _put_when_full(self, line: bytes) -> Literal["queue_full", "closed"] | None:
        rejected: Literal["queue_full", "closed"] | None = "queue_full"
        match self._when_full:
            case "block":
                rejected = self._buffer.wait_and_put(line, self._limits.block_seconds)
            case "drop_oldest":
                while rejected == "queue_full" and self._drop_oldest():
                    rejected = self._buffer.put(line)
            case "spool":
                while rejected == "queue_full" and self._spill():
                    rejected = self._buffer.put(line)
        return rejected

    def _drop_oldest(self) -> bool:
        with self._ledger.lock:
            part = self._ledger.take(1)
            if part is not None:
                self._ledger.settle(part, Settled(lost="queue_full"))
        return part is not None

    def _spill(self) -> bool:
        """Write the oldest events of the queue to disk, on the thread that tracks: the sender is too slow."""
        with self._ledger.lock:
            if self._relay is None or not self._relay.may_spill:
                return False
            parts = [part for _ in range(SPOOL_PARTS) if (part := self._ledger.take()) is not None]
            kept = self._keep(parts)
            if not kept:
                self._buffer.put_back([line for part in parts for line in part.lines])
            for part in parts if kept else ():
                self._ledger.settle(part, Settled(spooled=True))
        return kept

    def _announce_soon(self) -> None:
        if self._closing:
            self._problems.report(self._timing.now())
            return
        self._buffer.wake()
        if self._thread is None:
            self._start()

    def _start(self) -> None:
        with self._ledger.lock:
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
        while task := self._wait():
            if task == "queue":
                self._ledger.start(SPOOL_PARTS if self._relay and self._pace.is_down else 1)
                self._deliver()
            if self._relay and not self._closing:
                self._relay.forward(self._send)
            self._losses.announce(self._timing.now())
        self._report_losses()
        self._release()

    def _wait(self) -> Literal["queue", "disk"] | None:
        """Wait until there is something to send. Returns None when all is sent."""
        while not self._ledger.abandoned:
            level = self._buffer.level()
            if self._closing:
                return "queue" if level.events else None
            if due(level, self._limits) or (level.events and self._flush_to > self._buffer.taken):
                return "queue"
            seconds = ANNOUNCE_SECONDS if self._losses.unannounced else IDLE_SECONDS
            if self._relay:
                if (due_in := self._relay.due_in) <= 0:
                    return "disk"
                seconds = min(seconds, due_in)
            if level.events:
                seconds = min(seconds, self._limits.batch_seconds - level.age)
            self._buffer.wait(max(seconds, 0.0))
            self._losses.announce(self._timing.now())
        return None

    def _deliver(self) -> None:
        """Settle everything that is in flight."""
        if self._pace.is_down:
            self._keep_in_flight()
        while parts := self._ledger.in_flight():
            part = parts[0]
            match self._attempt(part):
                case Accepted() as accepted:
                    quarantined = self._ledger.note_quarantined(accepted)
                    rejected, why = accepted.rejected, accepted.why
                    self._ledger.finish(part, Settled(quarantined, rejected=rejected, detail=why))
                case TooLarge() if len(part.lines) > 1:
                    self._ledger.split()
                case TooLarge():
                    self._ledger.finish(part, Settled(lost="too_large"))
                case Refused(reason):
                    self._ledger.finish(part, Settled(lost="refused", detail=reason))
                case Retry(reason):
                    self._ledger.finish(part, Settled(lost="undelivered", detail=reason))

    def _attempt(self, part: Part) -> Outcome | None:
        """Send until the part is settled. `Retry` means that time ran out, None that it is on disk."""
        now = self._timing.now
        spent = 0.0
        while True:
            closing, began = self._closing, now()
            outcome = self._send_part(part)
            if not isinstance(outcome, Retry):
                return outcome
            delay = self._pace.back_off(outcome)
            if self._keep_in_flight():
                self._problems.note_waiting(outcome.reason, "on disk", now())
                return None
            # If the process was frozen meanwhile, that is no reason to give up.
            spent += min(now() - began, 2 * self._limits.request_seconds)
            if self._ledger.abandoned or spent + delay > self._limits.retry_seconds:
                return outcome
            self._problems.note_waiting(outcome.reason, "in memory", now())
            if not self._pause(delay, closing):
                self._pace.reset()
            spent += delay

    def _keep_in_flight(self) -> bool:
        """Write what is in flight to disk. Returns whether it did."""
        parts = self._ledger.in_flight()
        kept = bool(parts) and self._keep(parts)
        for part in parts if kept else ():
            self._ledger.finish(part, Settled(spooled=True))
        return kept

    def _keep(self, parts: list[Part]) -> bool:
        return self._relay is not None and self._relay.keep(parts)

    def _send_part(self, part: Part) -> Outcome:
        lost = self._losses.unreported()
        outcome = self._send(Batch(part.lines, lost, self._ledger.account(part.first, part.number)))
        if isinstance(outcome, Accepted):
            self._losses.reported(lost)
        return outcome

    def _send(self, batch: Batch) -> Outcome:
        try:
            outcome = self._transport.send(batch)
        except Exception as error:
            outcome = Retry(type(error).__name__)
        if isinstance(outcome, Refused) and outcome.of_client and self._relay:
            outcome = Retry(outcome.reason)
        if not isinstance(outcome, Retry):
            self._pace.reset()
        return outcome

    def _report_losses(self) -> None:
        """Report what no batch has reported, in a batch without events."""
        if self._losses.unreported() and not self._ledger.abandoned:
            self._send_part(self._ledger.empty_part())

    def _pause(self, seconds: float, closing: bool) -> bool:
        """Wait before the next attempt. Returns false if `close` was called: then attempt at once."""
        now = self._timing.now
        until = now() + seconds
        while (left := until - now()) > 0:
            if self._closing is not closing or self._ledger.abandoned:
                return False
            self._timing.pause(self._buffer, min(left, self._limits.batch_seconds))
            self._losses.announce(now())
        return True

    def _release(self) -> None:
        self._transport.close()
        if self._relay:
            self._relay.close()
