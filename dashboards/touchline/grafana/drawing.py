"""How each kind of panel is drawn by Grafana."""

from typing import TypeVar
from zlib import crc32

from grafana_foundation_sdk.builders import barchart, common, stat, table, timeseries
from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models.common import (
    BigValueTextMode,
    GraphDrawStyle,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue, ThresholdsMode, ValueMap
from grafana_foundation_sdk.models.dashboard import Threshold as Step
from grafana_foundation_sdk.models.dashboard import ValueMappingResult as Shown

from touchline.grafana.queries import ClickHouse, reference
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

Drawn = stat.Panel | timeseries.Panel | barchart.Panel | table.Panel
Some = TypeVar("Some", stat.Panel, timeseries.Panel, barchart.Panel, table.Panel)


def draw(panel: Panel, source: str) -> Drawn:
    """The panel, asking the data source with this uid."""
    return _DRAWN[panel.kind](panel, source)


def _stat(panel: Panel, source: str) -> Drawn:
    drawn = _begun(stat.Panel(), panel, source)
    drawn.reduce_options(common.ReduceDataOptions().values(True).calcs([]).fields(""))
    drawn.text_mode(BigValueTextMode.AUTO)
    drawn.thresholds(_steps(panel.thresholds))
    return drawn


def _timeseries(panel: Panel, source: str) -> Drawn:
    drawn = _begun(timeseries.Panel(), panel, source)
    drawn.interval("1m").legend(
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(LegendDisplayMode.LIST)
        .placement(LegendPlacement.BOTTOM)
        .calcs([])
    )
    if panel.unit in ("count", "share", "seconds"):
        drawn.axis_soft_min(0)
    if panel.stacked:
        drawn.draw_style(GraphDrawStyle.BARS).fill_opacity(80).stacking(
            common.StackingConfig().mode(StackingMode.NORMAL).group("A")
        )
    else:
        drawn.fill_opacity(10)
        drawn.override_by_name(
            _USUAL,
            [_set("custom.lineStyle", {"fill": "dash", "dash": [8, 8]}), _set("color", _fixed("text"))],
        )
    if panel.references:
        drawn.thresholds(_lines(panel)).thresholds_style(
            common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
        )
    return drawn


def _bars(panel: Panel, source: str) -> Drawn:
    drawn = _begun(barchart.Panel(), panel, source)
    drawn.orientation(VizOrientation.HORIZONTAL).x_field("label")
    drawn.stacking(StackingMode.NORMAL if panel.stacked else StackingMode.NONE)
    if panel.references:
        drawn.thresholds(_lines(panel)).thresholds_style(
            common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
        )
    return drawn


def _table(panel: Panel, source: str) -> Drawn:
    drawn = _begun(table.Panel(), panel, source)
    for name, column in panel.columns.items():
        drawn.override_by_name(name, _shown_as(column))
    if "standing" in panel.columns:
        colours = {"met": Shown(text="met", color="green"), "missed": Shown(text="missed", color="red")}
        drawn.override_by_name(
            "standing",
            [_set("mappings", [ValueMap(colours)]), _set("custom.cellOptions", {"type": "color-text"})],
        )
    return drawn


_DRAWN = {"stat": _stat, "timeseries": _timeseries, "bars": _bars, "funnel": _bars, "table": _table}


def _begun(drawn: Some, panel: Panel, source: str) -> Some:
    """What all kinds have."""
    query = ClickHouse(panel.sql, "timeseries" if panel.kind == "timeseries" else "table", source)
    return (
        drawn.id(number(panel.id))
        .title(panel.title)
        .description(_described(panel))
        .datasource(reference(source))
        .with_target(query)
        .unit(UNITS[panel.unit])
        .no_value(panel.empty)
        .span(panel.width)
        .height(panel.height)
    )


def number(panel_id: str) -> int:
    """The number of a panel within its dashboard: the same wherever the panel stands."""
    return crc32(panel_id.encode()) % 1_000_000_000 + 1


def _described(panel: Panel) -> str:
    lines = [f"{one.label}: {one.source}" for one in panel.references]
    compared = "In comparison: " + "; ".join(lines) + "." if lines else ""
    return "\n\n".join(filter(None, (panel.question, compared, panel.unsettled)))


def _steps(thresholds: tuple[Threshold, ...]) -> ThresholdsConfig:
    steps = [
        Step(value=None if place == 0 else one.value, color=COLOURS[one.level])
        for place, one in enumerate(thresholds)
    ]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps or [Step(value=None, color="text")])


def _lines(panel: Panel) -> ThresholdsConfig:
    """Reference lines: Grafana draws a line where a colour begins."""
    lines = [
        Step(value=one.value, color="orange") for one in sorted(panel.references, key=lambda one: one.value)
    ]
    return (
        ThresholdsConfig()
        .mode(ThresholdsMode.ABSOLUTE)
        .steps([Step(value=None, color="transparent"), *lines])
    )


def _shown_as(column: Column) -> list[DynamicConfigValue]:
    found = [_set("displayName", column.title), _set("unit", UNITS[column.unit])]
    if column.link is not None:
        found.append(_set("links", [{"title": "See the journeys", "url": _address(column.link)}]))
    return found


def _address(link: Link) -> str:
    return (
        f"/d/{uid(link.dashboard)}?var-{link.variable}=${{__value.raw:percentencode}}&${{__url_time_range}}"
    )


def uid(dashboard: str) -> str:
    """The uid of a dashboard in Grafana."""
    return f"touchline-{dashboard}"


def _set(name: str, value: object) -> DynamicConfigValue:
    return DynamicConfigValue(id_val=name, value=value)


def _fixed(colour: str) -> dict[str, str]:
    return {"mode": "fixed", "fixedColor": colour}
