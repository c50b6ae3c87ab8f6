"""The dashboard *Impact*: what friction costs, by rule, as computed from time to time by a job."""

from touchline.panels.boards.friction import TO_JOURNEYS
from touchline.panels.losses import (
    AGE,
    CHOSEN,
    CLEAR_LOSS,
    CURRENCY,
    DOUBTFUL,
    IN_PERIOD,
    LAST,
    TOGETHER,
    TOO_FEW,
    between,
    grouped,
)
from touchline.panels.panel import Column, Dashboard, Panel
from touchline.panels.sql import RULES, named

ID = "impact"

DASHBOARD = Dashboard(
    ID,
    "Impact",
    "What does friction cost, and which friction costs most?",
    (RULES,),
    since="30d",
)

NOT_COMPUTED = "Not computed for this period. It is computed every hour while touchline up runs."

_DAYS = f"""
    SELECT rule, uniqExact(customer, toDate(opened_at)) AS days
    FROM current_frictions
    WHERE opened_at >= (SELECT min(since) FROM current_impact)
      AND opened_at < (SELECT max({LAST}) FROM current_impact)
    GROUP BY rule
"""
"""Customers with friction on a day, in the time that the stored figures are about."""

PANELS = (
    Panel(
        id="impact_loss",
        dashboard=ID,
        title="Associated loss",
        question="How much did friction cost, all rules together?",
        sql=f"""
SELECT if(isNull(loss), {TOO_FEW}, concat({grouped("loss")}, {CURRENCY})) AS value,
       if(isNull(loss), missing,
          concat({between("loss")}, if(verdict = 'loss', '', concat(': ', verdict)))) AS label
FROM current_impact
WHERE {TOGETHER} AND {IN_PERIOD}
""",
        kind="stat",
        unit="text",
        empty=NOT_COMPUTED,
        width=8,
        height=4,
    ),
    Panel(
        id="impact_contacts",
        dashboard=ID,
        title="Contacts brought by friction",
        question="How many more contacts did customers make after friction, and what did they cost?",
        sql=f"""
SELECT if(isNull(contacts), {TOO_FEW}, {grouped("contacts")}) AS value,
       if(isNull(contacts), missing, concat({between("contacts")}, if(contact_cost > 0, concat('; ',
          {grouped("contacts * contact_cost")}, {CURRENCY}, ' at ', toString(contact_cost), ' each'),
          '; no cost of a contact is set'))) AS label
FROM current_impact
WHERE {TOGETHER} AND {IN_PERIOD}
""",
        kind="stat",
        unit="text",
        empty=NOT_COMPUTED,
        width=8,
        height=4,
    ),
    Panel(
        id="impact_at_risk",
        dashboard=ID,
        title="Value at risk by friction",
        question="What would be lost if every order that did not follow a friction were lost to it?",
        sql=f"""
SELECT if(isNull(at_risk), {TOO_FEW}, concat({grouped("at_risk")}, {CURRENCY})) AS value,
       if(isNull(at_risk), missing,
          concat('of ', {grouped("exposed")}, ' who met friction')) AS label
FROM current_impact
WHERE {TOGETHER} AND {IN_PERIOD}
""",
        kind="stat",
        unit="text",
        empty=NOT_COMPUTED,
        width=8,
        height=4,
    ),
    Panel(
        id="impact_run",
        dashboard=ID,
        title="How it was computed",
        question="Of which time are these figures, and how old are they?",
        sql=f"""
SELECT since, {LAST} AS last, computed_at, {AGE} AS age, outcome,
       concat(toString(within / 86400000), ' days') AS follow, nullIf(contact_cost, 0) AS contact_cost,
       one_in = 1 ? 'all' : concat('one in ', toString(one_in)) AS sample
FROM current_impact
WHERE {TOGETHER} AND {IN_PERIOD}
""",
        kind="table",
        unit="count",
        empty=NOT_COMPUTED,
        columns={
            "since": Column("Frictions from", "time"),
            "last": Column("Frictions until", "time"),
            "computed_at": Column("Computed", "time"),
            "age": Column("Age", "text"),
            "outcome": Column("Conversion", "text"),
            "follow": Column("Within", "text"),
            "contact_cost": Column("Cost of a contact"),
            "sample": Column("Customers read", "text"),
        },
        width=24,
        height=4,
    ),
    Panel(
        id="impact_by_rule",
        dashboard=ID,
        title="Associated loss by rule",
        question="Which friction costs most, how sure is that, and who should fix it?",
        sql=f"""
SELECT rule, loss, nullIf(currency, '') AS priced_in,
       if(isNull(loss), NULL, concat({between("loss")}, {CURRENCY})) AS likely, exposed,
       -difference * exposed AS lost, contacts,
       if(contact_cost > 0, contacts * contact_cost, NULL) AS cost, at_risk,
       multiIf(isNull(stored.e_value), NULL, isInfinite(stored.e_value), 'none suffices',
               toString(round(stored.e_value, 1))) AS e_value,
       multiIf(isNull(difference), NULL, isNull(stored.placebo), 'too few to say', {DOUBTFUL}, 'fails',
               'passes') AS placebo,
       concat({named("factor")}, if(owner = '', '', concat(': ', owner))) AS who,
       multiIf(verdict = 'unknown', missing, {DOUBTFUL}, concat(verdict, ', doubtful: see placebo'), verdict)
           AS says
FROM current_impact AS stored
WHERE {CHOSEN}
ORDER BY stored.loss DESC NULLS LAST, exposed DESC, rule
""",
        kind="table",
        unit="count",
        empty=NOT_COMPUTED,
        columns={
            "rule": Column("Rule", "text", TO_JOURNEYS),
            "loss": Column("Associated loss"),
            "priced_in": Column("Currency", "text"),
            "likely": Column("95 % interval", "text"),
            "exposed": Column("Met it"),
            "lost": Column("Conversions lost"),
            "contacts": Column("Contacts brought"),
            "cost": Column("Their cost"),
            "at_risk": Column("Value at risk"),
            "e_value": Column("E-value", "text"),
            "placebo": Column("Placebo", "text"),
            "who": Column("Who should fix it", "text"),
            "says": Column("Result", "text"),
        },
        width=24,
        height=12,
    ),
    Panel(
        id="impact_over_time",
        dashboard=ID,
        title="Associated loss over time",
        question="When does friction cost most, if each day with it costs a customer the same?",
        sql=f"""
SELECT time, series, currency, sum(number * each) AS value
FROM (
    SELECT $__timeInterval(at) AS time, rule AS series, count() AS number
    FROM (
        SELECT rule, min(opened_at) AS at
        FROM current_frictions
        WHERE $__timeFilter(opened_at)
        GROUP BY rule, customer, toDate(opened_at)
    )
    GROUP BY time, series
) AS met
INNER JOIN (
    SELECT rule AS series, currency, loss / days AS each
    FROM current_impact INNER JOIN ({_DAYS}) AS days USING (rule)
    WHERE {CHOSEN} AND {CLEAR_LOSS}
) AS costs USING (series)
GROUP BY time, series, currency
ORDER BY time, series
""",
        kind="timeseries",
        unit="currency",
        empty="No friction with a clear loss in this period.",
        stacked=True,
    ),
    Panel(
        id="impact_contacts_by_rule",
        dashboard=ID,
        title="Contacts by rule",
        question="Which friction brings contacts?",
        sql=f"""
SELECT rule AS label, contacts
FROM current_impact
WHERE {CHOSEN} AND contacts_low > 0
ORDER BY contacts DESC, label
LIMIT 20
""",
        kind="bars",
        unit="count",
        empty="No friction that clearly brings contacts.",
    ),
)
