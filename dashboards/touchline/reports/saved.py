"""Reports that are kept in the store: for the live page, to compare with, and what was sent to whom."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec

from touchline.reports.queries import Ask
from touchline.vocabulary.durations import WEEK

AUDIT: Final = "audit"
WEEKLY: Final = "weekly"

COMPARED: Final = WEEK
"""How much older (ms) the audit should be that a new one is compared with."""

_LAST = """
SELECT content FROM reports FINAL
WHERE kind = {kind:String} AND until <= fromUnixTimestamp64Milli({until:Int64}, 'UTC')
ORDER BY until DESC LIMIT 1
"""
_KEPT = """
SELECT DISTINCT toUnixTimestamp64Milli(until) AS ended FROM reports
WHERE kind = {kind:String} ORDER BY ended DESC LIMIT 12
"""
_SENT = """
SELECT channel FROM reports_sent FINAL
WHERE kind = {kind:String} AND until = fromUnixTimestamp64Milli({until:Int64}, 'UTC')
"""
Insert = Callable[[str, dict[str, Sequence[Any]], str], object]
"""Appends columns to a table, with a token: a second insert with it adds nothing."""

_Content = TypeVar("_Content", bound=msgspec.Struct)


def save(insert: Insert, kind: str, content: Any, since: int, until: int, made_at: int) -> None:
    """Keep a report of a span (ms); a later one of the same end replaces it."""
    row = {
        "kind": kind,
        "since": since,
        "until": until,
        "made_at": made_at,
        "content": msgspec.json.encode(content).decode(),
    }
    insert("reports", {name: [value] for name, value in row.items()}, f"report:{kind}:{until}:{made_at}")


def last_report(ask: Ask, kind: str, until: int, of: type[_Content]) -> _Content | None:
    """The last report whose span ends at `until` (ms) or before; None if there is none that can be read."""
    rows = ask(_LAST, {"kind": kind, "until": str(until)})
    if not rows:
        return None
    try:
        return msgspec.json.decode(rows[0][0], type=of)
    except msgspec.DecodeError:
        # Another version of this program wrote it.
        return None


def kept(ask: Ask, kind: str) -> list[int]:
    """When the spans of the twelve newest reports end (ms), the newest first."""
    return [row[0] for row in ask(_KEPT, {"kind": kind})]


def sent_to(ask: Ask, kind: str, until: int) -> set[str]:
    """The channels that a report was sent to."""
    return {row[0] for row in ask(_SENT, {"kind": kind, "until": str(until)})}


def record_sent(insert: Insert, kind: str, until: int, channel: str, sent_at: int) -> None:
    """Note that a channel took a report."""
    row: Mapping[str, Any] = {"kind": kind, "until": until, "channel": channel, "sent_at": sent_at}
    insert("reports_sent", {name: [value] for name, value in row.items()}, f"sent:{kind}:{until}:{channel}")
