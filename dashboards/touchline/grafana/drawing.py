"""Builds the Grafana panel for each kind of panel."""

import re
from typing import TypeVar
from zlib import crc32

from grafana_foundation_sdk.builders import barchart, common, heatmap, stat, table, timeseries
from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
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
from grafana_foundation_sdk.models.dashboard import DashboardRegexMapOptions as RegexMapOptions
from grafana_foundation_sdk.models.dashboard import (
    DynamicConfigValue,
    FieldColorModeId,
    RegexMap,
    ThresholdsMode,
    ValueMap,
)
from grafana_foundation_sdk.models.dashboard import Threshold as Step
from grafana_foundation_sdk.models.dashboard import ValueMappingResult as Shown
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode

from touchline.grafana.queries import ClickHouse, reference
from touchline.measures import format_value
from touchline.panels import (
    DASHBOARDS,
    Column,
    Level,
    Link,
    Panel,
    Threshold,
    Unit,
    unfiltered_note,
    unused_filters,
)
from touchline.vocabulary.names import BETWEEN, CHANNELS, NAMES

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
COLOURS_OF_CELLS: dict[str, dict[str, str]] = {
    "grade": {"A": "dark-green", "B": "light-green", "C": "yellow", "D": "orange", "F": "red"},
    "severity": {"critical": "red", "warning": "orange", "info": "blue"},
    "standing": {"met": "green", "missed": "red"},
}
"""Colours of values, by column."""

_USUAL = "usual"
_NULL = "–"
_POINTS = 100
"""Points of a chart: with Grafana's default of one a pixel, a share is 0 or 100 % at most of them."""
_SERIES = re.compile(r"(\w+) AS series\b")

Built = stat.Panel | timeseries.Panel | heatmap.Panel | barchart.Panel | table.Panel
BuilderT = TypeVar("BuilderT", stat.Panel, timeseries.Panel, heatmap.Panel, barchart.Panel, table.Panel)


def build_panel(panel: Panel, source: str, page: str = "") -> Built:
    """The panel for Grafana.

    Args:
        panel: What it shows.
        source: The uid of the data source.
        page: The address of the live page, to which customers link; '' for no links.
    """
    match panel.kind:
        case "stat":
            return _stat(panel, source)
        case "timeseries":
            return _timeseries(panel, source)
        case "heatmap":
            return _heatmap(panel, source)
        case "bars" | "funnel":
            return _bars(panel, source)
        case _:
            return _table(panel, source, page)


def _stat(panel: Panel, source: str) -> stat.Panel:
    built = _start(stat.Panel(), panel, source)
    built.reduce_options(common.ReduceDataOptions().values(True).calcs([]).fields(""))
    built.text_mode(BigValueTextMode.VALUE_AND_NAME if panel.unit == "currency" else BigValueTextMode.AUTO)
    built.graph_mode(BigValueGraphMode.NONE)
    built.override_by_name(_USUAL, [_set("noValue", "No baseline yet")])
    built.thresholds(_steps(panel.thresholds))
    return built


def _timeseries(panel: Panel, source: str) -> timeseries.Panel:
    built = _start(timeseries.Panel(), panel, source)
    built.interval("1m").max_data_points(_POINTS).legend(_legend())
    built.tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
    if series := _SERIES.search(panel.sql):
        # Otherwise Grafana prefixes each name with the name of the value.
        currency = " (${__field.labels.currency})" if panel.unit == "currency" else ""
        built.display_name("${__field.labels.series}" + currency)
        built.color_scheme(_BY_NAME)
        for name, colour in COLOURS_OF_CELLS.get(series[1], {}).items():
            built.override_by_name(name, [_set("color", _fixed(colour))])
        for value, name in NAMES.get(panel.names, {}).items():
            built.override_by_name(value, [_set("displayName", name)])
    if panel.unit in ("count", "share", "seconds", "currency"):
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


