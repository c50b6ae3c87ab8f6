"""ECharts options for a panel over time: lines, or stacked bars, with reference lines and changes."""

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from touchline.live.colours import OTHERS, colour_of
from touchline.live.labels import MAX_FULL, clip, sentence
from touchline.live.panel_view import LegendEntry, Names, milliseconds
from touchline.live.queries import Row
from touchline.panels import Panel, Reference

_MUTED = "touchline.ink('--muted')"
_LINE = "touchline.ink('--line')"
_COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377")
_MAX_SERIES = 6
_MAX_MARK = 40
_SERIES_COLUMN = re.compile(r"(\w+) AS series\b")
_TICKS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400)
"""Seconds between two ticks of an axis of seconds."""

_LABEL_POSITIONS = ("insideStartTop", "insideMiddleTop", "insideEndTop")
"""Labels of reference lines take turns, as the lines may be close to each other."""

Series = dict[str, list[float | None]]


@dataclass(frozen=True)
class TimeAxis:
    """The x axis: start and end in ms since 1970, and the seconds between two points."""

    start: int
    end: int
    interval: int

    @property
    def step(self) -> int:
        """Milliseconds between two points."""
        return self.interval * 1000

    @property
    def times(self) -> list[int]:
        """All points, in ms since 1970."""
        return list(range(self.start // self.step * self.step, self.end + 1, self.step))


def legend_of(options: Mapping[str, Any]) -> list[LegendEntry]:
    """The names and colours of a chart's series; none for a single series."""
    series = options["series"]
    entries = [LegendEntry(one["name"], one["itemStyle"]["color"]) for one in series]
    return entries if len(entries) > 1 else []


def chart_options(
    panel: Panel, rows: Sequence[Row], axis: TimeAxis, names: Names, changes: Sequence[Row] = ()
) -> dict[str, Any]:
    """The options of the panel's chart. Each row of `changes` has a `time` and a `title`."""
    series = _series(panel, rows, axis)
    series = {name: points for name, points in series.items() if any(point is not None for point in points)}
    references, deployed = _references(panel), _deployed(changes, axis)
    return {
        "animation": False,
        "grid": {"left": 8, "right": 36, "top": 14, "bottom": 6, "containLabel": True},
        "tooltip": _tooltip(panel),
        "xAxis": _x_axis(axis, deployed),
        "yAxis": _y_axis(panel, series, [reference.value for reference in references]),
        "series": [
            _drawn_series(panel, name, points, number, names)
            | ({} if number else {"markLine": _mark_line(references, deployed)})
            for number, (name, points) in enumerate(series.items())
        ],
    }


def _series(panel: Panel, rows: Sequence[Row], axis: TimeAxis) -> Series:
    """Values by series, one for each point in time. The smallest of many stacked series are added up."""
    index = {time: number for number, time in enumerate(axis.times)}
    missing = 0 if panel.stacked else None
    series: Series = {}
    for row in rows:
        position = index.get(milliseconds(row["time"]))
        for name, value in _values(row).items():
            points = series.setdefault(name, [missing] * len(index))
            if position is not None:
                points[position] = value
    if _series_column(panel) == "grade":
        return dict(sorted(series.items()))
    if not panel.stacked or len(series) <= _MAX_SERIES + 1:
        return series
    largest_first = sorted(series, key=lambda name: -sum(value or 0 for value in series[name]))
    kept = {name: series[name] for name in largest_first[:_MAX_SERIES]}
    rest = [series[name] for name in largest_first[_MAX_SERIES:]]
    return kept | {OTHERS: [sum(value or 0 for value in values) for values in zip(*rest, strict=True)]}


def _values(row: Row) -> dict[str, Any]:
    if "series" in row:
        return {row["series"]: row["value"]}
    return {name: value for name, value in row.items() if name != "time"}


def _tooltip(panel: Panel) -> dict[str, Any]:
    return {
        "trigger": "axis",
        "axisPointer": {"type": "shadow" if panel.stacked else "line"},
        "confine": True,
        "extraCssText": "max-width: 400px; white-space: normal;",
        "order": "seriesDesc",
        ":valueFormatter": f"value => touchline.value(value, '{panel.unit}')",
        ":backgroundColor": "touchline.ink('--card')",
        ":borderColor": _LINE,
        "textStyle": {":color": "touchline.ink('--ink')"},
    }


def _x_axis(axis: TimeAxis, deployed: Mapping[int, str]) -> dict[str, Any]:
    # JSON is a JavaScript literal, which cannot do anything; ECharts escapes the head of a tooltip.
    changes = json.dumps({time: clip(names, MAX_FULL) for time, names in deployed.items()})
    return {
        "type": "category",
        "data": [str(time) for time in axis.times],
        "axisLabel": {":formatter": f"ms => touchline.tick(+ms, {axis.end - axis.start})"}
        | {"hideOverlap": True, "alignMinLabel": "left", "alignMaxLabel": "right", ":color": _MUTED},
        "axisPointer": {"label": {":formatter": f"point => touchline.moment(+point.value, {changes})"}},
        "axisTick": {"show": False},
        "axisLine": {"lineStyle": {":color": _LINE}},
    }


def _y_axis(panel: Panel, series: Series, lines: Sequence[float]) -> dict[str, Any]:
    axis = {
        "type": "value",
        "minInterval": 1 if panel.unit == "count" else 0,
        "axisLabel": {":formatter": f"value => touchline.value(value, '{panel.unit}')", ":color": _MUTED},
        "splitLine": {"lineStyle": {":color": _LINE}},
    }
    if panel.unit == "seconds":
        axis["interval"] = _tick_interval(series, lines)
    if lines:  # the highest reference line stays visible
        axis[":max"] = f"axis => axis.max < {max(lines)} ? {max(lines)} : null"
    return axis


def _tick_interval(series: Series, lines: Sequence[float]) -> int:
    """Seconds between two ticks: a round number of seconds, minutes, hours or days."""
    highest = max([*lines, *(value or 0 for points in series.values() for value in points)], default=0)
    return next((tick for tick in _TICKS if 5 * tick >= highest), int(highest) // 5)


def _drawn_series(
    panel: Panel, name: str, points: list[float | None], number: int, names: Names
) -> dict[str, Any]:
    title = panel.title if name == "value" else names.name(name) or sentence(name)
    colour = _colour(panel, name, number, names)
    drawn: dict[str, Any] = {"name": title, "data": points, "itemStyle": {"color": colour}}
    if panel.stacked:
        return drawn | {"type": "bar", "stack": panel.id, "barCategoryGap": "18%"}
    has_gaps = None in points  # a point between two gaps has no line, so it needs a symbol
    return drawn | {
        "type": "line",
        "lineStyle": {"width": 2} | ({"type": "dashed"} if name == "usual" else {}),
        "symbolSize": 5,
        "showSymbol": has_gaps and name != "usual",
        "z": 1 if name == "usual" else 2,
    }


def _colour(panel: Panel, name: str, number: int, names: Names) -> str:
    """The colour of a series; columns of the query, which are always the same, take turns."""
    if name == "usual" or _series_column(panel):
        return colour_of(name, list(names.rules))
    return _COLOURS[number % len(_COLOURS)]


def _series_column(panel: Panel) -> str:
    """The column whose values are the series of a chart, such as `rule`; '' without one."""
    found = _SERIES_COLUMN.search(panel.sql)
    return found[1] if found else ""


def _references(panel: Panel) -> list[Reference]:
    goal = [] if panel.goal is None else [Reference(panel.goal, "Goal")]
    return [*panel.references, *goal]


def _deployed(changes: Sequence[Row], axis: TimeAxis) -> dict[int, str]:
    """The names of the changes at each point in time."""
    names: dict[int, list[str]] = defaultdict(list)
    for row in changes:
        names[milliseconds(row["time"]) // axis.step * axis.step].append(row["title"])
    return {time: "; ".join(at) for time, at in names.items()}


def _mark_line(references: Sequence[Reference], deployed: Mapping[int, str]) -> dict[str, Any]:
    """Horizontal lines for references and the goal, vertical lines for deployed changes."""
    horizontal = [
        {
            "yAxis": reference.value,
            "label": _mark_label(reference.label, _LABEL_POSITIONS[number % len(_LABEL_POSITIONS)]),
        }
        for number, reference in enumerate(references)
    ]
    vertical = [
        {"xAxis": str(time), "label": _mark_label(clip(names, _MAX_MARK), "insideEndTop")}
        for time, names in deployed.items()
    ]
    return {
        "silent": True,
        "symbol": "none",
        "lineStyle": {"type": "dotted", ":color": "touchline.ink('--ink')"},
        "data": [*horizontal, *vertical],
    }


def _mark_label(text: str, position: str) -> dict[str, str]:
    return {"formatter": text, "position": position, ":color": _MUTED}
