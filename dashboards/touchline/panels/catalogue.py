"""The tables of dashboards and panels, in the order in which they are shown."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from touchline.measures import BY_NAME
from touchline.panels.boards import (
    contacts,
    factors,
    fixes,
    friction,
    health,
    impact,
    journeys,
    touchpoints,
    voice,
)
from touchline.panels.goals import goals_sql
from touchline.panels.panel import Annotation, Dashboard, Panel, Threshold

DASHBOARDS: tuple[Dashboard, ...] = (
    friction.DASHBOARD,
    impact.DASHBOARD,
    fixes.DASHBOARD,
    contacts.DASHBOARD,
    journeys.DASHBOARD,
    voice.DASHBOARD,
    touchpoints.DASHBOARD,
    factors.DASHBOARD,
    health.DASHBOARD,
)

PANELS: tuple[Panel, ...] = (
    *friction.PANELS,
    *impact.PANELS,
    *fixes.PANELS,
    *contacts.PANELS,
    *journeys.PANELS,
    *voice.PANELS,
    *touchpoints.PANELS,
    *factors.PANELS,
    *health.PANELS,
)
"""The panels of a team without goals."""

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
"""Deployed fixes and changes."""

ALERTS = Annotation(
    "Alerts",
    """
SELECT opened_at AS time, ifNull(resolved_at, toDateTime64($__toTime, 3, 'UTC')) AS timeEnd, title,
       summary AS text, arrayStringConcat(arrayConcat([severity], labels), ',') AS tags
FROM current_alerts
WHERE opened_at <= $__toTime AND (isNull(resolved_at) OR resolved_at >= $__fromTime)
ORDER BY opened_at, id
LIMIT 200
""",
)
"""Alerts, from their opening to their resolution or the end of the period."""


def notes_of(dashboard: str) -> Annotation:
    """The notes that people wrote on the live page, for a dashboard (its id) or for all."""
    return Annotation(
        "Notes",
        f"""
SELECT note.starts_at AS time, ifNull(note.ends_at, note.starts_at) AS timeEnd, note.text AS title,
       concat('by ', note.author) AS text, note.rule AS tags
FROM current_notes AS note
WHERE note.dashboard IN ('', '{dashboard}')
  AND note.starts_at <= $__toTime AND ifNull(note.ends_at, note.starts_at) >= $__fromTime
ORDER BY note.starts_at, note.id
LIMIT 200
""",
    )


BY_ID = {panel.id: panel for panel in PANELS}


def unused_filters(panel: Panel) -> tuple[str, ...]:
    """The titles of the filters on the panel's dashboard that the panel ignores."""
    [dashboard] = (dashboard for dashboard in DASHBOARDS if dashboard.id == panel.dashboard)
    return tuple(
        variable.title for variable in dashboard.variables if f"${{{variable.name}:" not in panel.sql
    )


def unfiltered_note(titles: Sequence[str]) -> str:
    """A sentence that names the filters that a panel ignores; '' if there are none."""
    if not titles:
        return ""
    *others, last = (title.lower() for title in titles)
    return f"Not filtered by {', '.join(others)}{' or ' if others else ''}{last}."


def panels_with(goals: Mapping[str, float]) -> tuple[Panel, ...]:
    """The panels of a team with goals (measure → value), which panels then show and compare."""
    return tuple(_with_goal(panel, goals) for panel in PANELS)


def _with_goal(panel: Panel, goals: Mapping[str, float]) -> Panel:
    if panel.id == "goals":
        return replace(panel, sql=goals_sql(goals))
    if panel.measure is None or panel.measure not in goals:
        return panel
    goal, up = goals[panel.measure], BY_NAME[panel.measure].higher_is_better
    thresholds = (Threshold(0, "bad" if up else "good"), Threshold(goal, "good" if up else "bad"))
    return replace(panel, goal=goal, thresholds=thresholds)
