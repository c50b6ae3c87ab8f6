"""*Journeys*: the ways that customers take, where they drop off, and one customer's events."""

from touchline.measures import owned
from touchline.panels.panel import Column, Dashboard, Link, Panel, Threshold, Variable
from touchline.panels.parts import CHANNELS, EVENTS, FRICTIONS, JOURNEYS, RULES, SOURCES, stat

ID = "journeys"

CUSTOMER = Variable("customer", "Customer")

DASHBOARD = Dashboard(
    ID,
    "Journeys",
    "Which ways do customers take, where do they drop off, and what befell one of them?",
    (CHANNELS, SOURCES, RULES, CUSTOMER),
    since="7d",
)

TO_CUSTOMER = Link(ID, "customer")
NO_JOURNEY = "No journey had its last touchpoint in this span."

# The place of an event's type among the steps; whoever took a step took those before it, in this order.
_STEPS = (
    ("Filled a cart", "cart.updated"),
    ("Began the checkout", "checkout.started"),
    ("Went on in the checkout", "checkout.step_completed"),
    ("Ordered", "order.placed"),
)
_WEEK_MS = 604_800_000

_TAKEN = f"""type IN ({", ".join(f"'{kind}'" for _, kind in _STEPS)}) AND $__timeFilter(time) AND {EVENTS}"""

_FUNNEL = f"""
SELECT [{", ".join(f"'{label}'" for label, _ in _STEPS)}][step + 1] AS label, customers,
       customers - leadInFrame(customers, 1, customers)
           OVER (ORDER BY step ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS lost
FROM (
    SELECT step, countIf(reached > step) AS customers
    FROM (
        SELECT windowFunnel({_WEEK_MS})(toUInt64(toUnixTimestamp64Milli(time)),
                   {", ".join(f"type = '{kind}'" for _, kind in _STEPS)}) AS reached
        FROM ({owned(f"SELECT entity, time, type FROM events WHERE {_TAKEN}", _TAKEN)})
        GROUP BY customer
        HAVING reached > 0
    )
    ARRAY JOIN range({len(_STEPS)}) AS step
    GROUP BY step
)
ORDER BY step
"""

# By the keys of the table and of its projection: `current_identities` would read all of it.
_CHOSEN = """
        SELECT argMax(customer, version) FROM identities
        WHERE entity IN (${customer:sqlstring}) GROUP BY entity
        UNION ALL SELECT toUUIDOrZero(arrayJoin([${customer:sqlstring}]))"""

