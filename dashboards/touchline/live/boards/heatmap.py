"""ECharts options for a heat map: the hours of the day across, what fails customers down."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from touchline.live.boards.panel_view import milliseconds
from touchline.live.labels import clip
from touchline.live.queries import Row
from touchline.panels import Panel
from touchline.panels.colours import OTHERS
from touchline.vocabulary.names import plain_name

_MAX_ROWS = 15
_LABEL = 40
_MUTED = "touchline.ink('--muted')"


def heatmap_options(panel: Panel, rows: Sequence[Row]) -> dict[str, Any]:
    """The options of the panel's heat map. Hours are added up over the days of the period.

    Rows come by hours of UTC; the browser orders and writes the hours in the reader's zone.
    """
    totals = Counter[str]()
    for row in rows:
        totals[row["series"]] += row["value"]
    names = [name for name, _ in sorted(totals.items(), key=lambda one: (-one[1], one[0]))]
    kept = names if len(names) <= _MAX_ROWS else names[: _MAX_ROWS - 1]
    shown = kept if kept == names else [*kept, OTHERS]
    cells = Counter[tuple[int, int]]()
    for row in rows:
        hour = datetime.fromtimestamp(milliseconds(row["time"]) / 1000, UTC).hour
        name = row["series"] if row["series"] in kept else OTHERS
        cells[hour, shown.index(name)] += row["value"]
    labels = [clip(plain_name(panel.names, name), _LABEL) for name in shown]
    return {
        "animation": False,
        "grid": {"left": 8, "right": 12, "top": 8, "bottom": 56, "containLabel": True},
        "tooltip": {
            "confine": True,
            # JSON is a JavaScript literal, which cannot do anything.
            ":formatter": f"point => touchline.cell(point, {json.dumps(labels)})",
            ":backgroundColor": "touchline.ink('--card')",
            ":borderColor": "touchline.ink('--line')",
            "textStyle": {":color": "touchline.ink('--ink')"},
        },
        "xAxis": _AXIS
        | {
            ":data": "touchline.hours()",
            "axisLabel": {":formatter": "hour => touchline.hour(+hour)", ":color": _MUTED},
        },
        # The first row is on top.
        "yAxis": _AXIS | {"data": labels, "inverse": True, "axisLabel": {":color": _MUTED}},
        "visualMap": {
            "min": 0,
            "max": max(cells.values(), default=1),
            "orient": "horizontal",
            "left": "center",
            "bottom": 0,
            "text": [str(max(cells.values(), default=1)), "0"],
            "inRange": {":color": "touchline.heat()"},
            "textStyle": {":color": _MUTED},
        },
        "series": [
            {
                "type": "heatmap",
                "id": panel.id,
                "name": panel.title,
                "data": [[str(hour), row, value] for (hour, row), value in sorted(cells.items())],
                "itemStyle": {":borderColor": "touchline.ink('--card')", "borderWidth": 1},
            }
        ],
    }


_AXIS = {"type": "category", "axisTick": {"show": False}, "axisLine": {"show": False}}
