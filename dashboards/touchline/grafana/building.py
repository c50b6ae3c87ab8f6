"""The dashboards as Grafana's JSON."""

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

from touchline.grafana.drawing import draw, uid
from touchline.grafana.queries import ClickHouse, reference
from touchline.panels import ALL, CHANGES, DASHBOARDS, Dashboard, Panel, Variable, panels_with

TAG = "touchline"

Json = dict[str, Any]


def dashboards(source: str, goals: Mapping[str, float]) -> list[Json]:
    """Every dashboard, asking the data source with this uid, with the team's goals as lines."""
    panels = panels_with(goals)
    return [
        _built(one, [panel for panel in panels if panel.dashboard == one.id], source) for one in DASHBOARDS
    ]


def plain(built: object) -> Json:
    """What the SDK built, as plain JSON."""
    found: Json = json.loads(json.dumps(built, cls=JSONEncoder))
    return found


def _built(one: Dashboard, panels: list[Panel], source: str) -> Json:
    drawn = (
        build.Dashboard(one.title)
        .uid(uid(one.id))
        .description(one.question)
        .tags([TAG])
        .timezone("browser")
        .time(f"now-{one.since}", "now")
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
    for variable in one.variables:
        drawn.with_variable(_variable(variable, source))
    for panel in panels:
        drawn.with_panel(draw(panel, source))
    return plain(drawn.build())


def _variable(one: Variable, source: str) -> build.QueryVariable | build.TextBoxVariable:
    if not one.sql:
        return build.TextBoxVariable(one.name).label(one.title).default_value("")
    return (
        build.QueryVariable(one.name)
        .label(one.title)
        .datasource(reference(source))
        .query(one.sql)
        .refresh(VariableRefresh.ON_DASHBOARD_LOAD)
        .multi(True)
        .include_all(True)
        # Grafana puts this into the SQL as it stands: the empty text, which stands for all.
        .all_value(f"'{ALL}'")
        .current(VariableOption(selected=True, text=["All"], value=["$__all"]))
    )
