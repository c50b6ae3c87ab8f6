"""Builds the dashboards as JSON for Grafana."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    VariableOption,
    VariableRefresh,
)

from touchline.alerts import AlertRule
from touchline.grafana.drawing import build_panel, dashboard_uid, panel_number
from touchline.grafana.queries import ClickHouse, reference
from touchline.panels import (
    ALERTS,
    CHANGES,
    DASHBOARDS,
    Annotation,
    Dashboard,
    Kind,
    Panel,
    Variable,
    notes_of,
    panels_with,
)
from touchline.segments.definition import Funnel
from touchline.segments.funnels import with_funnels

TAG = "touchline"

_ROWS: dict[Kind, str] = {"stat": "Key figures", "timeseries": "Over time", "heatmap": "Over time"}
_OTHERS = "Details"
"""A reader can collapse a row. Its panels are those of one kind; the last row has all others."""

_WIDTH = 24
"""Columns of Grafana's grid."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Contents:
    """What a team's Grafana shows.

    Attributes:
        goals: The team's goals, by name of the measure.
        rules: Alert rules; None to leave them out.
        page: The address of the live page without a slash at its end; '' for no links to it.
        funnels: Funnels of the team's own, for *Journeys*.
    """

    goals: Mapping[str, float] = field(default_factory=dict)
    rules: Sequence[AlertRule] | None = None
    page: str = ""
    funnels: Sequence[Funnel] = ()


def dashboards(source: str, contents: Contents) -> list[Json]:
    """All dashboards; `source` is the uid of the data source."""
    panels = with_funnels(panels_with(contents.goals), contents.funnels)
    return [
        _build(
            dashboard,
            [panel for panel in panels if panel.dashboard == dashboard.id],
            source,
            contents.page,
        )
        for dashboard in DASHBOARDS
    ]


def to_json(built: object) -> Json:
    """An object built by the SDK, as plain JSON."""
    document: Json = json.loads(json.dumps(built, cls=JSONEncoder))
    return document


def _build(dashboard: Dashboard, panels: Sequence[Panel], source: str, page: str) -> Json:
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
        .annotation(_build_annotation(CHANGES, "blue", source))
        .annotation(_build_annotation(ALERTS, "red", source))
        .annotation(_build_annotation(notes_of(dashboard.id), "purple", source))
    )
    if page:
        built.link(
            build.DashboardLink("Live page")
            .type(DashboardLinkType.LINK)
            .url(page + dashboard.path)
            .icon("external link")
            .target_blank(True)
        )
    for variable in dashboard.variables:
        built.with_variable(_build_variable(variable, source))
    for row in dict.fromkeys((*_ROWS.values(), _OTHERS)):
        in_row = [panel for panel in panels if _ROWS.get(panel.kind, _OTHERS) == row]
        if in_row:
            built.with_row(build.Row(row).id(panel_number(f"{dashboard.id}: {row}")))
        for panel in in_row:
            built.with_panel(build_panel(panel, source, page))
    return _laid_out(_cleaned(to_json(built.build())))


def _laid_out(board: Json) -> Json:
    """The dashboard with its panels line by line; a panel that would be alone in a line fills it.

    The SDK places panels beyond the right edge if they do not fit into a line.
    """
    lines: list[list[Json]] = []
    for place in (panel["gridPos"] for panel in board["panels"]):
        if not lines or sum(other["w"] for other in lines[-1]) + place["w"] > _WIDTH:
            lines.append([])
        lines[-1].append(place)
    top = 0
    for line in lines:
        if len(line) == 1:
            line[0]["w"] = _WIDTH
        left = 0
        for place in line:
            place.update(x=left, y=top)
            left += place["w"]
        top += max(place["h"] for place in line)
    return board


def _cleaned(board: Json) -> Json:
    """The dashboard without defaults of the SDK that Grafana reads in an unwanted way."""
    # This placement would hide links and the toggle of annotations in a menu.
    for link in (*board.get("links", []), *board["annotations"]["list"]):
        link.pop("placement", None)
    for variable in board["templating"].get("list", []):
        for name in ("auto", "auto_min", "auto_count"):
            variable.pop(name, None)
    for panel in board["panels"]:
        panel.get("options", {}).pop("footer", None)
    return board


def _build_annotation(annotation: Annotation, colour: str, source: str) -> build.AnnotationQuery:
    return (
        build.AnnotationQuery()
        .name(annotation.title)
        .datasource(reference(source))
        .enable(True)
        .icon_color(colour)
        .target(ClickHouse(annotation.sql, "table", source))
    )


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
