"""Friction over time as an ECharts picture: stacked bars, a colour a rule."""

from typing import Any

from touchline.live.overview import Overview

_MUTED = "touchline.ink('--muted')"
_LINE = "touchline.ink('--line')"


def options(overview: Overview | None) -> dict[str, Any]:
    """The picture's ECharts options; without an overview, an empty one."""
    if overview is None or overview.empty:
        return {"series": []}
    slots = len(overview.series[0].counts) if overview.series else 0
    return {
        "animation": False,
        "grid": {"left": 8, "right": 8, "top": 12, "bottom": 30, "containLabel": True},
        "legend": {"type": "scroll", "bottom": 0, "icon": "roundRect", "itemWidth": 12, "itemHeight": 12}
        | {"textStyle": {":color": _MUTED}},
        "tooltip": {
            "trigger": "axis",
            "axisPointer": {"type": "shadow"},
            "confine": True,
            "order": "seriesDesc",
            ":backgroundColor": "touchline.ink('--card')",
            ":borderColor": _LINE,
            "textStyle": {":color": "touchline.ink('--ink')"},
        },
        "xAxis": {
            "type": "category",
            "data": [str(overview.origin + slot * overview.bucket) for slot in range(slots)],
            "axisLabel": {
                ":formatter": f"ms => touchline.tick(+ms, {overview.bucket})",
                "hideOverlap": True,
                ":color": _MUTED,
            },
            "axisPointer": {"label": {":formatter": "one => touchline.when(+one.value)"}},
            "axisTick": {"show": False},
            "axisLine": {"lineStyle": {":color": _LINE}},
        },
        "yAxis": {
            "type": "value",
            "minInterval": 1,
            "axisLabel": {":color": _MUTED},
            "splitLine": {"lineStyle": {":color": _LINE}},
        },
        "series": [
            {
                "name": one.title,
                "type": "bar",
                "stack": "frictions",
                "barCategoryGap": "18%",
                "data": one.counts,
                "itemStyle": {"color": one.colour},
            }
            for one in overview.series
        ],
    }
