"""The ledger of one client: what each event that was tracked has become, and what is in flight.

Every queued event is settled exactly once: accepted, quarantined, on disk, or lost for one reason.
"""

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from uuid_utils import uuid7

from touchline.sdk.delivery.account import Account
from touchline.sdk.delivery.buffer import Buffer
from touchline.sdk.delivery.loss import Example, Loss, Losses
from touchline.sdk.limits import Limits
from touchline.sdk.transport import Accepted


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts of events by outcome. Always: `emitted = accepted + quarantined + spooled + pending + lost`."""

    accepted: int
    quarantined: int
    pending: int
    lost: dict[Loss, int]
    spooled: int = 0
    """Events written to disk. Whichever process of the host is up sends them."""
    forwarded: int = 0
    """Events that this process sent from the disk, its own and those of others. In no other count."""
    omitted: int = 0
    """Fields left out of events that were sent without them."""

    @property
    def emitted(self) -> int:
        """Calls of `track`."""
        return self.accepted + self.quarantined + self.spooled + self.pending + sum(self.lost.values())


class Part(NamedTuple):
    """Events that left the queue together; `first` events left it before them.

    A part of n events owns the batch numbers from `number` to `number + 2n - 2`, so each of its halves, and
    their halves, has a number of its own that any process can compute.
    """

    first: int
    number: int
    lines: Sequence[bytes]

    def halves(self) -> tuple["Part", "Part"]:
        """The part in two, each with a number of its own."""
        half = len(self.lines) // 2
        return (
            Part(self.first, self.number + 1, self.lines[:half]),
            Part(self.first + half, self.number + 2 * half, self.lines[half:]),
        )


class Settled(NamedTuple):
    """What became of a part: lost, on disk, or accepted except for quarantined and rejected events."""

    quarantined: int = 0
    rejected: int = 0
    spooled: bool = False
    lost: Loss | None = None
    detail: str = ""


class Ledger:
    """Counters and the parts in flight, guarded by one lock."""

    def __init__(self, buffer: Buffer, losses: Losses, limits: Limits) -> None:
        self._buffer = buffer
        self._losses = losses
        self._limits = limits
        # Reentrant: a signal handler may call `track` while its own thread holds the lock.
        self.lock = threading.RLock()
        self._changed = threading.Condition(self.lock)
        self.client = str(uuid7())
        self._numbers = 0
        self._in_flight: deque[Part] = deque()
        self._accepted = self._quarantined = self._spooled = self._lost_after_queue = 0
        self._forwarded = self._omitted = 0
        self.abandoned = False
        """Whether `close` settled everything: what the sending thread still learns is ignored."""

    def stats(self) -> Stats:
        """Counts of events by outcome."""
        with self.lock:
            return Stats(
                accepted=self._accepted,
                quarantined=self._quarantined,
                pending=self._buffer.added - self._settled,
                lost=self._losses.total(),
                spooled=self._spooled,
                forwarded=self._forwarded,
                omitted=self._omitted,
            )

    def account(self, first: int, number: int) -> Account:
        """The counters now, for the batch with this number at this position."""
        with self.lock:
            queued, lost = self._buffer.added, self._losses.total()
            emitted = queued + sum(lost.values()) - self._lost_after_queue
        return Account(self.client, number, first, emitted, queued, lost)

    def take(self, most_events: int | None = None) -> Part | None:
        """The oldest events of the queue, at most a batch; None if it is empty. They are not in flight."""
        with self.lock:
            first = self._buffer.taken
            lines = self._buffer.take(most_events or self._limits.batch_events, self._limits.batch_bytes)
            return self._part(first, lines) if lines else None

    def empty_part(self) -> Part:
        """A part without events, to report losses."""
        with self.lock:
            return self._part(self._buffer.taken, ())

    def start(self, most_parts: int = 1) -> None:
        """Put the oldest events of the queue in flight."""
        with self.lock:
            while len(self._in_flight) < most_parts and (part := self.take()) is not None:
                self._in_flight.append(part)

    def in_flight(self) -> list[Part]:
        """The parts in flight, in order; none after `abandon`."""
        with self.lock:
            return [*self._in_flight]

    def split(self) -> None:
        """Put the halves of the next part in flight in its place."""
        with self.lock:
            if self._in_flight:
                self._in_flight.extendleft(reversed(self._in_flight.popleft().halves()))

    def abandon(self) -> list[Part]:
        """Take everything that is not settled: what is in flight, and the queue."""
        with self.lock:
            self.abandoned = True
            rest = [*self._in_flight]
            self._in_flight.clear()
            while part := self.take():
                rest.append(part)
        return rest

    def finish(self, part: Part, outcome: Settled) -> None:
        """Record the outcome of the first part in flight. After `abandon` it has its outcome already."""
        with self.lock:
            if self._in_flight and self._in_flight[0] is part:
                self._in_flight.popleft()
                self.settle(part, outcome)

    def settle(self, part: Part, outcome: Settled) -> None:
        """Record the outcome of a part that is not in flight."""
        events = len(part.lines)
        with self._changed:
            if outcome.lost is not None:
                self._lost_after_queue += events
                self._losses.add(outcome.lost, events, outcome.detail)
            elif outcome.spooled:
                self._spooled += events
            else:
                self._accepted += events - outcome.quarantined - outcome.rejected
                self._quarantined += outcome.quarantined
                if outcome.rejected:
                    self._lost_after_queue += outcome.rejected
                    self._losses.add("rejected", outcome.rejected, outcome.detail)
            self._changed.notify_all()

    def note_quarantined(self, accepted: Accepted) -> int:
        """Have the quarantined events of a batch heard of. Returns their number."""
        for reason, count in accepted.quarantined.items():
            self._losses.note_quarantined(reason, count, accepted.examples.get(reason, Example()))
        return sum(accepted.quarantined.values())

    def note_forwarded(self, events: int) -> None:
        """Count events that were sent from the disk."""
        with self.lock:
            self._forwarded += events

    def note_omitted(self, fields: int) -> None:
        """Count fields that were left out of an event."""
        with self.lock:
            self._omitted += fields

    def note_lost_on_disk(self, client: str, events: int, reason: Loss, detail: str = "") -> None:
        """Record that spooled events of this or another client are lost."""
        with self.lock:
            own = client == self.client
            if own:
                self._spooled -= events
                self._lost_after_queue += events
            self._losses.add(reason, events, detail, adopted=not own)

    def wait(self, target: int, timeout: float) -> bool:
        """Wait until the first `target` queued events are settled. Returns false after `timeout`."""
        with self._changed:
            return self._changed.wait_for(lambda: self.is_settled(target), timeout)

    def is_settled(self, target: int) -> bool:
        """Whether the first `target` queued events are settled."""
        with self.lock:
            if self._in_flight and self._in_flight[0].first < target:
                return False
            return self._buffer.taken >= target

    @property
    def _settled(self) -> int:
        return self._accepted + self._quarantined + self._spooled + self._lost_after_queue

    def _part(self, first: int, lines: Sequence[bytes]) -> Part:
        part = Part(first, self._numbers + 1, lines)
        self._numbers += max(2 * len(lines) - 1, 1)
        return part
