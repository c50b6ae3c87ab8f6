"""The dashboard *People, process, technology, culture*: who can remove which friction."""

from touchline.panels.boards.friction import NO_FRICTION, TO_JOURNEYS
from touchline.panels.losses import LOSSES
from touchline.panels.panel import Column, Dashboard, Panel
from touchline.panels.sql import CHANNELS, FRICTIONS, PLACE, PLACES, RULES, SEGMENTS, SOURCES

ID = "factors"

DASHBOARD = Dashboard(
    ID,
    "People, process, technology, culture",
    "Is friction a matter of people, process, technology or culture, and who can remove it?",
    (CHANNELS, SOURCES, RULES, *PLACES, SEGMENTS),
    since="7d",
    short="Factors",
)

PANELS = (
    Panel(
        id="factors_over_time",
        dashboard=ID,
        title="Frictions by factor",
        question="Which factor causes friction, and since when?",
        sql=f"""
SELECT $__timeInterval(opened_at) AS time, factor AS series, count() AS value
FROM current_frictions
WHERE $__timeFilter(opened_at) AND {FRICTIONS}
GROUP BY time, series
ORDER BY time, series
""",
        kind="timeseries",
        unit="count",
        empty=NO_FRICTION,
        stacked=True,
        friction_series="factor",
        names="factor",
        width=24,
    ),
    Panel(
        id="factor_totals",
        dashboard=ID,
        title="Factors",
        question="How much friction does each factor cause, and how many customers does it affect?",
        sql=f"""
SELECT factor, count() AS frictions, uniqExact(customer) AS customers, sum(weight) AS strikes,
       uniqExact(rule) AS rules, avg(isNotNull(resolved_at)) AS resolved
FROM current_frictions
WHERE $__timeFilter(opened_at) AND {FRICTIONS}
GROUP BY factor
ORDER BY strikes DESC, factor
""",
        kind="table",
        unit="count",
        empty=NO_FRICTION,
        columns={
            "factor": Column("Factor", "text"),
            "frictions": Column("Frictions"),
            "customers": Column("Customers"),
            "strikes": Column("Strike points", "strikes"),
            "rules": Column("Rules"),
            "resolved": Column("Resolved", "share"),
        },
    ),
    Panel(
        id="friction_by_owner",
        dashboard=ID,
        title="Owners",
        question="Who can remove the most friction?",
        sql=f"""
SELECT if(names.owner = '', 'no owner known', names.owner) AS label, sum(number) AS frictions
FROM (
    SELECT rule, count() AS number FROM current_frictions
    WHERE $__timeFilter(opened_at) AND {FRICTIONS}
    GROUP BY rule
) AS met
LEFT JOIN (SELECT rule, owner FROM current_impact WHERE rule != '') AS names ON names.rule = met.rule
GROUP BY label
ORDER BY frictions DESC, label
""",
        kind="bars",
        unit="count",
        empty=NO_FRICTION,
    ),
    Panel(
        id="rules_of_factors",
        dashboard=ID,
        title="Top rules of each factor",
        question="What goes wrong most often in each factor, and what does it cost?",
        sql=f"""
SELECT factor, found.rule AS rule, frictions, customers, strikes, nullIf(loss_text, '') AS loss,
       nullIf(loss_of, '') AS loss_of
FROM (
    SELECT factor, rule, count() AS frictions, uniqExact(customer) AS customers, sum(weight) AS strikes
    FROM current_frictions
    WHERE $__timeFilter(opened_at) AND {FRICTIONS}
    GROUP BY factor, rule
    ORDER BY strikes DESC, rule
    LIMIT 5 BY factor
) AS found
LEFT JOIN ({LOSSES}) AS losses ON losses.rule = found.rule
ORDER BY factor, strikes DESC, rule
""",
        kind="table",
        unit="count",
        empty=NO_FRICTION,
        columns={
            "factor": Column("Factor", "text"),
            "rule": Column("Rule", "text", TO_JOURNEYS),
            "frictions": Column("Frictions"),
            "customers": Column("Customers"),
            "strikes": Column("Strike points", "strikes"),
            "loss": Column("Associated loss", "text"),
            "loss_of": Column("Loss of", "text"),
        },
        width=24,
    ),
    Panel(
        id="staff_topics",
        dashboard=ID,
        title="What employees say",
        question="Which tools, rules and processes make it hard for employees to serve customers?",
        sql=f"""
SELECT JSONExtractString(data, 'topic') AS topic, nullIf(JSONExtractString(data, 'team'), '') AS staff_team,
       count() AS answers,
       avg(JSONExtract(data, 'score', 'Nullable(Float64)') / JSONExtract(data, 'scale', 'Nullable(Float64)'))
           AS score,
       max(time) AS newest
FROM (
    SELECT DISTINCT id, data, time FROM events
    WHERE type = 'staff.feedback_given' AND $__timeFilter(time) AND {PLACE}
)
GROUP BY topic, staff_team
ORDER BY answers DESC, topic, staff_team
LIMIT 30
""",
        kind="table",
        unit="count",
        empty="No employee gave feedback in this period. Send staff.feedback_given with a topic.",
        columns={
            "topic": Column("Topic", "text"),
            "staff_team": Column("Team", "text"),
            "answers": Column("Answers"),
            "score": Column("Mean score", "share"),
            "newest": Column("Newest", "time"),
        },
        width=24,
    ),
)
