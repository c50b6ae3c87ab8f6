"""ECharts options for a panel over time: lines, or stacked bars, with reference lines and changes."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from touchline.live.boards.marks import Mark, mark_areas, mark_lines, texts_at
from touchline.live.boards.panel_view import LegendEntry, Names, milliseconds
from touchline.live.labels import MAX_FULL, clip, sentence
from touchline.live.queries import Row
from touchline.measures import round_seconds
from touchline.panels import Panel, Reference
from touchline.panels.colours import OTHERS, colour_of
from touchline.vocabulary.names import plain_name

_MUTED = "touchline.ink('--muted')"
_LINE = "touchline.ink('--line')"
_COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377")
_MAX_SERIES = 6
_SERIES_COLUMN = re.compile(r"(\w+) AS series\b")
_LABEL_POSITIONS = ("insideStartTop", "insideMiddleTop", "insideEndTop")
"""Labels of reference lines take turns, as the lines may be close to each other."""

_VALUE = "value"
"""The column of a chart with a single series, which the title of the panel names."""

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
    """The names and colours of a chart's series; none for a single one that has no name of its own."""
    series = options["series"]
    entries = [LegendEntry(one["name"], one["itemStyle"]["color"]) for one in series]
    return [] if [one["id"] for one in series] == [_VALUE] else entries


def chart_options(
    panel: Panel, rows: Sequence[Row], axis: TimeAxis, names: Names, marks: Sequence[Mark] = ()
) -> dict[str, Any]:
    """The options of the panel's chart."""
    series = _series(panel, rows, axis)
    series = {name: points for name, points in series.items() if any(point is not None for point in points)}
    references = _references(panel)
    currency = clip(rows[0].get("currency") or "") if rows and panel.unit == "currency" else ""
    marked = {
        "markLine": _mark_line(references, marks, axis),
        "markArea": mark_areas(marks, axis.times, axis.step),
    }
    return {
        "animation": False,
        "grid": {"left": 8, "right": 36, "top": 30 if currency else 14, "bottom": 6, "containLabel": True},
        "tooltip": _tooltip(panel),
        "xAxis": _x_axis(axis, marks),
        "yAxis": _y_axis(panel, series, [reference.value for reference in references])
        | ({"name": currency, "nameTextStyle": {":color": _MUTED}} if currency else {}),
        "series": [
            _drawn_series(panel, name, points, number, names) | ({} if number else marked)
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


def _x_axis(axis: TimeAxis, marks: Sequence[Mark]) -> dict[str, Any]:
    # JSON is a JavaScript literal, which cannot do anything; ECharts escapes the head of a tooltip.
    texts = json.dumps({time: clip(text, MAX_FULL) for time, text in texts_at(marks, axis.step).items()})
    return {
        "type": "category",
        "data": [str(time) for time in axis.times],
        "axisLabel": {":formatter": f"ms => touchline.tick(+ms, {axis.end - axis.start})"}
        | {"hideOverlap": True, "alignMinLabel": "left", "alignMaxLabel": "right", ":color": _MUTED},
        "axisPointer": {"label": {":formatter": f"point => touchline.moment(+point.value, {texts})"}},
        "axisTick": {"show": False},
        "axisLine": {"lineStyle": {":color": _LINE}},
    }


def _y_axis(panel: Panel, series: Series, lines: Sequence[float]) -> dict[str, Any]:
    axis: dict[str, Any] = {
        "type": "value",
        "minInterval": 1 if panel.unit == "count" else 0,
        "axisLabel": {":formatter": f"value => touchline.value(value, '{panel.unit}')", ":color": _MUTED},
        "splitLine": {"lineStyle": {":color": _LINE}},
    }
    if panel.unit == "seconds":
        highest = _highest(series, lines)
        interval = round_seconds(highest / 5)
        # Otherwise the highest value has a label of its own, close to that of the last tick.
        axis |= {"interval": interval, "max": interval * ceil(highest / interval) or interval}
    elif lines:  # the highest reference line stays visible
        axis[":max"] = f"axis => axis.max < {max(lines)} ? {max(lines)} : null"
    return axis


def _highest(series: Series, lines: Sequence[float]) -> float:
    return max([*lines, *(value or 0 for points in series.values() for value in points)], default=0)


def _drawn_series(
    panel: Panel, name: str, points: list[float | None], number: int, names: Names
) -> dict[str, Any]:
    plain = plain_name(panel.names, name)
    shown = names.name(name) or (sentence(name) if plain == name else plain)
    title = panel.title if name == _VALUE else shown
    colour = _colour(panel, name, number, names)
    drawn: dict[str, Any] = {"id": name, "name": title, "data": points, "itemStyle": {"color": colour}}
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


def _mark_line(references: Sequence[Reference], marks: Sequence[Mark], axis: TimeAxis) -> dict[str, Any]:
    """Horizontal lines for references and the goal, vertical lines for marks."""
    horizontal = [
        {
            "yAxis": reference.value,
            "label": _mark_label(reference.label, _LABEL_POSITIONS[number % len(_LABEL_POSITIONS)]),
        }
        for number, reference in enumerate(references)
    ]
    return {
        "silent": True,
        "symbol": "none",
        "lineStyle": {"type": "dotted", ":color": "touchline.ink('--ink')"},
        "data": [*horizontal, *mark_lines(marks, axis.times, axis.step)],
    }


def _mark_label(text: str, position: str) -> dict[str, str]:
    return {"formatter": text, "position": position, ":color": _MUTED}
