"""A timeseries as an ECharts picture: lines, or bars upon each other, with reference lines."""

from collections.abc import Sequence
from typing import Any

from touchline.live.drawing import Row, Words, milliseconds
from touchline.live.wording import clip, sentence
from touchline.panels import Panel, Reference

_MUTED = "touchline.ink('--muted')"
_LINE = "touchline.ink('--line')"
_COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#77808c")
_MOST_SERIES = 6
_OTHERS = "All others"
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400)
_PLACES = ("insideStartTop", "insideMiddleTop", "insideEndTop")
"""Of names of reference lines, which may lie close to each other."""

Series = dict[str, list[float | None]]


def options(
    panel: Panel,
    rows: Sequence[Row],
    start: int,
    end: int,
    interval: int,
    words: Words,
    changes: Sequence[Row] = (),
) -> dict[str, Any]:
    """The picture's options for points every `interval` seconds; `changes` have a `time` and a `title`."""
    step = interval * 1000
    times = list(range(start // step * step, end + 1, step))
    found = _series(panel, rows, times)
    found = {name: values for name, values in found.items() if any(value is not None for value in values)}
    unit = f"'{panel.unit}'"
    lines = [reference.value for reference in _references(panel)]
    return {
        "animation": False,
        "grid": {"left": 8, "right": 36, "top": 14, "bottom": 30, "containLabel": True},
        "legend": {"type": "scroll", "bottom": 0, "icon": "roundRect", "itemWidth": 12, "itemHeight": 12}
        | {"textStyle": {":color": _MUTED}, "show": len(found) > 1},
        "tooltip": {
            "trigger": "axis",
            "axisPointer": {"type": "shadow" if panel.stacked else "line"},
            "confine": True,
            "order": "seriesDesc",
            ":valueFormatter": f"value => touchline.value(value, {unit})",
            ":backgroundColor": "touchline.ink('--card')",
            ":borderColor": _LINE,
            "textStyle": {":color": "touchline.ink('--ink')"},
        },
        "xAxis": {
            "type": "category",
            "data": [str(time) for time in times],
            "axisLabel": {":formatter": f"ms => touchline.tick(+ms, {end - start})"}
            | {"hideOverlap": True, "alignMinLabel": "left", "alignMaxLabel": "right", ":color": _MUTED},
            "axisPointer": {"label": {":formatter": "one => touchline.when(+one.value)"}},
            "axisTick": {"show": False},
            "axisLine": {"lineStyle": {":color": _LINE}},
        },
        "yAxis": {
            "type": "value",
            "minInterval": 1 if panel.unit == "count" else 0,
            "axisLabel": {":formatter": f"value => touchline.value(value, {unit})", ":color": _MUTED},
            "splitLine": {"lineStyle": {":color": _LINE}},
        }
        | ({"interval": _step(found, lines)} if panel.unit == "seconds" else {})
        | ({":max": f"seen => seen.max < {max(lines)} ? {max(lines)} : null"} if lines else {}),
        "series": [
            _drawn(panel, name, values, number, words)
            | ({} if number else {"markLine": _marks(panel, changes, step)})
            for number, (name, values) in enumerate(found.items())
        ],
    }


def _series(panel: Panel, rows: Sequence[Row], times: Sequence[int]) -> Series:
    """Values by series, one a point of time; the smallest of many come together where they can be added."""
    place = {time: number for number, time in enumerate(times)}
    nothing = 0 if panel.stacked else None
    found: Series = {}
    for row in rows:
        at = place.get(milliseconds(row["time"]))
        told = (
            {row["series"]: row["value"]}
            if "series" in row
            else {k: v for k, v in row.items() if k != "time"}
        )
        for name, value in told.items():
            values = found.setdefault(name, [nothing] * len(times))
            if at is not None:
                values[at] = value
    if not panel.stacked or len(found) <= _MOST_SERIES + 1:
        return found
    ordered = sorted(found, key=lambda name: -sum(value or 0 for value in found[name]))
    kept = {name: found[name] for name in ordered[:_MOST_SERIES]}
    rest = [found[name] for name in ordered[_MOST_SERIES:]]
    return kept | {_OTHERS: [sum(value or 0 for value in values) for values in zip(*rest, strict=True)]}


def _step(found: Series, lines: Sequence[float]) -> int:
    """Seconds between two ticks, so that they read with ease: seconds, minutes, hours or days."""
    most = max([*lines, *(value or 0 for values in found.values() for value in values)], default=0)
    return next((step for step in _STEPS if 5 * step >= most), int(most) // 5)


def _drawn(panel: Panel, name: str, values: list[float | None], number: int, words: Words) -> dict[str, Any]:
    title = panel.title if name == "value" else words.name(name) or sentence(name)
    colour = _COLOURS[-1] if name in (_OTHERS, "usual") else _COLOURS[number % (len(_COLOURS) - 1)]
    series: dict[str, Any] = {
        "name": title,
        "data": values,
        "itemStyle": {"color": colour},
    }
    if panel.stacked:
        return series | {"type": "bar", "stack": panel.id, "barCategoryGap": "18%"}
    dashed = {"type": "dashed"} if name == "usual" else {}
    lonely = sum(value is not None for value in values) < len(values)
    return series | {
        "type": "line",
        "lineStyle": {"width": 2, **dashed},
        "symbolSize": 5,
        "showSymbol": lonely and name != "usual",
        "z": 1 if name == "usual" else 2,
    }


def _marks(panel: Panel, changes: Sequence[Row], step: int) -> dict[str, Any]:
    """Lines for references, the goal and deployed changes."""
    deployed = {milliseconds(row["time"]) // step * step: clip(row["title"], 40) for row in changes}
    return {
        "silent": True,
        "symbol": "none",
        "lineStyle": {"type": "dotted", ":color": "touchline.ink('--ink')"},
        "data": [
            {
                "yAxis": one.value,
                "label": {
                    "formatter": one.label,
                    "position": _PLACES[number % len(_PLACES)],
                    ":color": _MUTED,
                },
            }
            for number, one in enumerate(_references(panel))
        ]
        + [
            {"xAxis": str(time), "label": {"formatter": title, "position": "insideEndTop", ":color": _MUTED}}
            for time, title in deployed.items()
        ],
    }


def _references(panel: Panel) -> list[Reference]:
    goal = [] if panel.goal is None else [Reference(panel.goal, "Goal")]
    return [*panel.references, *goal]
