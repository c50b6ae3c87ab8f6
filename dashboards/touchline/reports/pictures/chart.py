"""A chart over time as SVG: lines or stacked bars, with reference lines, changes and a legend."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from touchline.reports.pictures.scales import moment, on_axis, shown, ticks, time_ticks
from touchline.reports.pictures.svg import CHARACTER, drawing, element, label
from touchline.reports.report import Chart, Series

LEFT, RIGHT, TOP, BOTTOM = 58, 16, 14, 26
_LEGEND_LINE = 18
_NAME = 34


@dataclass(frozen=True, slots=True)
class _Plane:
    """Where values and times are drawn."""

    left: float
    top: float
    right: float
    bottom: float
    start: float
    end: float
    low: float
    high: float

    def x(self, at: float) -> float:
        return self.left + (at - self.start) / max(self.end - self.start, 1) * (self.right - self.left)

    def y(self, value: float) -> float:
        share = (value - self.low) / ((self.high - self.low) or 1)
        return self.bottom - share * (self.bottom - self.top)


def chart_picture(chart: Chart, width: int = 840, height: int = 230) -> str:
    """The chart as a picture of its own."""
    content, used = chart_content(chart, width, height)
    return drawing(width, used, chart.title, content)


def chart_content(chart: Chart, width: float, height: float, top: float = 0) -> tuple[list[str], float]:
    """The elements of a chart from `top` on, and where they end."""
    axis = ticks(*_extent(chart), chart.unit)
    step = chart.times[1] - chart.times[0] if len(chart.times) > 1 else 1
    start, end = chart.times[0], chart.times[-1] + (step if chart.stacked else 0)
    bottom = top + height - BOTTOM
    plane = _Plane(LEFT, top + TOP, width - RIGHT, bottom, start, max(end, start + 1), axis[0], axis[-1])
    content = [*_grid(chart, plane, axis)]
    content += _stack(chart, plane, step) if chart.stacked else _lines(chart, plane)
    content += _marks(chart, plane)
    legend, used = _legend(chart.series, width, top + height + 6)
    return [*content, *legend], used


def _extent(chart: Chart) -> tuple[float, float]:
    """The lowest and the highest value that is drawn, 0 included."""
    if chart.stacked:
        values = [
            sum(one or 0 for one in column)
            for column in zip(*(series.values for series in chart.series), strict=True)
        ]
    else:
        values = [value for series in chart.series for value in series.values if value is not None]
    values += [mark.at for mark in chart.references]
    return min(0.0, *values, 0.0), max(0.0, *values, 0.0) or 1.0


def _grid(chart: Chart, plane: _Plane, axis: Sequence[float]) -> Iterator[str]:
    for value in axis:
        y = plane.y(value)
        opacity = 0.35 if value == 0 else 0.14
        yield element(
            "line",
            x1=plane.left,
            x2=plane.right,
            y1=y,
            y2=y,
            stroke="currentColor",
            stroke_opacity=opacity,
        )
        yield label(on_axis(value, chart.unit), plane.left - 8, y + 4, text_anchor="end", fill_opacity=0.7)
    last = -1e9
    for at in time_ticks(int(plane.start), int(plane.end), chart.zone):
        text, x = moment(at, plane.end - plane.start, chart.zone), plane.x(at)
        if x - last < CHARACTER * (len(text) + 2) or x > plane.right - 12:
            continue
        yield label(text, x, plane.bottom + 18, text_anchor="middle", fill_opacity=0.7)
        last = x


def _lines(chart: Chart, plane: _Plane) -> Iterator[str]:
    for series in chart.series:
        for run in _runs(series, chart.times):
            if len(run) == 1:
                [(at, value)] = run
                yield element("circle", cx=plane.x(at), cy=plane.y(value), r=2.5, fill=series.colour)
                continue
            points = " ".join(f"{plane.x(at):.1f},{plane.y(value):.1f}" for at, value in run)
            yield element(
                "polyline",
                points=points,
                fill="none",
                stroke=series.colour,
                stroke_width=2,
                stroke_linejoin="round",
                stroke_dasharray="5 4" if series.dashed else None,
            )


def _runs(series: Series, times: Sequence[int]) -> Iterator[list[tuple[int, float]]]:
    """The parts of a line between its gaps."""
    run: list[tuple[int, float]] = []
    for at, value in zip(times, series.values, strict=True):
        if value is not None:
            run.append((at, value))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _stack(chart: Chart, plane: _Plane, step: int) -> Iterator[str]:
    width = max(1.0, (plane.x(plane.start + step) - plane.left) * 0.82)
    base = [0.0] * len(chart.times)
    for series in chart.series:
        for index, (at, value) in enumerate(zip(chart.times, series.values, strict=True)):
            if not value:
                continue
            top, bottom = plane.y(base[index] + value), plane.y(base[index])
            base[index] += value
            yield element(
                "rect",
                x=plane.x(at) + width * 0.1,
                y=top,
                width=width,
                height=max(0.5, bottom - top),
                fill=series.colour,
            )


def _marks(chart: Chart, plane: _Plane) -> Iterator[str]:
    for mark in chart.references:
        y = plane.y(mark.at)
        yield element(
            "line",
            x1=plane.left,
            x2=plane.right,
            y1=y,
            y2=y,
            stroke="currentColor",
            stroke_opacity=0.7,
            stroke_dasharray="3 3",
        )
        text = mark.label or shown(mark.at, chart.unit)
        yield label(text, plane.right, y - 4, text_anchor="end", fill_opacity=0.8)
    for mark in chart.changes:
        if not plane.start <= mark.at <= plane.end:
            continue
        x = plane.x(mark.at)
        yield element(
            "line",
            x1=x,
            x2=x,
            y1=plane.top,
            y2=plane.bottom,
            stroke="currentColor",
            stroke_opacity=0.6,
        )
        side = "end" if x > (plane.left + plane.right) / 2 else "start"
        yield label(
            mark.label,
            x + (-5 if side == "end" else 5),
            plane.top + 10,
            40,
            text_anchor=side,
            fill_opacity=0.8,
        )


def _legend(series: Sequence[Series], width: float, top: float) -> tuple[list[str], float]:
    """Names and colours below the chart, in as many lines as they need; none for a single series."""
    if len(series) < 2:
        return [], top
    content, x, y = [], float(LEFT), top + 10
    for one in series:
        needed = 30 + CHARACTER * min(len(one.name), _NAME)
        if x + needed > width and x > LEFT:
            x, y = float(LEFT), y + _LEGEND_LINE
        content.append(element("rect", x=x, y=y - 9, width=10, height=10, rx=2, fill=one.colour))
        content.append(label(one.name, x + 15, y, _NAME))
        x += needed
    return content, y + 8
