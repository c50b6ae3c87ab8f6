"""Reads incidents, acts and the ledger of suppression, with a function that queries a store."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from touchline.alerts.life.followup import EXPECTED_FOR
from touchline.tables import AlertActRow, AlertRow, HeldAlertRow
from touchline.vocabulary.durations import DAY

Query = Callable[[str, Mapping[str, str]], Sequence[Sequence[Any]]]
"""Runs SQL with parameters, and returns the rows; 64-bit numbers are numbers."""

MOST_HELD = 10_000
"""Entries of the ledger that are read at most: the newest."""

RECENT = 2 * DAY
"""Acts of this age (ms) are read whatever they are about."""

_IDS = {"alert", "fingerprint", "id"}
_TIMES = {
    *("opened_at", "detected_at", "resolved_at", "last_at", "ends_at", "written_at", "began_at", "ended_at"),
}


def _shown(columns: Iterable[str]) -> str:
    return ", ".join(
        f"toString({name})" if name in _IDS else f"toUnixTimestamp64Milli({name})" if name in _TIMES else name
        for name in columns
    )


ALERT_COLUMNS = _shown(AlertRow.__struct_fields__)
"""SQL for the columns of `alerts` from which `alert_rows` makes incidents."""

_ACTS = f"SELECT {_shown(AlertActRow.__struct_fields__)} FROM current_alert_acts WHERE "  # noqa: S608
_ABOUT = f"""{_ACTS} act = 'mute' OR written_at > fromUnixTimestamp64Milli({{since:Int64}})
    OR fingerprint IN JSONExtract({{fingerprints:String}}, 'Array(String)')
    OR act = 'expect' AND written_at > fromUnixTimestamp64Milli({{expected:Int64}})
"""
_SINCE = f"{_ACTS} act = 'mute' OR last_at > fromUnixTimestamp64Milli({{since:Int64}})"
_HELD = f"""
SELECT {_shown(HeldAlertRow.__struct_fields__)} FROM current_held_alerts
WHERE ended_at IS NULL OR ended_at > fromUnixTimestamp64Milli({{since:Int64}})
ORDER BY began_at DESC, id LIMIT {MOST_HELD}
"""  # noqa: S608 - made of constants


def alert_rows(rows: Iterable[Sequence[Any]]) -> list[AlertRow]:
    """The incidents of rows with `ALERT_COLUMNS`."""
    names = AlertRow.__struct_fields__
    return [msgspec.convert(dict(zip(names, row, strict=True)), AlertRow, strict=False) for row in rows]


def acts_about(query: Query, fingerprints: Iterable[str], now: int) -> list[AlertActRow]:
    """The acts about incidents with these fingerprints, all mutes, followed changes, and recent acts."""
    known = json.dumps(sorted(fingerprints))
    times = {"since": str(now - RECENT), "expected": str(now - EXPECTED_FOR)}
    return _acts(query(_ABOUT, {**times, "fingerprints": known}))


def acts_since(query: Query, since: int) -> list[AlertActRow]:
    """All mutes, and the acts about incidents that fired after a time (ms)."""
    return _acts(query(_SINCE, {"since": str(since)}))


def held_rows(query: Query, since: int) -> list[HeldAlertRow]:
    """The entries of the ledger that are held, or ended after a time (ms), newest first."""
    names = HeldAlertRow.__struct_fields__
    rows = query(_HELD, {"since": str(since)})
    return [msgspec.convert(dict(zip(names, row, strict=True)), HeldAlertRow, strict=False) for row in rows]


def _acts(rows: Iterable[Sequence[Any]]) -> list[AlertActRow]:
    names = AlertActRow.__struct_fields__
    return [msgspec.convert(dict(zip(names, row, strict=True)), AlertActRow, strict=False) for row in rows]
