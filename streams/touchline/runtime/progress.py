"""Whether a process still makes progress: its committed offsets move while there are records to read."""

import time
from collections.abc import Callable, Mapping

from touchline.runtime.faust_adapter import TopicPartition

STALL_SECONDS = 60.0
"""With records to read and no commit for this long, the process ends."""

FLUSH_STALL_FACTOR = 10
"""While a flush is under way, it may take this many times as long: it may refold every customer."""


class Progress:
    """When the committed offsets last moved.

    Args:
        stall_seconds: See `STALL_SECONDS`.
        clock: Seconds that only grow.
    """

    def __init__(self, stall_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._stall_seconds, self._clock = stall_seconds, clock
        self._committed: Mapping[TopicPartition, int | None] = {}
        self._moved_at = clock()

    def restart(self) -> None:
        """Count from now: partitions were assigned."""
        self._moved_at = self._clock()

    def observe(self, committed: Mapping[TopicPartition, int | None], *, waiting: bool) -> None:
        """Take the committed offsets, and whether records wait to be read."""
        if not waiting or committed != self._committed:
            self._committed, self._moved_at = committed, self._clock()

    def is_stalled(self, *, flushing: bool) -> bool:
        """Whether no offset moved for too long."""
        limit = self._stall_seconds * (FLUSH_STALL_FACTOR if flushing else 1)
        return self._clock() - self._moved_at > limit
