"""Holds: times in which an incident is not notified, and why."""

from collections.abc import Iterable
from typing import NamedTuple


class Hold(NamedTuple):
    """No notification of an incident from `begin` until before `end` (ms; None without an end).

    Attributes:
        reason: `window`, `mute`, `snooze`, `inhibit`, `flapping`, or `acknowledged`, which holds escalation.
        name: Of the window, of the rule that inhibits, or of who muted.
        begin: When it begins to hold.
        end: When it no longer holds.
        channels: The channels that are not notified; all if empty.
    """

    reason: str
    name: str
    begin: int
    end: int | None
    channels: tuple[str, ...] = ()

    def covers(self, at: int) -> bool:
        """Whether it holds at a time (ms)."""
        return self.begin <= at and (self.end is None or at < self.end)


def free_at(at: int, holds: Iterable[Hold]) -> int | None:
    """The first time (ms) from `at` on that no hold covers; None if there is none yet."""
    for hold in sorted(holds, key=lambda hold: hold.begin):
        if hold.covers(at):
            if hold.end is None:
                return None
            at = hold.end
    return at
