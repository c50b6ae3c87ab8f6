"""*Friction now*: where customers stumble, how badly, and against what is usual."""

from collections.abc import Mapping, Sequence

from touchline.measures import MEASURES, Measure
from touchline.panels.panel import Column, Dashboard, Link, Panel
from touchline.panels.parts import (
    BUCKETS,
    CHANNELS,
    FRICTIONS,
    JOURNEYS,
    RULE,
    RULES,
    SOURCES,
    WITH_EARLIER_WEEKS,
    measured,
    together,
    usual,
)

ID = "friction"

DASHBOARD = Dashboard(
    ID,
    "Friction now",
    "Where do customers stumble, how badly, and is it more than usual?",
    (CHANNELS, SOURCES, RULES),
)

TO_JOURNEYS = Link("journeys", "rule")
TO_CUSTOMER = Link("journeys", "customer")

_UNITS = {"share": " %", "seconds": " s", "points": " points", "of 7": " of 7"}


HEADLINES = ("service_level", "abandonment", "average_wait", "first_contact_resolution", "csat", "recovered")
"""Measures that are shown where the team has set no goal."""


def against_goals(goals: Mapping[str, float]) -> str:
    """SQL: a row a measure that has a goal, with the distance to it; what is of one base is read once."""
    shown = [one for one in MEASURES if one.name in (goals or HEADLINES)]
    parts = " UNION ALL\n".join(
        _of_one_base([one for one in shown if one.base == base], goals)
        for base in dict.fromkeys(one.base for one in shown)
    )
    return f"""
SELECT title AS measure, concat(toString(round(told.value * scale, 1)), unit) AS value,
       concat(toString(round(told.goal * scale, 1)), unit) AS goal,
       concat(toString(abs(round(ahead * scale, 1))), unit, if(ahead >= 0, ' ahead', ' short')) AS distance,
       multiIf(isNull(ahead), '', ahead >= 0, 'met', 'missed') AS standing
FROM (SELECT *, up * (value - goal) AS ahead FROM ({parts}) WHERE isNotNull(value)) AS told
ORDER BY place
"""


def _of_one_base(measures: Sequence[Measure], goals: Mapping[str, float]) -> str:
    names = [one.name for one in measures]
    currency = ["currency"] if measures[0].unit == "currency" else []
    rows = ",\n    ".join(_row(one, goals.get(one.name)) for one in measures)
    return (
        "SELECT row.1 AS place, row.2 AS title, row.3 AS unit, row.4 AS scale, row.5 AS up, row.6 AS value, "
        f"row.7 AS goal\nFROM ({together(names, *currency)})\nARRAY JOIN [{rows}] AS row"
    )


def _row(one: Measure, goal: float | None) -> str:
    said = f"'{_UNITS.get(one.unit, ' ' + one.unit)}'"
    unit = "concat(' ', currency)" if one.unit == "currency" else said
    return (
        f"({MEASURES.index(one)}, '{one.title}', {unit}, {100 if one.unit == 'share' else 1}, "
        f"{1 if one.higher_is_better else -1}, CAST(value_of_{one.name}, 'Nullable(Float64)'), "
        f"CAST({'NULL' if goal is None else goal}, 'Nullable(Float64)'))"
    )


