"""Spans of time to look at: each ends now, or where the data end long ago."""

from dataclasses import dataclass

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

OLD = DAY
"""Where nothing is newer than this (ms), spans count back from the newest touchpoint instead of from now."""

SPANS: dict[str, tuple[int, int]] = {
    "1h": (HOUR, 2 * MINUTE),
    "24h": (DAY, HOUR),
    "7d": (7 * DAY, 6 * HOUR),
    "30d": (30 * DAY, DAY),
}
"""Length and bucket of each span, in ms; `all` has neither."""

ALL = "all"
DEFAULT_SPAN = "24h"

_ALL_BUCKETS = (MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, DAY, 7 * DAY, 28 * DAY)
_MOST_BUCKETS = 60


@dataclass(frozen=True)
class Window:
    """A span of time, the one before it, and the buckets it is drawn in; ms since 1970, end exclusive."""

    before: int
    start: int
    end: int
    bucket: int
    old: bool

    @property
    def origin(self) -> int:
        """Where the first bucket begins: whole buckets, though the first reaches back before the span."""
        return self.start // self.bucket * self.bucket

    @property
    def slots(self) -> int:
        """How many buckets it has."""
        return -(-(self.end - self.origin) // self.bucket)


def window(span: str, now: int, first: int, newest: int) -> Window:
    """The window of a span: it ends now, or at the newest touchpoint where that is old."""
    old = newest < now - OLD
    if span != ALL:
        length, bucket = SPANS[span]
        end = newest + 1 if old else now
        return Window(end - 2 * length, end - length, end, bucket, old)
    end = max(newest + 1, first + MINUTE)
    bucket = next((b for b in _ALL_BUCKETS if end - first <= b * _MOST_BUCKETS), 0)
    while not bucket or end - first > bucket * _MOST_BUCKETS:
        bucket = 2 * (bucket or _ALL_BUCKETS[-1])
    return Window(first, first, end, bucket, old)
