"""The dashboard *Fixes*: what each deployed change did to friction, as a job compared from time to time."""

from touchline.panels.boards.friction import TO_JOURNEYS
from touchline.panels.filters import all_chosen, chosen
from touchline.panels.losses import CURRENCY, grouped
from touchline.panels.panel import Column, Dashboard, Panel, Variable
from touchline.panels.sql import RULES

ID = "fixes"

CHANGES = Variable(
    "change",
    "Change",
    "SELECT DISTINCT JSONExtractString(data, 'change_id') FROM events WHERE type = 'change.deployed'",
)

DASHBOARD = Dashboard(
    ID,
    "Fixes",
    "What did each change do to friction, and how much did it save?",
    (CHANGES, RULES),
    since="30d",
)

NO_CHANGE = "No change in this period. Send a change.deployed event when a change goes live."

_DEPLOYED = f"""
    SELECT change, at, title
    FROM (
        SELECT JSONExtractString(data, 'change_id') AS change, min(time) AS at,
               argMin(JSONExtractString(data, 'title'), time) AS title
        FROM events WHERE type = 'change.deployed' GROUP BY change
    )
    WHERE $__timeFilter(at) AND {chosen("change", "change")}
"""
"""The changes of the period that are chosen."""

_MEANT = f"""
    SELECT DISTINCT JSONExtractString(data, 'rule') AS rule FROM events
    WHERE type = 'change.deployed' AND rule != ''
      AND JSONExtractString(data, 'change_id') IN (SELECT change FROM ({_DEPLOYED}))
"""
"""The rules that they are meant for."""

_EFFECTS = f"""
    SELECT * FROM current_change_effects
    WHERE change IN (SELECT change FROM ({_DEPLOYED})) AND {chosen("rule", "rule")}
"""
_CLEAR = "verdict IN ('fell', 'rose') AND isNotNull(saved)"

PANELS = (
    Panel(
        id="changes_deployed",
        dashboard=ID,
        title="Changes",
        question="How many changes went live?",
        sql=f"SELECT count() AS value FROM ({_DEPLOYED})",
        kind="stat",
        unit="count",
        empty=NO_CHANGE,
        width=8,
        height=4,
    ),
    Panel(
        id="changes_that_helped",
        dashboard=ID,
        title="Changes that helped",
        question="After how many of them did friction clearly fall?",
        sql=f"SELECT uniqExactIf(change, verdict = 'fell') AS value FROM ({_EFFECTS})",
        kind="stat",
        unit="count",
        empty=NO_CHANGE,
        width=8,
        height=4,
    ),
    Panel(
        id="loss_avoided",
        dashboard=ID,
        title="Loss avoided",
        question="How much did clear effects save in the compared time after each change?",
        sql=f"""
SELECT concat({grouped("total")}, {CURRENCY}) AS value,
       concat({grouped("total - sqrt(below)")}, ' to ', {grouped("total + sqrt(above)")}) AS label
FROM (
    SELECT currency, sum(saved) AS total, sum(pow(saved - saved_low, 2)) AS below,
           sum(pow(saved_high - saved, 2)) AS above
    FROM ({_EFFECTS})
    WHERE {_CLEAR}
    GROUP BY currency
)
ORDER BY total DESC, currency
""",
        kind="stat",
        unit="text",
        empty="No clear effect of a friction whose cost is known.",
        width=8,
        height=4,
    ),
    Panel(
        id="frictions_meant",
        dashboard=ID,
        title="Frictions that changes are meant for",
        question="Do the frictions fall that changes were meant for?",
        sql=f"""
SELECT $__timeInterval(opened_at) AS time, rule AS series, count() AS value
FROM current_frictions
WHERE $__timeFilter(opened_at) AND rule IN ({_MEANT}) AND {chosen("rule", "rule")}
GROUP BY time, series
ORDER BY time, series
""",
        kind="timeseries",
        unit="count",
        empty="No friction that a change of this period names.",
        stacked=True,
        width=24,
    ),
    Panel(
        id="change_effects",
        dashboard=ID,
        title="What each change did",
        question="Which friction fell or rose after a change, by how much, and what did that save?",
        sql=f"""
SELECT deployed.at AS deployed_at,
       if(title = '', deployed.change, concat(deployed.change, ': ', title)) AS change,
       if(empty(effects.channel), '', concat(effects.channel, ' · ', effects.source)) AS touchpoint,
       nullIf(effects.rule, '') AS rule, if(sentence = '', 'Not computed yet', sentence) AS result,
       if(journeys_before = 0, NULL, 1000 * before / journeys_before) AS rate_before,
       if(journeys_after = 0, NULL, 1000 * after / journeys_after) AS rate_after, saved,
       if(isNull(saved), NULL,
          concat({grouped("saved_low")}, ' to ', {grouped("saved_high")}, {CURRENCY})) AS likely,
       nullIf(days, 0) AS compared
FROM ({_DEPLOYED}) AS deployed
LEFT JOIN (
    SELECT * EXCEPT (title, deployed_at) FROM current_change_effects
) AS effects ON effects.change = deployed.change
WHERE {all_chosen("rule")} OR {chosen("effects.rule", "rule")}
ORDER BY deployed_at DESC, change, meant DESC, saved DESC NULLS LAST, rule
LIMIT 100
""",
        kind="table",
        unit="count",
        empty=NO_CHANGE,
        columns={
            "deployed_at": Column("Deployed", "time"),
            "change": Column("Change", "text"),
            "touchpoint": Column("Touchpoint", "text"),
            "rule": Column("Rule", "text", TO_JOURNEYS),
            "result": Column("Result", "text"),
            "rate_before": Column("Before, per 1,000 journeys"),
            "rate_after": Column("After, per 1,000 journeys"),
            "saved": Column("Loss avoided"),
            "likely": Column("95 % interval", "text"),
            "compared": Column("Days compared"),
        },
        width=24,
        height=12,
    ),
)
