"""The queue between the application's threads and the sending thread. It is bounded, and `put` never blocks.

Every event that is put is taken exactly once, in order. An event that would exceed a bound is rejected at
once.
"""

import threading
from collections import deque
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Literal, NamedTuple

from touchline.sdk.limits import Limits


class Level(NamedTuple):
    """How full a buffer is.

    `events` and `bytes` count what is queued; `age` is the seconds since the queue was empty or last read.
    """

    events: int
    bytes: int
    age: float


def due(level: Level, limits: Limits) -> bool:
    """Whether a batch should be sent now: it has enough events or bytes, or it has waited long enough."""
    return level.events > 0 and (
        level.events >= limits.batch_events
        or level.bytes >= limits.batch_bytes
        or level.age >= limits.batch_seconds
    )


class Buffer:
    """A queue of encoded events, bounded in number and in bytes, for many producers and few consumers.

    The lock is reentrant, and the wake-up signal is a SimpleQueue, because a signal handler may call `put`
    while its own thread is inside `put`.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.RLock()
        self._room = threading.Condition(self._lock)
        self._lines: deque[bytes] = deque()
        self._bytes = 0
        self._since = 0.0
        self._closed = False
        self._wakeups: SimpleQueue[None] = SimpleQueue()
        self.added = 0
        """Events put since the start."""
        self.taken = 0
        """Events taken since the start."""

    def put(self, line: bytes) -> Literal["queue_full", "closed"] | None:
        """Add one event. Returns the reason if it is rejected, else None."""
        limits = self._limits
        with self._lock:
            before = self._bytes
            size = before + len(line)
            events = len(self._lines) + 1
            if self._closed:
                return "closed"
            if events > limits.queue_events or size > limits.queue_bytes:
                return "queue_full"
            if events == 1:
                self._since = monotonic()
            self._lines.append(line)
            self._bytes = size
            self.added += 1
        if events == 1 or events == limits.batch_events or before < limits.batch_bytes <= size:
            self.wake()
        return None

    def wait_and_put(self, line: bytes, seconds: float) -> Literal["queue_full", "closed"] | None:
        """Like `put`, but wait for room, at most `seconds`."""
        until = monotonic() + seconds
        with self._room:
            while (rejected := self.put(line)) == "queue_full" and (left := until - monotonic()) > 0:
                self._room.wait(left)
        return rejected

    def take(self, most_events: int, most_bytes: int) -> list[bytes]:
        """Remove the oldest events within both bounds; at least one, unless the queue is empty."""
        taken: list[bytes] = []
        with self._lock:
            size = 0
            while self._lines and len(taken) < most_events:
                size += len(self._lines[0])
                if taken and size > most_bytes:
                    break
                taken.append(self._lines.popleft())
                self._bytes -= len(taken[-1])
            self.taken += len(taken)
            self._since = monotonic()
            self._room.notify_all()
        return taken

    def put_back(self, lines: Sequence[bytes]) -> None:
        """Put events that were just taken back at the front. They may exceed the bounds."""
        with self._lock:
            self._lines.extendleft(reversed(lines))
            self._bytes += sum(map(len, lines))
            self.taken -= len(lines)

    def level(self) -> Level:
        """How full the queue is."""
        with self._lock:
            return Level(len(self._lines), self._bytes, monotonic() - self._since)

    def close(self) -> None:
        """Reject new events. Queued events can still be taken."""
        with self._lock:
            self._closed = True
            self._room.notify_all()
        self.wake()

    def wake(self) -> None:
        """End the consumer's current wait, or its next one."""
        if self._wakeups.empty():
            self._wakeups.put(None)

    def wait(self, seconds: float) -> None:
        """Wait for the first event, a full batch or a `wake`, at most `seconds`."""
        try:
            self._wakeups.get(timeout=seconds)
        except Empty:
            return
