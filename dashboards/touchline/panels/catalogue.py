"""All dashboards and panels, in the order in which they are shown."""

from collections.abc import Mapping
from dataclasses import replace

from touchline.measures import BY_NAME
from touchline.panels import contacts, friction, health, journeys
from touchline.panels.panel import Annotation, Dashboard, Panel, Reference, Threshold

DASHBOARDS: tuple[Dashboard, ...] = (
    friction.DASHBOARD,
    contacts.DASHBOARD,
    journeys.DASHBOARD,
    health.DASHBOARD,
)

PANELS: tuple[Panel, ...] = (*friction.PANELS, *contacts.PANELS, *journeys.PANELS, *health.PANELS)
"""The panels of a team that has set no goals."""

CHANGES = Annotation(
    "Changes",
    """
SELECT time, JSONExtractString(data, 'change_id') AS title, JSONExtractString(data, 'title') AS text,
       JSONExtractString(data, 'rule') AS tags
FROM events
WHERE type = 'change.deployed' AND $__timeFilter(time)
ORDER BY time, id
LIMIT 1 BY id
LIMIT 200
""",
)
"""When a fix or a change went live."""

BY_ID = {panel.id: panel for panel in PANELS}


def panels_with(goals: Mapping[str, float]) -> tuple[Panel, ...]:
    """The panels of a team with these goals, measure → value: each is a line, and they have their table."""
    return tuple(_with(panel, goals) for panel in PANELS)


def _with(panel: Panel, goals: Mapping[str, float]) -> Panel:
    if panel.id == "goals":
        return replace(panel, sql=friction.against_goals(goals))
    if panel.measure is None or panel.measure not in goals:
        return panel
    up = BY_NAME[panel.measure].higher_is_better
    goal = goals[panel.measure]
    thresholds = (Threshold(0, "bad" if up else "good"), Threshold(goal, "good" if up else "bad"))
    line = Reference(goal, "our goal", "touchline.toml")
    return replace(panel, thresholds=thresholds, references=(line, *panel.references))
