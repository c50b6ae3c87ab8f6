"""The rate limit of a producer, in events per second."""


class TokenBucket:
    """Refills with `rate` events per second, up to `burst`. `now` is monotonic, in seconds.

    A request is admitted while the bucket is not empty, and charged once its events are counted. One large
    request may overdraw the bucket; later requests wait until it is refilled.
    """

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._left = burst
        self._at: float | None = None

    def wait(self, now: float) -> float:
        """Seconds until the next request is admitted; 0 if it is admitted now."""
        self._refill(now)
        return 0.0 if self._left > 0 else (1 - self._left) / self._rate

    def charge(self, events: int, now: float) -> None:
        """Take the events of an admitted request from the bucket."""
        self._refill(now)
        self._left -= events

    def _refill(self, now: float) -> None:
        if self._at is not None and now > self._at:
            self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
