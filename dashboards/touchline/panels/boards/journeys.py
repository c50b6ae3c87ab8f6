"""The dashboard *Journeys*: which paths customers take, where they drop off, and one customer's events."""

from touchline.panels.filters import values_of
from touchline.panels.losses import LOSSES
from touchline.panels.of_measures import measure_stat
from touchline.panels.panel import Column, Dashboard, Link, Panel, Threshold, Variable
from touchline.panels.sql import (
    CHANNELS,
    FRICTIONS,
    JOURNEYS,
    OF_JOURNEYS,
    PLACE,
    PLACES,
    RULES,
    SEGMENTS,
    SOURCES,
)
from touchline.panels.ways import FLOW_COLUMNS, labels_sql, targets_sql
from touchline.vocabulary.internal import IS_TOUCHPOINT
from touchline.vocabulary.order import phase_sql
from touchline.vocabulary.steps import CART_TO_ORDER

ID = "journeys"

CUSTOMER = Variable("customer", "Customer")

DASHBOARD = Dashboard(
    ID,
    "Journeys",
    "Which paths do customers take, and where do they drop off?",
    (CHANNELS, SOURCES, RULES, CUSTOMER, *PLACES, SEGMENTS),
    since="7d",
)

TO_CUSTOMER = Link(ID, "customer")
NO_JOURNEY = "No journey has its last event in this period."

STEPS = tuple(
    zip(("Cart filled", "Checkout started", "Checkout continued", "Order placed"), CART_TO_ORDER, strict=True)
)
"""The steps from a cart to an order: name and type of event."""

_NAMES = [f"'{name}'" for name, _ in STEPS]


def _furthest(value: str) -> str:
    """SQL for a value of each customer, from the ways that began in the period."""
    # A way is no later than its journey's last event, by whose week journeys lie.
    return f"""
SELECT {value} AS furthest
FROM current_journeys
ARRAY JOIN way_begun AS begun, way_channel AS channel, way_source AS source, way_reached AS reached,
           way_next AS next, way_met AS met
WHERE last >= $__fromTime AND $__timeFilter(begun) AND {PLACE} AND {OF_JOURNEYS}
GROUP BY customer"""


_FUNNEL = f"""
SELECT {labels_sql(_NAMES)}[step + 1] AS label, customers,
       customers - leadInFrame(customers, 1, customers)
           OVER (ORDER BY step ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS lost
FROM (
    SELECT step, countIf(furthest > step) AS customers
    FROM ({_furthest("max(reached)")})
    ARRAY JOIN range({len(STEPS)}) AS step
    GROUP BY step
)
ORDER BY step
"""

_BACK = ("page.", "search.", "element.", "form.", "cart.", "checkout.", "coupon.")
# Of ways that went equally far the last one counts.
_ENDED = f"""
SELECT furthest.1 AS reached, count() AS number, furthest.3 AS next,
       multiIf(next = '', '',
               startsWith(next, 'contact.'), 'a contact',
               furthest.4, 'a friction',
               {" OR ".join(f"startsWith(next, '{family}')" for family in _BACK)}, 'back to the shop',
               'something else') AS came
FROM ({_furthest("max((reached, begun, next, met))")})
GROUP BY reached, next, came"""

# Uses the keys of the table and its projection; the view `current_identities` would read the whole table.
_CHOSEN = f"""
        SELECT argMax(customer, version) FROM identities
        WHERE entity IN (SELECT arrayJoin({values_of("customer")})) GROUP BY entity
        UNION ALL SELECT toUUIDOrZero(arrayJoin({values_of("customer")}))"""

