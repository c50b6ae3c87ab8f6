"""ECharts options for a Sankey diagram: how many customers went from where to where."""

from collections.abc import Sequence
from typing import Any

from touchline.live.queries import Row
from touchline.panels import Panel
from touchline.panels.colours import GREY, colour_of
from touchline.panels.ways import THEN

_STEP = "#4477aa"
_COLOURS = {
    f"{THEN}nothing": GREY,
    f"{THEN}something else": "#a0a7b1",
    f"{THEN}a friction": "#b3261e",
    f"{THEN}a contact": "#228833",
    f"{THEN}back to the shop": "#b8860b",
}
_GAPS = 180
"""Pixels that the gaps between nodes take of the height, at most."""

_NARROW = 460
"""Pixels: a chart that is not wider has small labels, with short lines."""


def sankey_options(panel: Panel, rows: Sequence[Row]) -> dict[str, Any]:
    """The options of the panel's diagram. Steps are in the order of the rows, before what came after."""
    steps = dict.fromkeys(row["source"] for row in rows)
    steps |= dict.fromkeys(row["target"] for row in rows if not row["target"].startswith(THEN))
    ends = dict.fromkeys(row["target"] for row in rows if row["target"] not in steps)
    return {
        "animation": False,
        "tooltip": {
            "confine": True,
            ":formatter": "touchline.flow",
            ":backgroundColor": "touchline.ink('--card')",
            ":borderColor": "touchline.ink('--line')",
            "textStyle": {":color": "touchline.ink('--ink')"},
        },
        "series": [
            {
                "type": "sankey",
                "id": panel.id,
                "name": panel.title,
                "left": 4,
                "top": 12,
                "bottom": 12,
                "nodeWidth": 12,
                "nodeGap": min(26, _GAPS / (len(ends) + 1)),
                "labelLayout": {"hideOverlap": True},
                "draggable": False,
                "emphasis": {"focus": "adjacency"},
                "lineStyle": {"color": "target", "opacity": 0.35},
                "data": [{"name": name, "itemStyle": {"color": _colour(name)}} for name in (*steps, *ends)],
                "links": [
                    {"source": row["source"], "target": row["target"], "value": row["customers"]}
                    for row in rows
                ],
            }
        ],
        # The last one is for all other widths: without it, a chart that was narrow once stays as it was.
        "media": [
            {"query": {"maxWidth": _NARROW}, "option": {"series": [_sized(panel, 116, narrow=True)]}},
            {"option": {"series": [_sized(panel, 148)]}},
        ],
    }


def _sized(panel: Panel, margin: int, *, narrow: bool = False) -> dict[str, Any]:
    """The series with a margin (pixels) for the labels of the last nodes.

    Labels have lines of at most 12 or 24 characters: a width in pixels would hide those beside another one.
    """
    label = {
        ":formatter": f"point => touchline.node(point, {12 if narrow else 24})",
        ":color": "touchline.ink('--ink')",
        ":textBorderColor": "touchline.ink('--card')",
        "textBorderWidth": 3,
        "fontSize": 11 if narrow else 12,
        "lineHeight": 13 if narrow else 14,
    }
    return {"id": panel.id, "right": margin, "label": label}


def _colour(name: str) -> str:
    return _COLOURS.get(name) or (colour_of(name) if name.startswith(THEN) else _STEP)
