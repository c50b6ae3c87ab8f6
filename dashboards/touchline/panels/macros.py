"""Grafana's macros and variables, expanded as Grafana and its ClickHouse plugin do."""

import re
from collections.abc import Mapping, Sequence

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
_VARIABLE = re.compile(r"\$\{(\w+):sqlstring\}")

ALL = ""
"""The value of a variable where all is chosen."""


class MacroError(ValueError):
    """A macro that is not known, or lacks its column."""


def expand(
    sql: str,
    start_ms: int,
    end_ms: int,
    interval_s: int,
    variables: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """The SQL as it reaches ClickHouse.

    Args:
        sql: A panel's SQL.
        start_ms: Where the span begins, ms since 1970.
        end_ms: Where it ends, inclusive as in Grafana; both are cut to seconds, as the plugin does.
        interval_s: Seconds from one point of a picture over time to the next, at least 1.
        variables: The values chosen of each variable; all, where there is none of it.

    Raises:
        MacroError: a macro that the plugin does not have, or that is not among the stable ones.
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
            raise MacroError(f"$__{name} is none of {', '.join(f'$__{one}' for one in _MACROS)}")
        if ("{0}" in form) != bool(column):
            raise MacroError(f"$__{name} takes {'a column' if '{0}' in form else 'nothing'}")
        return form.format(column, **times)

    def variable(found: re.Match[str]) -> str:
        return ",".join(_quoted(value) for value in chosen.get(found[1]) or [ALL])

    # Values last: whatever they hold is no macro.
    return _VARIABLE.sub(variable, _MACRO.sub(macro, sql))


def interval(start_ms: int, end_ms: int, points: int = 100) -> int:
    """Seconds of a bucket so that a span has about so many, in steps that people read with ease."""
    wanted = (end_ms - start_ms) / 1000 / points
    return next((step for step in _STEPS if step >= wanted), _STEPS[-1])


_STEPS = (10, 30, 60, 300, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 7 * 86_400)


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
