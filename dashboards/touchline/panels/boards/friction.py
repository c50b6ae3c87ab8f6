"""The dashboard *Friction now*: where customers meet friction, and whether it is more than usual."""

from touchline.measures import BY_NAME
from touchline.panels.goals import goals_sql
from touchline.panels.losses import LOSSES
from touchline.panels.panel import Column, Dashboard, Link, Panel
from touchline.panels.sql import (
    BUCKETS,
    CHANNELS,
    EARLIER,
    FRICTIONS,
    JOURNEYS,
    MET,
    OF_JOURNEYS,
    PLACES,
    RULES,
    SEGMENTS,
    SOURCES,
    WITH_EARLIER_WEEKS,
    measured,
    usual,
)

ID = "friction"

DASHBOARD = Dashboard(
    ID,
    "Friction now",
    "Where do customers meet friction, and is it more than usual?",
    (CHANNELS, SOURCES, RULES, *PLACES, SEGMENTS),
)

NO_FRICTION = "No friction in this period."

TO_JOURNEYS = Link("journeys", "rule")
TO_CUSTOMER = Link("journeys", "customer")

_CLOSED = "SELECT friction FROM current_cases WHERE is_closed"
_ASSIGNED = "SELECT friction FROM current_cases WHERE assignee != '' AND NOT is_closed"

