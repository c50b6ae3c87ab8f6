"""Whether the partitions of this process are still assigned to it.

A process that was suspended may have lost its partitions without notice. Another process works on them then,
so this one must not write. A heartbeat that the broker accepts proves the assignment for a short time.
"""

import math
import time
from collections.abc import Awaitable, Callable

from touchline.runtime.faust_adapter import Heartbeat

CONFIRMED_SECONDS = 7.0
"""How long a heartbeat proves the assignment: less than a session, since a write takes time."""

LEAVE_SECONDS = 45.0
"""How long this process may still write after a rebalance begins: the group waits little longer for it."""

UNASSIGNED = -1
"""The generation while no partitions are assigned."""


class Membership:
    """This process as a member of a consumer group.

    Call it from the event loop; `is_confirmed` and `leave_by` may be read from any thread.

    Args:
        heartbeat: Checks with the broker that the process is still a member.
        clock: Seconds that only grow.
    """

    def __init__(
        self, heartbeat: Callable[[], Awaitable[Heartbeat]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._heartbeat, self._clock = heartbeat, clock
        self._confirmed_at = -math.inf
        self.leave_by = -math.inf
        """The time by the clock after which nothing may be written."""
        self.generation = UNASSIGNED
        """The group's generation at the assignment; `UNASSIGNED` while there is none."""

    def assign(self, generation: int) -> None:
        """Begin a new assignment, not yet confirmed."""
        self.generation = generation
        self._confirmed_at, self.leave_by = -math.inf, math.inf

    def begin_revocation(self) -> None:
        """A rebalance began: what is under way may end within `LEAVE_SECONDS`."""
        self.leave_by = self._clock() + LEAVE_SECONDS

    def revoke(self) -> None:
        """End the assignment."""
        self.generation = UNASSIGNED

    def is_confirmed(self) -> bool:
        """Whether a heartbeat confirmed the assignment a short time ago."""
        now = self._clock()
        return now < self.leave_by and now - self._confirmed_at < CONFIRMED_SECONDS

    async def confirm(self) -> bool:
        """Send a heartbeat if the last one is too old; return whether the assignment is confirmed."""
        if not self.is_confirmed():
            sent_at = self._clock()
            heartbeat = await self._heartbeat()
            if heartbeat.accepted:
                self._confirmed_at = sent_at
            elif heartbeat.generation != self.generation:
                self.leave_by = -math.inf
        return self.is_confirmed()
