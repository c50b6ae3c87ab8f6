"""Marks of moments and periods in charts over time: deployed changes, and notes."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from touchline.live.labels import clip

_MAX_MARK = 40
_COLOURS = {"change": "touchline.ink('--ink')", "note": "touchline.ink('--link')"}


@dataclass(frozen=True)
class Mark:
    """A moment, or a period if `end` is not None (ms since 1970), with its text."""

    start: int
    end: int | None
    text: str
    kind: Literal["change", "note"]


def texts_at(marks: Sequence[Mark], step: int) -> dict[int, str]:
    """The texts of all marks at each point in time that begins one; points are `step` ms apart."""
    texts: dict[int, list[str]] = defaultdict(list)
    for mark in marks:
        texts[mark.start // step * step].append(mark.text)
    return {time: "; ".join(at) for time, at in texts.items()}


def mark_lines(marks: Sequence[Mark], times: Sequence[int], step: int) -> list[dict[str, Any]]:
    """ECharts' vertical lines: one for each kind and point in time, at the first point for earlier marks."""
    lines: dict[tuple[int, str], list[str]] = defaultdict(list)
    for mark in marks:
        if mark.start <= times[-1] + step:
            lines[_point(mark.start, times, step), mark.kind].append(mark.text)
    return [
        {
            "xAxis": str(time),
            "lineStyle": {":color": _COLOURS[kind], "type": "dotted" if kind == "change" else "dashed"},
            "label": {
                "formatter": clip("; ".join(texts), _MAX_MARK),
                "position": "insideEndTop",
                ":color": "touchline.ink('--muted')",
            },
        }
        for (time, kind), texts in lines.items()
    ]


def mark_areas(marks: Sequence[Mark], times: Sequence[int], step: int) -> dict[str, Any]:
    """ECharts' areas: one for each mark that lasts."""
    return {
        "silent": True,
        "itemStyle": {":color": _COLOURS["note"], "opacity": 0.08},
        "data": [
            [
                {"xAxis": str(_point(mark.start, times, step))},
                {"xAxis": str(_point(mark.end, times, step))},
            ]
            for mark in marks
            if mark.end is not None
        ],
    }


def _point(time: int, times: Sequence[int], step: int) -> int:
    """The point of the axis at a time, within the axis."""
    return min(max(time // step * step, times[0]), times[-1])