PANELS = (
    measure_stat("grade_a", ID, panel_id="journeys_without_friction", empty=NO_JOURNEY),
    measure_stat(
        "strikes",
        ID,
        empty=NO_JOURNEY,
        thresholds=(Threshold(0, "good"), Threshold(10, "warn"), Threshold(25, "bad")),
    ),
    measure_stat("effort", ID, empty=NO_JOURNEY),
    measure_stat("recovered", ID, empty="No friction in this period."),
    Panel(
        id="funnel",
        dashboard=ID,
        title="From cart to order",
        question="Where do customers drop out on the way from cart to order, within 7 days?",
        sql=_FUNNEL,
        kind="funnel",
        unit="count",
        empty="No cart was filled in this period.",
    ),
    Panel(
        id="cart_flows",
        dashboard=ID,
        title="From cart to order: what came next",
        question="What did customers do after each step, within 7 days of the cart?",
        sql=targets_sql(_NAMES, _ENDED),
        kind="sankey",
        unit="count",
        empty="No cart was filled in this period.",
        columns=FLOW_COLUMNS,
    ),
    Panel(
        id="grades_over_time",
        dashboard=ID,
        title="Grades over time",
        question="Are journeys getting better or worse?",
        sql=f"""
SELECT $__timeInterval(last) AS time, grade AS series, count() AS value
FROM current_journeys
WHERE $__timeFilter(last) AND {JOURNEYS}
GROUP BY time, series
ORDER BY time, series
""",
        kind="timeseries",
        unit="count",
        empty=NO_JOURNEY,
        stacked=True,
    ),
    Panel(
        id="paths",
        dashboard=ID,
        title="Paths",
        question="Which paths through the channels are common, and which end well?",
        sql=f"""
SELECT arrayStringConcat(path, ' → ') AS channels, count() AS journeys,
       avg(outcome = 'converted') AS converted, avg(outcome = 'abandoned') AS abandoned, avg(score) AS score
FROM current_journeys
WHERE $__timeFilter(last) AND {JOURNEYS}
GROUP BY channels
ORDER BY journeys DESC, channels
LIMIT 30
""",
        kind="table",
        unit="count",
        empty=NO_JOURNEY,
        columns={
            "channels": Column("Path", "text"),
            "journeys": Column("Journeys"),
            "converted": Column("Converted", "share"),
            "abandoned": Column("Abandoned", "share"),
            "score": Column("Score"),
        },
    ),
    Panel(
        id="outcomes",
        dashboard=ID,
        title="Outcomes by first channel",
        question="How do journeys end, by the channel where they start?",
        sql=f"""
SELECT path[1] AS label, countIf(outcome = 'converted') AS converted,
       countIf(outcome = 'resolved') AS resolved, countIf(outcome = 'open') AS open,
       countIf(outcome = 'abandoned') AS abandoned
FROM current_journeys
WHERE $__timeFilter(last) AND {JOURNEYS}
GROUP BY label
ORDER BY count() DESC, label
""",
        kind="bars",
        names="channel",
        unit="count",
        empty=NO_JOURNEY,
        stacked=True,
    ),
    Panel(
        id="strikes_by_rule",
        dashboard=ID,
        title="Strike points by rule",
        question="Which rules cost the most strike points?",
        sql=f"""
SELECT found.rule AS rule, strikes, nullIf(loss_text, '') AS loss, nullIf(loss_of, '') AS loss_of
FROM (
    SELECT rule, sum(weight) AS strikes
    FROM current_frictions
    WHERE $__timeFilter(opened_at) AND {FRICTIONS}
    GROUP BY rule
    ORDER BY strikes DESC, rule
    LIMIT 20
) AS found
LEFT JOIN ({LOSSES}) AS losses ON losses.rule = found.rule
ORDER BY strikes DESC, rule
""",
        kind="table",
        unit="strikes",
        empty="No friction in this period.",
        columns={
            "rule": Column("Rule", "text", Link("journeys", "rule")),
            "strikes": Column("Strike points", "strikes"),
            "loss": Column("Associated loss", "text"),
            "loss_of": Column("Loss of", "text"),
        },
        width=24,
    ),
    Panel(
        id="journeys_of_a_rule",
        dashboard=ID,
        title="Affected journeys",
        question="Which customers met this friction, and how did their journeys end?",
        sql=f"""
SELECT opened_at, rule, toString(frictions.customer) AS customer, channel, source,
       toString(status) AS status, newest.1 AS grade, newest.2 AS outcome
FROM (
    SELECT id, opened_at, rule, customer, channel, source, status, journey
    FROM current_frictions WHERE $__timeFilter(opened_at) AND {FRICTIONS}
    ORDER BY opened_at DESC, rule, toString(id) LIMIT 100
) AS frictions
LEFT JOIN (
    SELECT id, argMax((toString(grade), toString(outcome), superseded), (version, NOT superseded)) AS newest
    FROM journeys
    PREWHERE customer IN (
        SELECT customer FROM current_frictions WHERE $__timeFilter(opened_at) AND {FRICTIONS}
        ORDER BY opened_at DESC, rule, toString(id) LIMIT 100
    )
    GROUP BY customer, id
    HAVING NOT newest.3
) AS journeys ON journeys.id = frictions.journey
ORDER BY opened_at DESC, rule, toString(frictions.id)
""",
        kind="table",
        unit="text",
        empty="No friction of these rules in this period.",
        columns={
            "opened_at": Column("Opened", "time"),
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
        id="customer_events",
        dashboard=ID,
        title="Customer events",
        question="What happened to this customer, on all channels?",
        sql=f"""
SELECT time, type, channel, source, entity, data
FROM events
WHERE $__timeFilter(time) AND {IS_TOUCHPOINT} AND entity IN (
    SELECT entity FROM identities
    WHERE entity IN (SELECT entity FROM identities WHERE customer IN ({_CHOSEN}))
    GROUP BY entity
    HAVING argMax(customer, version) IN ({_CHOSEN})
)
ORDER BY time, {phase_sql()}, id
LIMIT 1 BY id
LIMIT 1000
""",
        kind="table",
        unit="text",
        empty="Enter a customer id or an identifier, such as account:u-17, or choose a customer in a table.",
        columns={
            "time": Column("When", "time"),
            "type": Column("Event", "text"),
            "channel": Column("Channel", "text"),
            "source": Column("Source", "text"),
            "entity": Column("Identifier", "text"),
            "data": Column("Data", "text"),
        },
        width=24,
    ),
)
