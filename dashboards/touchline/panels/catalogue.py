"""All dashboards and panels, in the order in which they are shown."""

from collections.abc import Mapping
from dataclasses import replace

from touchline.panels import contacts, friction, health, journeys
from touchline.panels.panel import Dashboard, Panel, Reference

DASHBOARDS: tuple[Dashboard, ...] = (
    friction.DASHBOARD,
    contacts.DASHBOARD,
    journeys.DASHBOARD,
    health.DASHBOARD,
)

PANELS: tuple[Panel, ...] = (*friction.PANELS, *contacts.PANELS, *journeys.PANELS, *health.PANELS)
"""The panels of a team that has set no goals."""

BY_ID = {panel.id: panel for panel in PANELS}


def panels_with(goals: Mapping[str, float]) -> tuple[Panel, ...]:
    """The panels of a team with these goals, measure → value: each is a line, and they have their table."""
    return tuple(_with(panel, goals) for panel in PANELS)


def _with(panel: Panel, goals: Mapping[str, float]) -> Panel:
    if panel.id == "goals":
        return replace(panel, sql=friction.against_goals(goals))
    if panel.measure is None or panel.measure not in goals:
        return panel
    line = Reference(goals[panel.measure], "our goal", "touchline.toml")
    return replace(panel, references=(line, *panel.references))
