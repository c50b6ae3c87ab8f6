"""Expands Grafana's macros and variables as Grafana and its ClickHouse plugin do."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from touchline.panels.filters import ALL, VARIABLE, without_open_filters
from touchline.vocabulary.errors import ConfigurationError

_MACROS = {
    "timeFilter": "{0} >= toDateTime({start}) AND {0} <= toDateTime({end})",
    "timeFilter_ms": (
        "{0} >= fromUnixTimestamp64Milli({start_ms}) AND {0} <= fromUnixTimestamp64Milli({end_ms})"
    ),
    "timeInterval": "toStartOfInterval(toDateTime({0}), INTERVAL {interval} second)",
    "fromTime": "toDateTime({start})",
    "toTime": "toDateTime({end})",
    "interval_s": "{interval}",
}
_MACRO = re.compile(r"\$__(\w+)(?:\(([^()]*)\))?")


class MacroError(ConfigurationError):
    """An unknown macro, or one without its column."""


def expand(
    sql: str,
    start_ms: int,
    end_ms: int,
    interval_s: int,
    variables: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """The SQL with macros and variables replaced, and without the filters with all values chosen.

    Args:
        sql: A panel's SQL.
        start_ms: The start of the period, ms since 1970.
        end_ms: Its end, inclusive as in Grafana. Both are truncated to seconds, as the plugin does.
        interval_s: Seconds between two points of a chart, at least 1.
        variables: The chosen values of each variable; without any, all are chosen.

    Raises:
        MacroError: the plugin has no such macro, or its meaning differs between versions.
    """
    times = {
        "start": start_ms // 1000,
        "end": end_ms // 1000,
        "start_ms": start_ms,
        "end_ms": end_ms,
        "interval": max(interval_s, 1),
    }
    chosen = variables or {}

    def macro(found: re.Match[str]) -> str:
        name, column = found[1], (found[2] or "").strip()
        form = _MACROS.get(name)
        if form is None:
            raise MacroError(f"unknown macro $__{name}: use {', '.join(f'$__{known}' for known in _MACROS)}")
        if ("{0}" in form) != bool(column):
            raise MacroError(f"$__{name} takes {'a column' if '{0}' in form else 'no argument'}")
        return form.format(column, **times)

    def variable(found: re.Match[str]) -> str:
        name = found[1]
        return "&".join(f"var-{name}={quote(value, safe='')}" for value in chosen.get(name) or [ALL])

    # Variables last: a macro in a chosen value is not expanded.
    return VARIABLE.sub(variable, _MACRO.sub(macro, without_open_filters(sql, chosen)))


def interval(start_ms: int, end_ms: int, points: int = 100) -> int:
    """Seconds between two points of a chart: a round length that gives about `points` points."""
    wanted = (end_ms - start_ms) / 1000 / points
    return next((step for step in _STEPS if step >= wanted), _STEPS[-1])


_STEPS = (10, 30, 60, 300, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 7 * 86_400)