PANELS = (
    Panel(
        "frictions",
        ID,
        "Frictions",
        "How much friction is there, against the same time of earlier weeks?",
        f"""
SELECT countIf(week = 0) AS value, {usual("$__fromTime")} AS usual
FROM ({WITH_EARLIER_WEEKS})
""",
        "stat",
        "count",
        "No friction in this span.",
        width=6,
        height=4,
    ),
    Panel(
        "open_frictions",
        ID,
        "Still open",
        "How much of it has not come right?",
        f"""
SELECT countIf(week = 0 AND status = 'open') AS value
FROM ({WITH_EARLIER_WEEKS})
""",
        "stat",
        "count",
        "No friction in this span.",
        width=6,
        height=4,
    ),
    Panel(
        "customers_met",
        ID,
        "Customers who met friction",
        "Which share of the active customers stumbled?",
        f"""
SELECT if(active = 0, NULL, met / active) AS value
FROM (
    SELECT uniqExact(customer) AS active,
           uniqExactIf(customer, customer IN (
               SELECT customer FROM current_frictions WHERE $__timeFilter(opened_at) AND {FRICTIONS}
           )) AS met
    FROM current_journeys
    WHERE last >= $__fromTime AND start <= $__toTime
)
""",
        "stat",
        "share",
        "No customer was active in this span.",
        width=6,
        height=4,
    ),
    Panel(
        "value_at_risk",
        ID,
        "Value at risk",
        "How much money hangs on customers who met friction?",
        f"SELECT currency AS label, value FROM ({measured('value_at_risk', 'currency')})",
        "stat",
        "currency",
        "No open cart or order of a customer who met friction.",
        measure="value_at_risk",
        width=6,
        height=4,
    ),
    Panel(
        "friction_rate",
        ID,
        "Frictions over time",
        "When does it happen, and is it more than at the same hour of earlier weeks?",
        f"""
SELECT time, sum(recent) AS frictions, {usual("time", "sum(earlier)")} AS usual
FROM (
    SELECT $__timeInterval(at) AS time, countIf(week = 0) AS recent, countIf(week > 0) AS earlier
    FROM ({WITH_EARLIER_WEEKS})
    GROUP BY time
    UNION ALL
    SELECT time, 0, 0 FROM ({BUCKETS})
)
GROUP BY time
ORDER BY time
""",
        "timeseries",
        "count",
        "No friction in this span, nor at this time of earlier weeks.",
    ),
    Panel(
        "rules_over_time",
        ID,
        "Rules over time",
        "What begins to go wrong, and when?",
        f"""
SELECT $__timeInterval(opened_at) AS time, rule AS series, count() AS value
FROM current_frictions
WHERE $__timeFilter(opened_at) AND {FRICTIONS}
GROUP BY time, series
ORDER BY time, series
""",
        "timeseries",
        "count",
        "No friction in this span.",
        stacked=True,
    ),
    Panel(
        "friction_by_rule",
        ID,
        "What goes wrong",
        "Which rules find the most, how many customers does each meet, and what is usual?",
        f"""
SELECT rule, countIf(week = 0) AS frictions, {usual("$__fromTime")} AS usual,
       countIf(week = 0 AND status = 'open') AS open, uniqExactIf(customer, week = 0) AS customers
FROM ({WITH_EARLIER_WEEKS})
GROUP BY rule
HAVING frictions > 0
ORDER BY frictions DESC, rule
""",
        "table",
        "count",
        "No friction in this span.",
        columns={
            "rule": Column("Rule", "text", TO_JOURNEYS),
            "frictions": Column("Frictions"),
            "usual": Column("Usual"),
            "open": Column("Still open"),
            "customers": Column("Customers"),
        },
    ),
    Panel(
        "friction_by_touchpoint",
        ID,
        "Where",
        "At which channel and source do customers stumble most?",
        f"""
SELECT concat(channel, ' · ', source) AS label, count() AS frictions
FROM current_frictions
WHERE $__timeFilter(opened_at) AND {FRICTIONS}
GROUP BY label
ORDER BY frictions DESC, label
LIMIT 20
""",
        "bars",
        "count",
        "No friction in this span.",
    ),
    Panel(
        "friction_by_factor",
        ID,
        "Whose it is to mend",
        "Do people, processes, technology or culture cause it?",
        f"""
SELECT factor AS label, count() AS frictions
FROM current_frictions
WHERE $__timeFilter(opened_at) AND {FRICTIONS}
GROUP BY label
ORDER BY frictions DESC, label
""",
        "bars",
        "count",
        "No friction in this span.",
    ),
    Panel(
        "journeys_at_risk",
        ID,
        "Journeys at risk",
        "Whose journeys have the lowest score?",
        f"""
SELECT last, toString(customer) AS customer, arrayStringConcat(path, ' → ') AS channels, events,
       strikes, score, grade, outcome
FROM current_journeys
WHERE $__timeFilter(last) AND strikes > 0 AND {JOURNEYS}
  AND ('' IN (${{rule:sqlstring}}) OR id IN (SELECT journey FROM current_frictions WHERE {RULE}))
ORDER BY score, strikes DESC, last DESC, customer
LIMIT 50
""",
        "table",
        "count",
        "No journey of this span has met friction.",
        columns={
            "last": Column("Last seen", "time"),
            "customer": Column("Customer", "text", TO_CUSTOMER),
            "channels": Column("Channels", "text"),
            "events": Column("Touchpoints"),
            "strikes": Column("Strikes", "strikes"),
            "score": Column("Score"),
            "grade": Column("Grade", "text"),
            "outcome": Column("Outcome", "text"),
        },
    ),
    Panel(
        "alerts",
        ID,
        "Alerts",
        "What was told to on-call, and what of it is not over yet?",
        """
SELECT opened_at, toString(alerts.status) AS state, severity, title, arrayStringConcat(labels, ', ') AS place,
       customers, count, usual, resolved_at, summary
FROM current_alerts AS alerts
WHERE opened_at <= $__toTime AND (isNull(resolved_at) OR resolved_at >= $__fromTime)
ORDER BY isNull(resolved_at) DESC, opened_at DESC, id
LIMIT 50
""",
        "table",
        "count",
        "No alert in this span.",
        columns={
            "opened_at": Column("Since", "time"),
            "state": Column("State", "text"),
            "severity": Column("Severity", "text"),
            "title": Column("What", "text"),
            "place": Column("Where", "text"),
            "customers": Column("Customers"),
            "count": Column("Times"),
            "usual": Column("Usual"),
            "resolved_at": Column("Until", "time"),
            "summary": Column("In a sentence", "text"),
        },
    ),
    Panel(
        "goals",
        ID,
        "Against the goals",
        "Which of the team's goals are met, and how far are we from the others?",
        against_goals({}),
        "table",
        "text",
        "Nothing to measure in this span. Goals are set in touchline.toml, in the table goals.",
        columns={
            "measure": Column("Measure", "text"),
            "value": Column("Value", "text"),
            "goal": Column("Goal", "text"),
            "distance": Column("Distance", "text"),
            "standing": Column("", "text"),
        },
    ),
)