PANELS = (
    Panel(
        id="frictions",
        dashboard=ID,
        title="Frictions",
        question="How many frictions are there, compared with the same time in earlier weeks?",
        sql=f"""
SELECT value, {usual("$__fromTime", "earlier", "longest")} AS usual
FROM (
    SELECT countIf(week = 0) AS value, {EARLIER} AS earlier, max(reach) AS longest
    FROM ({WITH_EARLIER_WEEKS})
)
""",
        kind="stat",
        unit="count",
        empty=NO_FRICTION,
        width=6,
        height=4,
    ),
    Panel(
        id="open_frictions",
        dashboard=ID,
        title="Open frictions",
        question="How many frictions were open at the end of the period, whenever they opened?",
        sql=f"""
SELECT countIf(isNull(resolved_at) OR resolved_at > $__toTime) AS value
FROM current_frictions
WHERE opened_at <= $__toTime AND {FRICTIONS}
""",
        kind="stat",
        unit="count",
        empty="No friction opened before the end of this period.",
        width=6,
        height=4,
    ),
    Panel(
        id="customers_met",
        dashboard=ID,
        title="Customers affected",
        question="What share of the customers active on any channel met friction?",
        sql=f"""
SELECT if(active = 0, NULL, met / active) AS value
FROM (
    SELECT uniqExact(customer) AS active,
           uniqExactIf(customer, customer IN (
               SELECT customer FROM current_frictions WHERE $__timeFilter(opened_at) AND {FRICTIONS}
           )) AS met
    FROM current_journeys
    WHERE last >= $__fromTime AND start <= $__toTime AND {OF_JOURNEYS}
)
""",
        kind="stat",
        unit="share",
        empty="No customer was active in this period.",
        width=6,
        height=4,
    ),
    Panel(
        id="value_at_risk",
        dashboard=ID,
        title=BY_NAME["value_at_risk"].title,
        question=BY_NAME["value_at_risk"].question,
        sql=f"SELECT currency AS label, value FROM ({measured('value_at_risk', 'currency')})",
        kind="stat",
        unit="currency",
        empty="No open cart or order of a customer with friction.",
        measure="value_at_risk",
        width=6,
        height=4,
    ),
    Panel(
        id="friction_rate",
        dashboard=ID,
        title="Frictions over time",
        question="When does friction occur, and is it more than at the same time in earlier weeks?",
        sql=f"""
SELECT time, frictions, {usual("time", "earlier", "max(reach) OVER ()")} AS usual
FROM (
    SELECT time, sum(recent) AS frictions, sumForEach(weekly) AS earlier, max(longest) AS reach
    FROM (
        SELECT $__timeInterval(at) AS time, countIf(week = 0) AS recent, {EARLIER} AS weekly,
               max(reach) AS longest
        FROM ({WITH_EARLIER_WEEKS})
        GROUP BY time
        UNION ALL
        SELECT time, 0, [0, 0, 0, 0], 0 FROM ({BUCKETS})
    )
    GROUP BY time
)
ORDER BY time
""",
        kind="timeseries",
        unit="count",
        empty="No friction in this period, or at the same time in earlier weeks.",
        friction_series="'frictions'",
    ),
    Panel(
        id="rules_over_time",
        dashboard=ID,
        title="Frictions by rule",
        question="What goes wrong, and since when?",
        sql=f"""
SELECT $__timeInterval(opened_at) AS time, rule AS series, count() AS value
FROM current_frictions
WHERE $__timeFilter(opened_at) AND {FRICTIONS}
GROUP BY time, series
ORDER BY time, series
""",
        kind="timeseries",
        unit="count",
        empty=NO_FRICTION,
        stacked=True,
        friction_series="rule",
    ),
    Panel(
        id="open_over_time",
        dashboard=ID,
        title="Open frictions over time",
        question="How many frictions are open at each time, and does their number fall?",
        sql=f"""
SELECT time, sum(change) OVER (ORDER BY time) AS value
FROM (
    SELECT time, sum(step) AS change
    FROM (
        SELECT greatest($__timeInterval(at), toStartOfInterval($__fromTime, INTERVAL $__interval_s second))
                   AS time, step
        FROM (
            SELECT steps.1 AS at, steps.2 AS step
            FROM current_frictions
            ARRAY JOIN if(isNull(resolved_at), [(opened_at, 1)],
                          [(opened_at, 1), (assumeNotNull(resolved_at), -1)]) AS steps
            WHERE opened_at <= $__toTime AND at <= $__toTime AND {FRICTIONS}
        )
        UNION ALL
        SELECT time, 0 FROM ({BUCKETS})
    )
    GROUP BY time
)
ORDER BY time
""",
        kind="timeseries",
        unit="count",
        empty="No friction was open in this period.",
        width=24,
    ),
    Panel(
        id="friction_by_rule",
        dashboard=ID,
        title="Most frequent frictions",
        question="What goes wrong most often, and how many customers does it affect?",
        sql=f"""
SELECT found.rule AS rule, frictions, {usual("$__fromTime", "earlier", "longest")} AS usual, open, assigned,
       closed, resolved, customers, nullIf(loss_text, '') AS loss, nullIf(loss_of, '') AS loss_of
FROM (
    SELECT rule, countIf(week = 0) AS frictions, {EARLIER} AS earlier, max(reach) AS longest,
           countIf(week = 0 AND status != 'resolved' AND id NOT IN ({_CLOSED})) AS open,
           countIf(week = 0 AND status != 'resolved' AND id IN ({_ASSIGNED})) AS assigned,
           countIf(week = 0 AND id IN ({_CLOSED})) AS closed,
           countIf(week = 0 AND status = 'resolved') AS resolved, uniqExactIf(customer, week = 0) AS customers
    FROM ({WITH_EARLIER_WEEKS})
    GROUP BY rule
    HAVING frictions > 0
) AS found
LEFT JOIN ({LOSSES}) AS losses ON losses.rule = found.rule
ORDER BY frictions DESC, rule
""",
        kind="table",
        unit="count",
        empty=NO_FRICTION,
        columns={
            "rule": Column("Rule", "text", TO_JOURNEYS),
            "frictions": Column("Frictions"),
            "usual": Column("Usual", missing="no baseline yet"),
            "open": Column("Open"),
            "assigned": Column("Assigned"),
            "closed": Column("Closed by staff"),
            "resolved": Column("Resolved"),
            "customers": Column("Customers"),
            "loss": Column("Associated loss", "text"),
            "loss_of": Column("Loss of", "text"),
        },
        width=24,
    ),
    Panel(
        id="friction_by_touchpoint",
        dashboard=ID,
        title="Frictions by touchpoint",
        question="Where do customers meet the most friction?",
        sql=f"""
SELECT concat(channel, ' · ', source) AS label, count() AS frictions
FROM current_frictions
WHERE $__timeFilter(opened_at) AND {FRICTIONS}
GROUP BY label
ORDER BY frictions DESC, label
LIMIT 20
""",
        kind="bars",
        names="touchpoint",
        unit="count",
        empty=NO_FRICTION,
    ),
    Panel(
        id="friction_by_factor",
        dashboard=ID,
        title="Who should fix it",
        question="Is the cause people, process, technology or culture?",
        sql=f"""
SELECT factor AS label, count() AS frictions
FROM current_frictions
WHERE $__timeFilter(opened_at) AND {FRICTIONS}
GROUP BY label
ORDER BY frictions DESC, label
""",
        kind="bars",
        names="factor",
        unit="count",
        empty=NO_FRICTION,
    ),
    Panel(
        id="goals",
        dashboard=ID,
        title="Goals",
        question="Which goals are met, and how far away are the others?",
        sql=goals_sql({}),
        kind="table",
        unit="text",
        empty="No data for these measures in this period. Set goals in touchline.toml, in the table goals.",
        columns={
            "measure": Column("Measure", "text"),
            "value": Column("Value", "text"),
            "goal": Column("Goal", "text"),
            "distance": Column("Distance", "text"),
            "standing": Column("Result", "text"),
        },
        width=24,
    ),
    Panel(
        id="journeys_at_risk",
        dashboard=ID,
        title="Journeys at risk",
        question="Which customers have the journeys with the lowest scores?",
        sql=f"""
SELECT last, toString(customer) AS customer, arrayStringConcat(path, ' → ') AS channels, events,
       strikes, score, grade, outcome
FROM current_journeys
WHERE $__timeFilter(last) AND strikes > 0 AND {JOURNEYS} AND {MET}
ORDER BY score, strikes DESC, last DESC, customer
LIMIT 50
""",
        kind="table",
        unit="count",
        empty="No journey met friction in this period.",
        columns={
            "last": Column("Last seen", "time"),
            "customer": Column("Customer", "text", TO_CUSTOMER),
            "channels": Column("Channels", "text"),
            "events": Column("Events"),
            "strikes": Column("Strike points", "strikes"),
            "score": Column("Score"),
            "grade": Column("Grade", "text"),
            "outcome": Column("Outcome", "text"),
        },
        width=24,
    ),
    Panel(
        id="alerts",
        dashboard=ID,
        title="Alerts",
        question="Which alerts were open, and which still are?",
        sql="""
SELECT opened_at, toString(alerts.status) AS state, severity, title, arrayStringConcat(labels, ', ') AS place,
       customers, count, usual, resolved_at, summary
FROM current_alerts AS alerts
WHERE opened_at <= $__toTime AND (isNull(resolved_at) OR resolved_at >= $__fromTime)
ORDER BY isNull(resolved_at) DESC, opened_at DESC, id
LIMIT 50
""",
        kind="table",
        unit="count",
        empty="No alert in this period.",
        columns={
            "opened_at": Column("Opened", "time"),
            "state": Column("Status", "text"),
            "severity": Column("Severity", "text"),
            "title": Column("Alert", "text"),
            "place": Column("Where", "text"),
            "customers": Column("Customers"),
            "count": Column("Occurrences"),
            "usual": Column("Usual"),
            "resolved_at": Column("Resolved", "time"),
            "summary": Column("Summary", "text"),
        },
        width=24,
    ),
)
