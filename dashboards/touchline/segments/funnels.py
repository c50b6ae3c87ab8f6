"""Own funnels as panels: how far customers get, how long each step takes, and who left where."""

from collections.abc import Iterable, Sequence

from touchline.panels.panel import Column, Link, Panel
from touchline.panels.sql import EVENTS
from touchline.panels.ways import FLOW_COLUMNS, Steps, flows_sql, ways_sql
from touchline.segments.definition import Funnel
from touchline.segments.selector_sql import selector_sql, text_sql

DASHBOARD = "journeys"
OF_FUNNELS = ("funnel-", "flows-", "left-")
"""How the ids of these panels begin."""

MOST_LEFT = 100
"""Customers who left, in the table of a funnel: the latest."""

_TO_CUSTOMER = Link(DASHBOARD, "customer")


def steps_of(funnel: Funnel) -> Steps:
    """The steps of a funnel, as SQL."""
    return Steps(
        tuple(text_sql(step.name) for step in funnel.steps),
        tuple(selector_sql(step.when) for step in funnel.steps),
        funnel.within,
    )


def with_funnels(panels: Sequence[Panel], funnels: Iterable[Funnel]) -> list[Panel]:
    """All panels, with those of own funnels after the flows of the first funnel."""
    place = 1 + next(at for at, panel in enumerate(panels) if panel.kind == "sankey")
    own = [panel for funnel in funnels for panel in funnel_panels(funnel)]
    return [*panels[:place], *own, *panels[place:]]


def funnel_panels(funnel: Funnel) -> tuple[Panel, Panel, Panel]:
    """The panels of a funnel for *Journeys*: the steps, where customers went, and who left."""
    own, where = steps_of(funnel), f"$__timeFilter(time) AND {EVENTS}"
    labels, ways = own.labels, ways_sql(own, where)
    days = funnel.within / 86_400_000
    within = f"{days:g} days" if days > 1 else f"{days * 24:g} hours"
    took = "(ways[step + 1][step + 1] - ways[step + 1][step]) / 1000"
    reached = "step > 0 AND notEmpty(ways[step + 1])"
    steps = Panel(
        id=f"funnel-{funnel.id}",
        dashboard=DASHBOARD,
        title=funnel.title,
        question=f"How far do customers get, within {within} of the first step?",
        sql=f"""
SELECT {labels}[step + 1] AS label, customers,
       customers - leadInFrame(customers, 1, customers)
           OVER (ORDER BY step ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS lost, took
FROM (
    SELECT step, countIf(notEmpty(ways[step + 1])) AS customers,
           if(step = 0 OR customers = 0, NULL, quantileExactInclusiveIf(0.5)({took}, {reached})) AS took
    FROM ({ways})
    ARRAY JOIN range({len(funnel.steps)}) AS step
    GROUP BY step
)
ORDER BY step
""",
        kind="funnel",
        unit="count",
        empty="No customer took the first step in this period.",
    )
    left = Panel(
        id=f"left-{funnel.id}",
        dashboard=DASHBOARD,
        title=f"{funnel.title}: who left",
        question="Which customers took a step and not the next one?",
        sql=f"""
SELECT fromUnixTimestamp64Milli(arrayMax(ways[reached]), 'UTC') AS last, {labels}[reached] AS step,
       toString(customer) AS customer
FROM (SELECT customer, ways, arrayCount(way -> notEmpty(way), ways) AS reached FROM ({ways}))
WHERE reached < {len(funnel.steps)}
ORDER BY last DESC, customer
LIMIT {MOST_LEFT}
""",
        kind="table",
        unit="text",
        empty="Nobody left in this period.",
        columns={
            "last": Column("Last step at", "time"),
            "step": Column("Left after", "text"),
            "customer": Column("Customer", "text", _TO_CUSTOMER),
        },
    )
    flows = Panel(
        id=f"flows-{funnel.id}",
        dashboard=DASHBOARD,
        title=f"{funnel.title}: what came next",
        question="What did customers do after each step?",
        sql=flows_sql(own, where),
        kind="sankey",
        unit="count",
        empty="No customer took the first step in this period.",
        columns=FLOW_COLUMNS,
    )
    return steps, flows, left