def _heatmap(panel: Panel, source: str) -> heatmap.Panel:
    """One row a series; the query has the hours as they were, since Grafana cannot fold them into a day."""
    built = _start(heatmap.Panel(), panel, source)
    built.calculate(False).display_name("${__field.labels.series}").hide_legend()
    built.color(heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Oranges").steps(64))
    return built.cell_gap(1)


def _bars(panel: Panel, source: str) -> barchart.Panel:
    built = _start(barchart.Panel(), panel, source)
    built.orientation(VizOrientation.HORIZONTAL).x_field("label")
    built.stacking(StackingMode.NORMAL if panel.stacked else StackingMode.NONE)
    if mappings := _plain_names(panel.names):
        built.override_by_name("label", [_set("mappings", mappings)])
    if panel.stacked or panel.kind == "funnel":
        built.legend(_legend()).color_scheme(_BY_NAME)
    if _has_lines(panel):
        built.thresholds(_lines(panel)).thresholds_style(
            common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
        )
    return built


def _table(panel: Panel, source: str, page: str) -> table.Panel:
    built = _start(table.Panel(), panel, source)
    for name, column in panel.columns.items():
        built.override_by_name(name, _column_settings(column, panel.dashboard, page))
        if mappings := _plain_names(name):
            built.override_by_name(name, [_set("mappings", mappings)])
        if colours := COLOURS_OF_CELLS.get(name):
            names = NAMES.get(name, {})
            shown = {
                value: Shown(text=names.get(value, value), color=colour) for value, colour in colours.items()
            }
            built.override_by_name(name, [_set("mappings", [ValueMap(shown)]), _COLOURED])
    return built


def _legend() -> common.VizLegendOptions:
    return (
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(LegendDisplayMode.LIST)
        .placement(LegendPlacement.BOTTOM)
        .calcs([])
    )


def _start(builder: BuilderT, panel: Panel, source: str) -> BuilderT:
    """Sets what all kinds have."""
    over_time = panel.kind in ("timeseries", "heatmap")
    query = ClickHouse(panel.sql, "timeseries" if over_time else "table", source)
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
    ignored = unfiltered_note(unused_filters(panel))
    return "\n\n".join(filter(None, (panel.question, ignored, goal, benchmark, panel.unsettled)))


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


def _column_settings(column: Column, dashboard: str, page: str) -> list[DynamicConfigValue]:
    # The panel's own noValue is for no rows; in a cell it would stand for every NULL.
    settings = [
        _set("displayName", column.title),
        _set("unit", UNITS[column.unit]),
        _set("noValue", column.missing or _NULL),
    ]
    if column.thresholds:
        settings += [_set("thresholds", _steps(column.thresholds).build()), _COLOURED]
    if column.link is not None:
        links: list[dict[str, object]] = [{"title": "Show journeys", "url": _url(column.link, dashboard)}]
        if page and column.link.variable == "customer":
            story = f"{page}/customer/${{__value.raw:percentencode}}"
            links.append({"title": "Show the customer's story", "url": story, "targetBlank": True})
        settings.append(_set("links", links))
    return settings


def _url(link: Link, dashboard: str) -> str:
    """The address of a link from a dashboard: it keeps the period, and the filters that both have."""
    own, other = (
        [variable.name for variable in one.variables]
        for wanted in (dashboard, link.dashboard)
        for one in DASHBOARDS
        if one.id == wanted
    )
    kept = "".join(f"&${{{name}:queryparam}}" for name in own if name in other and name != link.variable)
    value = "${__value.raw:percentencode}&${__url_time_range}"
    return f"/d/{dashboard_uid(link.dashboard)}?var-{link.variable}={value}{kept}"


def dashboard_uid(dashboard: str) -> str:
    """The uid of a dashboard in Grafana."""
    return f"touchline-{dashboard}"


def _set(name: str, value: object) -> DynamicConfigValue:
    return DynamicConfigValue(id_val=name, value=value)


def _plain_names(field: str) -> list[ValueMap | RegexMap]:
    """Mappings of a field's values to their plain names; none for a field without such names."""
    if field == "touchpoint":  # of a channel and a source; the source may be empty
        return [
            RegexMap(RegexMapOptions(f"/^{channel}({BETWEEN}.+)?({BETWEEN})?$/", Shown(text=f"{name}$1")))
            for channel, name in CHANNELS.items()
        ]
    names = NAMES.get(field, {})
    return [ValueMap({value: Shown(text=name) for value, name in names.items()})] if names else []


def _fixed(colour: str) -> dict[str, str]:
    return {"mode": "fixed", "fixedColor": colour}


_COLOURED = _set("custom.cellOptions", {"type": "color-text"})
_BY_NAME = FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC_BY_NAME)
