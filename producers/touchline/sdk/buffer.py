"""The queue between the application's threads and the one that sends: bounded, and never waited for.

Law: what was put is taken once, in order; what would pass a bound is refused at once.
"""

import threading
from collections import deque
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Literal, NamedTuple

from touchline.sdk.limits import Limits


class Level(NamedTuple):
    """How full a buffer is: events, their bytes, and seconds since it was empty or last taken from."""

    events: int
    bytes: int
    age: float


def due(level: Level, limits: Limits) -> bool:
    """Whether what is waiting should be sent now: enough events, enough bytes, or long enough."""
    return level.events > 0 and (
        level.events >= limits.batch_events
        or level.bytes >= limits.batch_bytes
        or level.age >= limits.batch_seconds
    )


class Buffer:
    """A queue of encoded events, bounded in number and in bytes, for many producers and one consumer.

    The lock is reentrant and the bell a SimpleQueue because a signal handler may put while its own thread
    is inside `put`.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.RLock()
        self._lines: deque[bytes] = deque()
        self._bytes = 0
        self._since = 0.0
        self._closed = False
        self._bell: SimpleQueue[None] = SimpleQueue()
        self.added = 0
        """Events ever put."""

    def put(self, line: bytes) -> Literal["queue_full", "closed"] | None:
        """Add one event; returns why it was refused, or None."""
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

    def take(self, most_events: int, most_bytes: int) -> list[bytes]:
        """Remove the oldest events, at least one if there is any, within both bounds."""
        taken: list[bytes] = []
        with self._lock:
            size = 0
            while self._lines and len(taken) < most_events:
                size += len(self._lines[0])
                if taken and size > most_bytes:
                    break
                taken.append(self._lines.popleft())
                self._bytes -= len(taken[-1])
            self._since = monotonic()
        return taken

    def level(self) -> Level:
        """How full it is."""
        with self._lock:
            return Level(len(self._lines), self._bytes, monotonic() - self._since)

    def close(self) -> None:
        """Refuse what comes from now on; what is there can still be taken."""
        with self._lock:
            self._closed = True
        self.wake()

    def wake(self) -> None:
        """End the consumer's wait, or its next one."""
        if self._bell.empty():
            self._bell.put(None)

    def wait(self, seconds: float) -> None:
        """Wait until the first event, a full batch, `wake`, or for the time given."""
        try:
            self._bell.get(timeout=max(seconds, 0.0))
        except Empty:
            return
