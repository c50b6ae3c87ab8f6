"""SQL fragments that several panels share: filters, earlier weeks, measures."""

from collections.abc import Sequence

from touchline.measures import BY_NAME
from touchline.panels.panel import Variable

_ALL = "concat('$', '__all')"
"""SQL for `ALL`, written so that it is not taken for a macro."""


def values_of(variable: str) -> str:
    """SQL for the array of a variable's values.

    The format `queryparam` writes `var-NAME=VALUE&…`, percent-encoded, so no value can end the SQL text;
    `sqlstring` leaves backslashes as they are.
    """
    pairs = f"splitByChar('&', '${{{variable}:queryparam}}')"
    return f"arrayMap(pair -> decodeURLComponent(substring(pair, {len(variable) + 6})), {pairs})"


def all_chosen(variable: str) -> str:
    """SQL condition: all values of the variable are chosen."""
    return f"has({values_of(variable)}, {_ALL})"


def chosen(column: str, variable: str) -> str:
    """SQL condition: `column` has a chosen value of the variable, or all values are chosen."""
    return f"({all_chosen(variable)} OR has({values_of(variable)}, {column}))"


CHANNEL = chosen("channel", "channel")
SOURCE = chosen("source", "source")
RULE = chosen("rule", "rule")
PRODUCER = chosen("producer", "producer")
EVENTS = f"{CHANNEL} AND {SOURCE}"
FRICTIONS = f"{EVENTS} AND {RULE}"
JOURNEYS = chosen("path[1]", "channel")
"""A journey counts on the channel where it started."""

CHANNELS = Variable("channel", "Channel", "SELECT DISTINCT channel FROM events ORDER BY channel")
SOURCES = Variable("source", "Source", "SELECT DISTINCT source FROM events ORDER BY source")
PRODUCERS = Variable(
    "producer",
    "Producer",
    "SELECT DISTINCT producer FROM (SELECT producer FROM events UNION ALL SELECT producer FROM quarantine) "
    "ORDER BY producer",
)
RULES = Variable("rule", "Rule", "SELECT DISTINCT rule FROM current_frictions ORDER BY rule")

BUCKETS = """
    SELECT toStartOfInterval($__fromTime, INTERVAL $__interval_s second)
           + INTERVAL number * $__interval_s second AS time
    FROM numbers(toUInt64((toUnixTimestamp($__toTime) - toUnixTimestamp($__fromTime)) / $__interval_s) + 2)
    WHERE time <= $__toTime
"""
"""One row for each point in time, so that a chart shows 0 instead of a gap."""

_BEGIN = "(SELECT toInt64(toUnixTimestamp(min(start))) FROM journeys)"
"""SQL for the time (s) at which the data begin."""

_REACHES = (
    "mapFromArrays((SELECT argMax(rules, in_force_at) FROM rule_sets), "
    "(SELECT argMax(reaches, in_force_at) FROM rule_sets))"
)
"""SQL for how far (ms) each rule looks back, by id."""

WITH_EARLIER_WEEKS = f"""
    SELECT opened_at + INTERVAL week WEEK AS at, week, rule, channel, source, customer, status,
           {_REACHES}[CAST(rule, 'String')] AS reach
    FROM current_frictions ARRAY JOIN range(5) AS week
    WHERE opened_at >= $__fromTime - INTERVAL 4 WEEK AND opened_at <= $__toTime
      AND $__timeFilter(opened_at + INTERVAL week WEEK) AND {FRICTIONS}
"""
"""One row for each friction of the period (`week` 0), and of the same period 1 to 4 weeks earlier.

`reach` is how far (ms) its rule looks back.
"""

EARLIER = "[countIf(week = 1), countIf(week = 2), countIf(week = 3), countIf(week = 4)]"
"""SQL for the numbers of frictions 1 to 4 weeks earlier."""

TIME = "$__timeInterval(at) AS time"


def usual(time: str, earlier: str, reach: str) -> str:
    """SQL for the mean of the earlier weeks that the data cover; NULL if they cover none.

    A rule finds fewer frictions where the data begin within its window. So a week counts only if the data
    begin before it by `reach` (ms). `earlier` is `EARLIER`, `time` the time that is compared.
    """
    covered = f"toInt64(toUnixTimestamp({time})) - {_BEGIN} - intDiv(toInt64({reach}) + 999, 1000)"
    weeks = f"least(4, intDiv({covered}, 604800))"
    return f"if({weeks} < 1, NULL, arraySum(arraySlice({earlier}, 1, {weeks})) / {weeks})"


def measured(name: str, *by: str) -> str:
    """SQL for one measure in the period: `value` and `number` (of observations), grouped by `… AS name`.

    Groups without observations have no row.
    """
    groups = "".join(f"{_alias(expression)}, " for expression in by)
    return (
        f"SELECT {groups}value_of_{name} AS value, number_of_{name} AS number\n"
        f"FROM ({together((name,), *by)})\nWHERE number > 0"
    )


def together(names: Sequence[str], *by: str) -> str:
    """SQL for measures that share a base, which is read once: `value_of_…` (or NULL) and `number_of_…`."""
    measures = [BY_NAME[name] for name in names]
    [base] = {measure.base for measure in measures}
    values = ",\n    ".join(
        f"{measure.of_base} AS value_of_{measure.name}, "
        f"countIf({measure.counted}) AS number_of_{measure.name}"
        for measure in measures
    )
    columns = "".join(f"{expression}, " for expression in by)
    groups = f"\nGROUP BY {', '.join(map(_alias, by))}" if by else ""
    filters = EVENTS if measures[0].has_source else CHANNEL
    sql = f"SELECT {columns}{values}\nFROM ({base})\nWHERE {filters}{groups}"
    for parameter, macro in (("since", "$__fromTime"), ("until", "$__toTime")):
        sql = sql.replace(f"{{{parameter}:DateTime64(3)}}", macro)
    return sql


def _alias(expression: str) -> str:
    return expression.rpartition(" AS ")[2]
