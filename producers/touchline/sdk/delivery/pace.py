"""The pace of attempts: the wait after one that failed, and until when the collector counts as down."""

from collections.abc import Callable
from dataclasses import dataclass
from random import uniform
from time import monotonic, time

from touchline.sdk.delivery.buffer import Buffer
from touchline.sdk.limits import Limits
from touchline.sdk.transport import Retry


@dataclass(frozen=True, slots=True)
class Timing:
    """How delivery reads the time, waits between attempts and draws jitter. Tests replace it."""

    now: Callable[[], float] = monotonic
    pause: Callable[[Buffer, float], None] = Buffer.wait
    jitter: Callable[[float, float], float] = uniform
    wall: Callable[[], float] = time


REAL = Timing()


def backoff(attempt: int, limits: Limits) -> float:
    """The longest wait after attempt number `attempt` (from 0), in seconds; jitter shortens it."""
    return min(limits.retry_most, limits.retry_least * 2.0 ** min(attempt, 30))


class Pace:
    """Counts attempts that failed in a row. `down_until` is monotonic, in seconds."""

    def __init__(self, limits: Limits, timing: Timing) -> None:
        self._limits = limits
        self._timing = timing
        self._failures = 0
        self.down_until = float("-inf")

    def back_off(self, outcome: Retry) -> float:
        """The wait before the next attempt, in seconds. Until then the collector counts as down."""
        longest = backoff(self._failures, self._limits)
        delay = self._timing.jitter(longest / 2, longest)
        if outcome.after is not None:
            delay = min(max(outcome.after, self._limits.retry_least), self._limits.retry_most)
        self._failures += 1
        self.down_until = self._timing.now() + delay
        return delay

    def reset(self) -> None:
        """The collector answered, or the client closes: wait as after the first failure."""
        self._failures, self.down_until = 0, float("-inf")

    @property
    def is_down(self) -> bool:
        """Whether the collector did not take events a moment ago."""
        return self._timing.now() < self.down_until
