"""How many events a producer may send a second."""


class TokenBucket:
    """Refills with `rate` events a second, up to `burst`; `now` is in seconds, of any clock that only rises.

    A request is let in while anything is left, and is charged when its events are counted, so that one
    large request may leave a debt that later ones wait for.
    """

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._left = burst
        self._at: float | None = None

    def wait(self, now: float) -> float:
        """Seconds until the next request is let in; 0 if it is now."""
        self._refill(now)
        return 0.0 if self._left > 0 else (1 - self._left) / self._rate

    def charge(self, events: int, now: float) -> None:
        """Count the events of a request that was let in."""
        self._refill(now)
        self._left -= events

    def _refill(self, now: float) -> None:
        if self._at is not None and now > self._at:
            self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
