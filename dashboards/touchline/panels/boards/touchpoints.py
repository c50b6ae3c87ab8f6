"""The dashboard *Touchpoints*: where and when customers meet friction, and which touchpoint is weakest."""

from touchline.measures import owned_by_hash
from touchline.panels.boards.friction import NO_FRICTION, TO_JOURNEYS
from touchline.panels.boards.journeys import STEPS
from touchline.panels.panel import Column, Dashboard, Panel, Threshold
from touchline.panels.sql import CHANNELS, FRICTIONS, PLACE, PLACES, RULES, SEGMENTS, SOURCES

ID = "touchpoints"

DASHBOARD = Dashboard(
    ID,
    "Touchpoints",
    "Which touchpoints fail customers, when, and how far on their way to an order?",
    (CHANNELS, SOURCES, RULES, *PLACES, SEGMENTS),
    since="7d",
)

_WAY_DAYS = 7
"""How many days before a friction a step counts as the customer's position."""

_KINDS = ", ".join(f"'{kind}'" for _, kind in STEPS)
_LABELS = ", ".join(f"'After: {label.lower()}'" for label, _ in STEPS)
_MET = f"""
SELECT sipHash64(customer) AS owner, opened_at FROM current_frictions
WHERE $__timeFilter(opened_at) AND {FRICTIONS}
"""

_DURING = f"time >= $__fromTime - INTERVAL {_WAY_DAYS} DAY AND time <= $__toTime"
_STEPS = owned_by_hash(
    f"SELECT customer_hash, entity_hash, time, type FROM events WHERE type IN ({_KINDS}) AND {_DURING}",
    [kind for _, kind in STEPS],
    _DURING,
)

PANELS = (
    Panel(
        id="touchpoint_hours",
        dashboard=ID,
        title="Friction by hour and touchpoint",
        question="At which hours of the day does which touchpoint fail customers?",
        sql=f"""
SELECT toStartOfHour(opened_at) AS time, concat(channel, ' · ', source) AS series, count() AS value
FROM current_frictions
WHERE $__timeFilter(opened_at) AND {FRICTIONS}
GROUP BY time, series
ORDER BY time, series
""",
        kind="heatmap",
        names="touchpoint",
        unit="count",
        empty=NO_FRICTION,
        width=24,
        height=10,
    ),
    Panel(
        id="weakest_touchpoints",
        dashboard=ID,
        title="Weakest touchpoints",
        question="Which touchpoints cost most, and what goes wrong there most often?",
        sql=f"""
SELECT concat(channel, ' · ', source) AS touchpoint, argMin(rule, (-toInt64(points), rule)) AS rule,
       sum(number) AS frictions, uniqExactMerge(who) AS customers, sum(points) AS strikes,
       sum(loss_each * met) AS loss, nullIf(max(currency), '') AS priced_in
FROM (
    SELECT channel, source, found.rule AS rule, number, points, who, met, loss_each, currency
    FROM (
        SELECT channel, source, rule, count() AS number, sum(weight) AS points,
               uniqExactState(customer) AS who, uniqExact(customer) AS met
        FROM current_frictions
        WHERE $__timeFilter(opened_at) AND {FRICTIONS}
        GROUP BY channel, source, rule
    ) AS found
    LEFT JOIN (
        SELECT rule, stored.loss / exposed AS loss_each, currency FROM current_impact AS stored
        WHERE rule != '' AND verdict = 'loss' AND exposed > 0
    ) AS losses ON losses.rule = found.rule
)
GROUP BY channel, source
ORDER BY loss DESC NULLS LAST, strikes * customers DESC, touchpoint
LIMIT 30
""",
        kind="table",
        unit="count",
        empty=NO_FRICTION,
        columns={
            "touchpoint": Column("Touchpoint", "text"),
            "rule": Column("Costs most strike points", "text", TO_JOURNEYS),
            "frictions": Column("Frictions"),
            "customers": Column("Customers"),
            "strikes": Column("Strike points", "strikes"),
            "loss": Column("Associated loss"),
            "priced_in": Column("Currency", "text"),
        },
        width=24,
    ),
    Panel(
        id="friction_on_the_way",
        dashboard=ID,
        title="On the way to an order",
        question="How far were customers when they met friction, by their last step of 7 days before?",
        sql=f"""
WITH met AS MATERIALIZED ({_MET})
SELECT ['Before a cart', {_LABELS}][place + 1] AS label, count() AS frictions
FROM (
    -- Of steps at the same time the furthest counts, so both are one number that is joined by.
    SELECT if(intDiv(way.taken, 8) >= toUnixTimestamp64Milli(opened_at - INTERVAL {_WAY_DAYS} DAY),
              way.taken % 8, 0) AS place
    FROM met ASOF LEFT JOIN (
        SELECT owner, toUnixTimestamp64Milli(time) * 8 + indexOf([{_KINDS}], type) AS taken
        FROM ({_STEPS})
        WHERE owner IN (SELECT owner FROM met)
    ) AS way ON met.owner = way.owner AND toUnixTimestamp64Milli(met.opened_at) * 8 + 7 >= way.taken
)
GROUP BY place
ORDER BY place
""",
        kind="bars",
        unit="count",
        empty=NO_FRICTION,
        width=24,
    ),
    Panel(
        id="walked_audits",
        dashboard=ID,
        title="Walked audits",
        question="What does a program find that walks through the touchpoints, and since when?",
        sql=f"""
SELECT walk, step, if(last.3, 'passed', 'failed') AS result,
       took[arrayLastIndex(one -> one.3 != last.3, took) + 1].1 AS since, last.1 AS at,
       length(took) AS runs, share, median, message
FROM (
    SELECT walk, step, arraySort(groupArray((time, id, passed, run))) AS took, took[-1] AS last,
           -- An e-mail has its result in a later run, and a run of its own.
           max(mail) AS is_mail,
           avg(passed) AS share, quantileExact(0.5)(seconds) AS median,
           argMaxIf(why, (time, id), passed = 0) AS message,
           max((last.1, last.4)) OVER (PARTITION BY walk, is_mail) AS newest
    FROM (
        SELECT id, time, type = 'audit.step_passed' AS passed, JSONExtractString(data, 'walk') AS walk,
               JSONExtractString(data, 'step') AS step, JSONExtractString(data, 'run_id') AS run,
               JSONExtract(data, 'seconds', 'Nullable(Float64)') AS seconds,
               JSONExtractString(data, 'message') AS why, JSONHas(data, 'sent_at') AS mail
        FROM events
        WHERE $__timeFilter(time) AND type IN ('audit.step_passed', 'audit.step_failed') AND {PLACE}
        LIMIT 1 BY id
    )
    GROUP BY walk, step
)
WHERE is_mail OR last.4 = newest.2
ORDER BY last.3, share, walk, step
LIMIT 100
""",
        kind="table",
        unit="count",
        empty="No audit was walked in this period. Walk one with touchline walk.",
        columns={
            "walk": Column("Walk", "text"),
            "step": Column("Step", "text"),
            "result": Column("Last result", "text"),
            "since": Column("Since", "time"),
            "at": Column("Last walked", "time"),
            "runs": Column("Times walked"),
            "share": Column(
                "Passed",
                "share",
                thresholds=(Threshold(0, "bad"), Threshold(0.95, "warn"), Threshold(1, "good")),
            ),
            "median": Column("Median time", "seconds"),
            "message": Column("Last failure", "text"),
        },
        width=24,
    ),
)