PANELS = (
    Panel(
        "journeys_without_friction",
        ID,
        "Journeys with next to no friction",
        "Which share of journeys has the grade A?",
        stat("grade_a"),
        "stat",
        "share",
        NO_JOURNEY,
        measure="grade_a",
        width=6,
        height=4,
    ),
    Panel(
        "strikes",
        ID,
        "Strikes a journey",
        "How much friction weighs on a journey?",
        stat("strikes"),
        "stat",
        "strikes",
        NO_JOURNEY,
        measure="strikes",
        thresholds=(Threshold(0, "good"), Threshold(10, "warn"), Threshold(25, "bad")),
        width=6,
        height=4,
    ),
    Panel(
        "effort",
        ID,
        "Observed effort",
        "How many steps does a journey take that it need not?",
        stat("effort"),
        "stat",
        "steps",
        NO_JOURNEY,
        measure="effort",
        width=6,
        height=4,
    ),
    Panel(
        "recovered",
        ID,
        "Friction recovered",
        "Which share of frictions came right in the end?",
        stat("recovered"),
        "stat",
        "share",
        "No friction in this span.",
        measure="recovered",
        width=6,
        height=4,
    ),
    Panel(
        "funnel",
        ID,
        "From cart to order",
        "How far do customers get within 7 days of their cart, and after which step are they lost?",
        _FUNNEL,
        "funnel",
        "count",
        "Nobody filled a cart in this span.",
    ),
    Panel(
        "grades_over_time",
        ID,
        "Grades over time",
        "Are journeys getting better or worse?",
        f"""
SELECT $__timeInterval(last) AS time, grade AS series, count() AS value
FROM current_journeys
WHERE $__timeFilter(last) AND {JOURNEYS}
GROUP BY time, series
ORDER BY time, series
""",
        "timeseries",
        "count",
        NO_JOURNEY,
        stacked=True,
    ),
    Panel(
        "paths",
        ID,
        "Paths",
        "Which ways through the channels are common, and which of them end well?",
        f"""
SELECT arrayStringConcat(path, ' → ') AS channels, count() AS journeys,
       avg(outcome = 'converted') AS converted, avg(outcome = 'abandoned') AS abandoned, avg(score) AS score
FROM current_journeys
WHERE $__timeFilter(last) AND {JOURNEYS}
GROUP BY channels
ORDER BY journeys DESC, channels
LIMIT 30
""",
        "table",
        "count",
        NO_JOURNEY,
        columns={
            "channels": Column("Path", "text"),
            "journeys": Column("Journeys"),
            "converted": Column("Converted", "share"),
            "abandoned": Column("Abandoned", "share"),
            "score": Column("Score"),
        },
    ),
    Panel(
        "outcomes",
        ID,
        "Outcomes by first channel",
        "Where must a journey begin to end well?",
        f"""
SELECT path[1] AS label, countIf(outcome = 'converted') AS converted,
       countIf(outcome = 'resolved') AS resolved, countIf(outcome = 'open') AS open,
       countIf(outcome = 'abandoned') AS abandoned
FROM current_journeys
WHERE $__timeFilter(last) AND {JOURNEYS}
GROUP BY label
ORDER BY count() DESC, label
""",
        "bars",
        "count",
        NO_JOURNEY,
        stacked=True,
    ),
    Panel(
        "strikes_by_rule",
        ID,
        "What weighs most",
        "Which rules cost journeys most points?",
        f"""
SELECT rule AS label, sum(weight) AS strikes
FROM current_frictions
WHERE $__timeFilter(opened_at) AND {FRICTIONS}
GROUP BY label
ORDER BY strikes DESC, label
LIMIT 20
""",
        "bars",
        "strikes",
        "No friction in this span.",
        width=24,
    ),
    Panel(
        "journeys_of_a_rule",
        ID,
        "Journeys that met it",
        "Whose journeys met this friction, and how did they go on?",
        f"""
SELECT opened_at, rule, toString(frictions.customer) AS customer, channel, source,
       toString(status) AS status, newest.1 AS grade, newest.2 AS outcome
FROM (
    SELECT id, opened_at, rule, customer, channel, source, status, journey
    FROM current_frictions WHERE $__timeFilter(opened_at) AND {FRICTIONS}
    ORDER BY opened_at DESC, rule, toString(id) LIMIT 100
) AS frictions
LEFT JOIN (
    SELECT id, argMax((toString(grade), toString(outcome), superseded), version) AS newest FROM journeys
    PREWHERE customer IN (
        SELECT customer FROM current_frictions WHERE $__timeFilter(opened_at) AND {FRICTIONS}
        ORDER BY opened_at DESC, rule, toString(id) LIMIT 100
    )
    GROUP BY customer, id
    HAVING NOT newest.3
) AS journeys ON journeys.id = frictions.journey
ORDER BY opened_at DESC, rule, toString(frictions.id)
""",
        "table",
        "text",
        "No friction of these rules in this span.",
        columns={
            "opened_at": Column("When", "time"),
            "rule": Column("Rule", "text"),
            "customer": Column("Customer", "text", TO_CUSTOMER),
            "channel": Column("Channel", "text"),
            "source": Column("Source", "text"),
            "status": Column("Status", "text"),
            "grade": Column("Grade", "text"),
            "outcome": Column("Outcome", "text"),
        },
        width=24,
    ),
    Panel(
        "customer_events",
        ID,
        "One customer's events",
        "What befell this customer, on all channels?",
        f"""
SELECT time, type, channel, source, entity, data
FROM events
WHERE $__timeFilter(time) AND entity IN (
    SELECT entity FROM identities
    WHERE entity IN (SELECT entity FROM identities WHERE customer IN ({_CHOSEN}))
    GROUP BY entity
    HAVING argMax(customer, version) IN ({_CHOSEN})
)
ORDER BY time, id
LIMIT 1 BY id
LIMIT 1000
""",
        "table",
        "text",
        "Enter a customer id, or an identifier such as account:u-17, above; or choose a customer in a table.",
        columns={
            "time": Column("When", "time"),
            "type": Column("Event", "text"),
            "channel": Column("Channel", "text"),
            "source": Column("Source", "text"),
            "entity": Column("Known as", "text"),
            "data": Column("Data", "text"),
        },
        width=24,
    ),
)
