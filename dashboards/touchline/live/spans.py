"""Spans of time to look at: each ends now, or where the data end long ago."""

from dataclasses import dataclass

from touchline.live import queries
from touchline.live.queries import Store, ask

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

OLD = DAY
"""Where nothing is newer than this (ms), spans count back from the newest touchpoint instead of from now."""

SPANS: dict[str, int] = {"1h": HOUR, "24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY}
"""Length of each span, in ms; `all` has none."""

ALL = "all"


@dataclass(frozen=True)
class Window:
    """A span of time in ms since 1970, end exclusive.

    `newest` is when the newest touchpoint was; `old`: the span does not end now, but there.
    """

    start: int
    end: int
    newest: int
    old: bool


def window(store: Store, span: str, now: int) -> Window | None:
    """The window of a span over what the store has; None where it never had an event.

    It ends now, or at the newest touchpoint where that is old, in whole seconds.
    """
    [extent] = ask(store, queries.EXTENT)
    if not extent["journeys"]:
        return None
    first, newest = extent["first"], extent["newest"]
    old = newest < now - OLD
    end = (newest if old or span == ALL else now) // 1000 * 1000 + 1000
    return Window(min(first, end - MINUTE) if span == ALL else end - SPANS[span], end, newest, old)
