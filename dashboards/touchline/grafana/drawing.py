"""Builds the Grafana panel for each kind of panel."""

import re
from typing import TypeVar
from zlib import crc32

from grafana_foundation_sdk.builders import barchart, common, stat, table, timeseries
from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models.common import (
    BigValueGraphMode,
    BigValueTextMode,
    GraphDrawStyle,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue, ThresholdsMode, ValueMap
from grafana_foundation_sdk.models.dashboard import Threshold as Step
from grafana_foundation_sdk.models.dashboard import ValueMappingResult as Shown

from touchline.grafana.queries import ClickHouse, reference
from touchline.measures import format_value
from touchline.panels import Column, Level, Link, Panel, Threshold, Unit

UNITS: dict[Unit, str] = {
    "count": "short",
    "text": "string",
    "time": "dateTimeAsIso",
    "share": "percentunit",
    "seconds": "s",
    "points": "none",
    "steps": "none",
    "strikes": "none",
    "of 7": "none",
    "currency": "none",
}
COLOURS: dict[Level, str] = {"good": "green", "warn": "orange", "bad": "red"}
_USUAL = "usual"
_NULL = "–"
_POINTS = 100
"""Points of a chart: with Grafana's default of one a pixel, a share is 0 or 100 % at most of them."""
_SERIES = re.compile(r"\bAS series\b")

Built = stat.Panel | timeseries.Panel | barchart.Panel | table.Panel
BuilderT = TypeVar("BuilderT", stat.Panel, timeseries.Panel, barchart.Panel, table.Panel)


def build_panel(panel: Panel, source: str) -> Built:
    """The panel for Grafana; `source` is the uid of the data source."""
    return _BUILDERS[panel.kind](panel, source)


def _stat(panel: Panel, source: str) -> Built:
    built = _start(stat.Panel(), panel, source)
    built.reduce_options(common.ReduceDataOptions().values(True).calcs([]).fields(""))
    built.text_mode(BigValueTextMode.VALUE_AND_NAME if panel.unit == "currency" else BigValueTextMode.AUTO)
    built.graph_mode(BigValueGraphMode.NONE)
    built.override_by_name(_USUAL, [_set("noValue", _NULL)])
    built.thresholds(_steps(panel.thresholds))
    return built


def _timeseries(panel: Panel, source: str) -> Built:
    built = _start(timeseries.Panel(), panel, source)
    built.interval("1m").max_data_points(_POINTS).legend(_legend())
    built.tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
    if _SERIES.search(panel.sql):
        # Otherwise Grafana prefixes each name with the name of the value.
        built.display_name("${__field.labels.series}")
    if panel.unit in ("count", "share", "seconds"):
        built.axis_soft_min(0)
    if panel.stacked:
        built.draw_style(GraphDrawStyle.BARS).fill_opacity(80).stacking(
            common.StackingConfig().mode(StackingMode.NORMAL).group("A")
        )
    else:
        built.fill_opacity(10)
        built.override_by_name(
            _USUAL,
            [_set("custom.lineStyle", {"fill": "dash", "dash": [8, 8]}), _set("color", _fixed("text"))],
        )
    if _has_lines(panel):
        built.thresholds(_lines(panel)).thresholds_style(
            common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
        )
    return built


def _bars(panel: Panel, source: str) -> Built:
    built = _start(barchart.Panel(), panel, source)
    built.orientation(VizOrientation.HORIZONTAL).x_field("label")
    built.stacking(StackingMode.NORMAL if panel.stacked else StackingMode.NONE)
    if panel.stacked:
        built.legend(_legend())
    if _has_lines(panel):
        built.thresholds(_lines(panel)).thresholds_style(
            common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
        )
    return built


def _table(panel: Panel, source: str) -> Built:
    built = _start(table.Panel(), panel, source)
    for name, column in panel.columns.items():
        built.override_by_name(name, _column_settings(column))
    if "standing" in panel.columns:
        colours = {"met": Shown(text="met", color="green"), "missed": Shown(text="missed", color="red")}
        built.override_by_name(
            "standing",
            [_set("mappings", [ValueMap(colours)]), _set("custom.cellOptions", {"type": "color-text"})],
        )
    return built


def _legend() -> common.VizLegendOptions:
    return (
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(LegendDisplayMode.LIST)
        .placement(LegendPlacement.BOTTOM)
        .calcs([])
    )


_BUILDERS = {"stat": _stat, "timeseries": _timeseries, "bars": _bars, "funnel": _bars, "table": _table}


def _start(builder: BuilderT, panel: Panel, source: str) -> BuilderT:
    """Sets what all kinds have."""
    query = ClickHouse(panel.sql, "timeseries" if panel.kind == "timeseries" else "table", source)
    return (
        builder.id(panel_number(panel.id))
        .title(panel.title)
        .description(_description(panel))
        .datasource(reference(source))
        .with_target(query)
        .unit(UNITS[panel.unit])
        .no_value(panel.empty)
        .span(panel.width)
        .height(panel.height)
    )


def panel_number(panel_id: str) -> int:
    """The number of a panel in Grafana; it does not depend on the order of panels."""
    return crc32(panel_id.encode()) % 1_000_000_000 + 1


def _description(panel: Panel) -> str:
    goal = "" if panel.goal is None else f"Goal: {format_value(panel.goal, panel.unit)} (blue line)."
    benchmark = f"{panel.benchmark}{' (orange line)' if panel.references else ''}." if panel.benchmark else ""
    return "\n\n".join(filter(None, (panel.question, goal, benchmark, panel.unsettled)))


def _steps(thresholds: tuple[Threshold, ...]) -> ThresholdsConfig:
    steps = [
        Step(value=None if number == 0 else threshold.value, color=COLOURS[threshold.level])
        for number, threshold in enumerate(thresholds)
    ]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps or [Step(value=None, color="text")])


def _has_lines(panel: Panel) -> bool:
    return bool(panel.references) or panel.goal is not None


def _lines(panel: Panel) -> ThresholdsConfig:
    """The goal and the reference lines, as thresholds: Grafana draws a line where a colour begins."""
    values = [reference.value for reference in panel.references]
    values += [] if panel.goal is None else [panel.goal]
    lines = [
        Step(value=value, color="blue" if value == panel.goal else "orange") for value in sorted(set(values))
    ]
    return (
        ThresholdsConfig()
        .mode(ThresholdsMode.ABSOLUTE)
        .steps([Step(value=None, color="transparent"), *lines])
    )


def _column_settings(column: Column) -> list[DynamicConfigValue]:
    # The panel's own noValue is for no rows; in a cell it would stand for every NULL.
    settings = [
        _set("displayName", column.title),
        _set("unit", UNITS[column.unit]),
        _set("noValue", _NULL),
    ]
    if column.link is not None:
        settings.append(_set("links", [{"title": "Show journeys", "url": _url(column.link)}]))
    return settings


def _url(link: Link) -> str:
    value = "${__value.raw:percentencode}&${__url_time_range}"
    return f"/d/{dashboard_uid(link.dashboard)}?var-{link.variable}={value}"


def dashboard_uid(dashboard: str) -> str:
    """The uid of a dashboard in Grafana."""
    return f"touchline-{dashboard}"


def _set(name: str, value: object) -> DynamicConfigValue:
    return DynamicConfigValue(id_val=name, value=value)


def _fixed(colour: str) -> dict[str, str]:
    return {"mode": "fixed", "fixedColor": colour}
