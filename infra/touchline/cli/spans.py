"""Spans of time on the command line, such as `7d` or `2026-11-01..2026-11-08`, and the extent of the data."""

import time
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from touchline.cli.errors import fail

if TYPE_CHECKING:
    from touchline.measures import Ask
    from touchline.store.reader import Reader


def query_function(reader: "Reader") -> "Ask":
    """A function that queries a store for rows."""
    from touchline.store import parse_answer

    return lambda sql, parameters: parse_answer(reader.reply(sql, "JSONCompact", parameters).body).result_rows


def extent(ask: "Ask") -> tuple[int, int]:
    """When the data begin and end (ms): they end now, or right after the newest event if that is old.

    Both are now if there are no events.
    """
    from touchline.analysis.reading.extent import extent as data_extent

    now = int(time.time() * 1000)
    return data_extent(ask, now) or (now, now)


def moment(text: str, option: str, zone: str, such_as: str = "a day or a time, such as") -> int:
    """A time (ms): a day or a time, in `zone` unless it names its own. Ends the command if it is neither."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise fail(f"{option} {text}: write {such_as} 2026-11-21T10:00:00Z", 2) from None
    return int((found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))).timestamp() * 1000)


def since(text: str, until: int, zone: str) -> int:
    """The begin (ms) of a span that ends at `until`: its length, such as 7d, or a day or a time."""
    from touchline.vocabulary.durations import parse_duration

    try:
        began = until - parse_duration(text)
    except ValueError:
        began = moment(text, "--since", zone, "how far back, such as 7d, or a day or a time, such as")
    if began >= until:
        raise fail(f"--since {text}: the span is empty", 2)
    return began


def stretch(text: str, option: str, zone: str) -> tuple[int, int]:
    """A span (ms, end exclusive) written `A..B`: two days or times."""
    first, dots, last = text.partition("..")
    if not dots:
        raise fail(f"{option} {text}: write A..B, such as 2026-11-01..2026-11-08", 2)
    began, ended = moment(first, option, zone), moment(last, option, zone)
    if began >= ended:
        raise fail(f"{option} {text}: the span is empty", 2)
    return began, ended
