"""Builds the dashboards as JSON for Grafana."""

import json
from collections.abc import Mapping
from typing import Any

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    VariableOption,
    VariableRefresh,
)

from touchline.grafana.drawing import build_panel, dashboard_uid
from touchline.grafana.queries import ClickHouse, reference
from touchline.panels import CHANGES, DASHBOARDS, Dashboard, Panel, Variable, panels_with

TAG = "touchline"

Json = dict[str, Any]


def dashboards(source: str, goals: Mapping[str, float]) -> list[Json]:
    """All dashboards, with the team's goals; `source` is the uid of the data source."""
    panels = panels_with(goals)
    return [
        _build(dashboard, [panel for panel in panels if panel.dashboard == dashboard.id], source)
        for dashboard in DASHBOARDS
    ]


def to_json(built: object) -> Json:
    """An object built by the SDK, as plain JSON."""
    document: Json = json.loads(json.dumps(built, cls=JSONEncoder))
    return document


def _build(dashboard: Dashboard, panels: list[Panel], source: str) -> Json:
    built = (
        build.Dashboard(dashboard.title)
        .uid(dashboard_uid(dashboard.id))
        .description(dashboard.question)
        .tags([TAG])
        .timezone("browser")
        .time(f"now-{dashboard.since}", "now")
        .refresh("1m")
        .editable()
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .link(
            build.DashboardLink("Touchline")
            .type(DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .keep_time(True)
            .include_vars(True)
        )
        .annotation(
            build.AnnotationQuery()
            .name(CHANGES.title)
            .datasource(reference(source))
            .enable(True)
            .icon_color("blue")
            .target(ClickHouse(CHANGES.sql, "table", source))
        )
    )
    for variable in dashboard.variables:
        built.with_variable(_build_variable(variable, source))
    for panel in panels:
        built.with_panel(build_panel(panel, source))
    return _cleaned(to_json(built.build()))


def _cleaned(board: Json) -> Json:
    """The dashboard without defaults of the SDK that Grafana reads in an unwanted way."""
    # This placement would hide links and the toggle of annotations in a menu.
    for link in (*board.get("links", []), *board["annotations"]["list"]):
        link.pop("placement", None)
    for variable in board["templating"].get("list", []):
        for name in ("auto", "auto_min", "auto_count"):
            variable.pop(name, None)
    for panel in board["panels"]:
        panel["options"].pop("footer", None)
    return board


def _build_variable(variable: Variable, source: str) -> build.QueryVariable | build.TextBoxVariable:
    if not variable.sql:
        return build.TextBoxVariable(variable.name).label(variable.title).default_value("")
    return (
        build.QueryVariable(variable.name)
        .label(variable.title)
        .datasource(reference(source))
        .query(variable.sql)
        .refresh(VariableRefresh.ON_DASHBOARD_LOAD)
        .multi(True)
        .include_all(True)
        .current(VariableOption(selected=True, text=["All"], value=["$__all"]))
    )
