"""The SQL of alert rules on the store's views, as text.

Every query takes `{lo:Int64}` and `{hi:Int64}`: times (ms) after `lo`, up to `hi`. The view leaves out
retracted frictions; distinct counts leave out duplicate rows.
"""

from touchline.alerts.rules import Absence, AlertRule, Change, StrikeOut, Watching
from touchline.vocabulary.durations import MINUTE, WEEK

MOST_ROWS = 500_000
"""Rows of a query at most; the newest are kept."""

TICKS = 20
"""Parts of a change's window that are counted separately if they are longer than a minute."""

LABELLED = "labels = JSONExtract({labels:String}, 'Array(String)')"
"""The condition that a row of `watched` has these labels, given as a JSON array."""


def watched(rule: AlertRule, weeks: range = range(1)) -> str:
    """Rows (labels, at, customer, journey) that the rule watches; `journey` is empty for events.

    `weeks` gives the spans: the current one moved back by each number of weeks.
    """
    if isinstance(rule, StrikeOut):
        return _strike_outs(rule)
    if isinstance(rule, Watching) and rule.frictions:
        return (
            f"SELECT {_labels(rule)} AS labels, toUnixTimestamp64Milli(opened_at) AS at, "  # noqa: S608
            "toString(customer) AS customer, toString(journey) AS journey FROM current_frictions "
            f"WHERE {_names('rule', rule.frictions)} AND {_where(rule)} AND {_spans('opened_at', weeks)}"
        )
    events = f"{_names('type', rule.events)} AND {_where(rule)} AND {_spans('time', weeks)}"
    return (
        "SELECT labels, at, toString(owner.customer) AS customer, '' AS journey FROM "  # noqa: S608
        f"(SELECT DISTINCT id, entity, {_labels(rule)} AS labels, toUnixTimestamp64Milli(time) AS at "
        f"FROM events WHERE {events}) AS seen "
        "JOIN (SELECT entity, customer FROM current_identities WHERE entity IN "
        f"(SELECT entity FROM events WHERE {events})) AS owner ON owner.entity = seen.entity"
    )


def points(rule: AlertRule) -> str:
    """The rows from which the rule's intervals are computed, newest first.

    Rows (labels, at, customer) of a threshold or strike-out; (labels, tick's end, number) of a change;
    (labels, first, last) of an absence, for each stretch of `longer_than` that has events.
    """
    limit = f"ORDER BY at DESC LIMIT {MOST_ROWS}"
    if isinstance(rule, Change):
        tick = max(MINUTE, rule.within // TICKS)
        return (
            f"SELECT labels, intDiv(at + {tick - 1}, {tick}) * {tick} AS at, count() AS number "  # noqa: S608
            f"FROM ({watched(rule, range(rule.weeks + 1))}) GROUP BY labels, at {limit}"
        )
    if isinstance(rule, Absence):
        events = f"{_names('type', rule.events)} AND {_where(rule)} AND {_spans('time', range(1))}"
        at = "toUnixTimestamp64Milli(time)"
        return (
            f"SELECT {_labels(rule)} AS labels, min({at}) AS at, max({at}) AS last FROM events "  # noqa: S608
            f"WHERE {events} GROUP BY labels, intDiv({at}, {rule.longer_than}) {limit}"
        )
    return f"SELECT DISTINCT labels, at, customer FROM ({watched(rule)}) {limit}"  # noqa: S608


def extent(rule: AlertRule) -> str:
    """One row for the labels: how many, how many customers, and the first three (at, journey, customer)."""
    return (
        "SELECT sum(number), uniqExact(customer), groupArraySorted(3)((first, journey, customer)) FROM "  # noqa: S608
        f"(SELECT min(at) AS first, journey, customer, count() AS number FROM ({watched(rule)}) "
        f"WHERE {LABELLED} GROUP BY journey, customer)"
    )


def usual(rule: AlertRule, weeks: int) -> str:
    """Rows (weeks ago, how many, how many customers) of the span in earlier weeks; none where nothing was."""
    return (
        f"SELECT intDiv({{hi:Int64}} - at, {WEEK}) AS week, count(), uniqExact(customer) FROM "  # noqa: S608
        f"({watched(rule, range(1, weeks + 1))}) WHERE {LABELLED} GROUP BY week"
    )


OLDEST = "SELECT toUnixTimestamp64Milli(min(time)), count() FROM events"
"""The time of the oldest event, and whether there is one."""

JOURNEYS = """
SELECT toString(customer), toString(argMax(id, start)) FROM current_journeys
WHERE customer IN JSONExtract({customers:String}, 'Array(UUID)')
  AND start <= fromUnixTimestamp64Milli({hi:Int64})
GROUP BY customer
"""
"""The journey that each customer was on at a time."""


def literal(text: str) -> str:
    """A text as a literal of SQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _strike_outs(rule: StrikeOut) -> str:
    lively = f"SELECT journey FROM current_frictions WHERE {_spans('opened_at', range(1))}"  # noqa: S608
    return (
        f"SELECT {_labels(rule)} AS labels, toUnixTimestamp64Milli(reached.1) AS at, customer, journey, "  # noqa: S608
        "reached.4 AS channel, reached.5 AS source FROM "
        "(SELECT toString(customer) AS customer, toString(journey) AS journey, "
        "arraySort(groupArray((opened_at, id, weight, channel, source))) AS met, "
        "arrayCumSum(tupleElement(met, 3)) AS strikes, "
        f"arrayFirstIndex(sum -> sum >= {rule.strikes}, strikes) AS number, "
        f"met[number] AS reached FROM current_frictions WHERE journey IN ({lively}) "
        "GROUP BY customer, journey HAVING number > 0) "
        f"WHERE at > {{lo:Int64}} AND at <= {{hi:Int64}} AND {_where(rule)}"
    )


def _labels(rule: AlertRule) -> str:
    # An empty array would have no type.
    labels = ", ".join(f"concat('{name}=', {name})" for name in rule.by)
    return f"[{labels}]" if labels else "emptyArrayString()"


def _names(column: str, names: tuple[str, ...]) -> str:
    """The condition that a column has one of the names; `contact.*` is a prefix, `*` is any."""
    if "*" in names:
        return "1"
    prefixes = [name[:-1] for name in names if name.endswith("*")]
    whole = [literal(name) for name in names if not name.endswith("*")]
    tests = [f"startsWith({column}, {literal(prefix)})" for prefix in prefixes]
    if whole:
        tests.append(f"{column} IN ({', '.join(whole)})")
    return f"({' OR '.join(tests)})"


def _where(rule: AlertRule) -> str:
    tests = [
        f"{_field(name)} {verb} ({', '.join(map(literal, values))})"
        for verb, fields in (("IN", rule.where), ("NOT IN", rule.without))
        for name, values in fields.items()
        if values
    ]
    return " AND ".join(tests) or "1"


def _field(name: str) -> str:
    if not name.startswith("data."):
        return f"toString({name})"
    path = ", ".join(["data", *map(literal, name.split(".")[1:])])
    return f"if(JSONType({path}) = 'String', JSONExtractString({path}), JSONExtractRaw({path}))"


def _spans(column: str, weeks: range) -> str:
    spans = (
        f"({column} > fromUnixTimestamp64Milli({{lo:Int64}} - {week * WEEK}) "
        f"AND {column} <= fromUnixTimestamp64Milli({{hi:Int64}} - {week * WEEK}))"
        for week in weeks
    )
    return f"({' OR '.join(spans)})"
