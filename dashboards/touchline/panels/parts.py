"""Parts that panels' SQL is put together from."""

from collections.abc import Sequence

from touchline.measures import BY_NAME
from touchline.panels.panel import Variable


def chosen(column: str, variable: str) -> str:
    """SQL: the column holds one of the variable's chosen values, or all are chosen."""
    values = f"${{{variable}:sqlstring}}"
    return f"('' IN ({values}) OR {column} IN ({values}))"


CHANNEL = chosen("channel", "channel")
SOURCE = chosen("source", "source")
RULE = chosen("rule", "rule")
EVENTS = f"{CHANNEL} AND {SOURCE}"
FRICTIONS = f"{EVENTS} AND {RULE}"
JOURNEYS = chosen("path[1]", "channel")
"""Journeys are counted on the channel that they began on."""

CHANNELS = Variable("channel", "Channel", "SELECT DISTINCT channel FROM events ORDER BY channel")
SOURCES = Variable("source", "Source", "SELECT DISTINCT source FROM events ORDER BY source")
RULES = Variable("rule", "Rule", "SELECT DISTINCT rule FROM current_frictions ORDER BY rule")

BUCKETS = """
    SELECT toStartOfInterval($__fromTime, INTERVAL $__interval_s second)
           + INTERVAL number * $__interval_s second AS time
    FROM numbers(toUInt64((toUnixTimestamp($__toTime) - toUnixTimestamp($__fromTime)) / $__interval_s) + 2)
    WHERE time <= $__toTime
"""
"""A row a point of time, so that where there was nothing is 0 and not a gap."""

WITH_EARLIER_WEEKS = f"""
    SELECT opened_at + INTERVAL week WEEK AS at, week, rule, channel, source, customer, status
    FROM current_frictions ARRAY JOIN range(5) AS week
    WHERE opened_at >= $__fromTime - INTERVAL 4 WEEK AND opened_at <= $__toTime
      AND $__timeFilter(opened_at + INTERVAL week WEEK) AND {FRICTIONS}
"""
"""A row a friction of the span, and of the same span 1 to 4 weeks earlier, brought forward to it."""


def usual(time: str, earlier: str = "countIf(week > 0)") -> str:
    """SQL: `earlier`, what all earlier weeks had, for one week; NULL where the data do not reach back."""
    weeks = (
        f"least(4, intDiv(toInt64(toUnixTimestamp({time})) - "
        "(SELECT toInt64(toUnixTimestamp(min(start))) FROM journeys), 604800))"
    )
    return f"if({weeks} < 1, NULL, {earlier} / {weeks})"


def measured(name: str, *by: str) -> str:
    """SQL of a measure in the span: `value` and `number`, how many it is of, by expressions `… AS name`.

    It has no row where there was nothing to measure.
    """
    groups = "".join(f"{_name(one)}, " for one in by)
    return (
        f"SELECT {groups}value_of_{name} AS value, number_of_{name} AS number\n"
        f"FROM ({together((name,), *by)})\nWHERE number > 0"
    )


def together(names: Sequence[str], *by: str) -> str:
    """SQL of several measures of one base, read once: `value_of_…` (NULL over nothing) and `number_of_…`."""
    measures = [BY_NAME[name] for name in names]
    [base] = {measure.base for measure in measures}
    for parameter, macro in (("since", "$__fromTime"), ("until", "$__toTime")):
        base = base.replace(f"{{{parameter}:DateTime64(3)}}", macro)
    values = ",\n    ".join(
        f"{one.of_base} AS value_of_{one.name}, countIf({one.where}) AS number_of_{one.name}"
        for one in measures
    )
    groups = f"\nGROUP BY {', '.join(map(_name, by))}" if by else ""
    return f"SELECT {''.join(f'{one}, ' for one in by)}{values}\nFROM ({base})\nWHERE {EVENTS}{groups}"


def stat(name: str) -> str:
    """A measure as one figure."""
    return f"SELECT value FROM ({measured(name)})"


def over_time(name: str) -> str:
    """A measure over time."""
    return f"SELECT time, value FROM ({measured(name, TIME)}) ORDER BY time"


TIME = "$__timeInterval(at) AS time"


def _name(expression: str) -> str:
    return expression.rpartition(" AS ")[2]
