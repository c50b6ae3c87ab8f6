"""Reads when the data begin and end."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from touchline.vocabulary.durations import DAY
from touchline.vocabulary.internal import IS_TOUCHPOINT

OLD = DAY
"""If no event is newer than this (ms), time counts back from the newest event instead of from now."""

_EXTENT = f"""
SELECT toUnixTimestamp64Milli(min(time)), toUnixTimestamp64Milli(max(time)), count()
FROM events WHERE {IS_TOUCHPOINT}
"""  # noqa: S608 - a constant


def extent(
    ask: Callable[[str, Mapping[str, str]], Sequence[Sequence[Any]]], now: int
) -> tuple[int, int] | None:
    """When the data begin and end (ms): they end now, or right after the newest event if that is old.

    None if there are no events.
    """
    oldest, newest, count = ask(_EXTENT, {})[0]
    if not count:
        return None
    return oldest, newest + 1 if newest < now - OLD else now
