"""Periods to choose from. A period ends now, or at the newest event if that is old."""

from dataclasses import dataclass

from touchline.live import queries
from touchline.live.queries import Store, run
from touchline.vocabulary.durations import DAY, HOUR, MINUTE

OLD = DAY
"""If no event is newer than this (ms), periods end at the newest event instead of now."""

SPANS: dict[str, int] = {"1h": HOUR, "24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY}
"""Length of each period, in ms. `ALL` has no fixed length."""

ALL = "all"


@dataclass(frozen=True)
class Window:
    """A period in ms since 1970, end exclusive; `newest` is the time of the newest event.

    `old`: the period ends at `newest`, not now.
    """

    start: int
    end: int
    newest: int
    old: bool


def window(store: Store, span: str, now: int) -> Window | None:
    """The period that `span` means at the time `now` (ms), in whole seconds; None if the store is empty."""
    [extent] = run(store, queries.EXTENT)
    if not extent["journeys"]:
        return None
    first, newest = extent["first"], extent["newest"]
    old = newest < now - OLD
    end = (newest if old or span == ALL else now) // 1000 * 1000 + 1000
    return Window(min(first, end - MINUTE) if span == ALL else end - SPANS[span], end, newest, old)
