"""A panel as a picture (SVG): its title and question, what it shows, and what it is compared with."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from touchline.live.boards.chart import TimeAxis, chart_options
from touchline.live.boards.loading import POINTS, LoadedPanel
from touchline.live.boards.panel_view import Bar, Cell, Figure, PanelView, panel_view
from touchline.live.labels import clip
from touchline.panels import interval
from touchline.reports.pictures.chart import chart_content
from touchline.reports.pictures.svg import CHARACTER, drawing, element, label
from touchline.reports.report import Chart, Mark, Series
from touchline.vocabulary.moments import in_words

WIDTH = 840
MAX_ROWS = 25
"""Rows of a table in a picture."""

MAX_COLUMNS = 8

_MARGIN = 24
_INSIDE = WIDTH - 2 * _MARGIN
_LEVELS = {"good": "#1d7a46", "warn": "#8a5a00", "bad": "#b3261e"}
_BAR = "#8795a8"
_MUTED = 0.7
_ROW = 24

Drawn = tuple[list[str], float]
"""Elements, and where they end (y)."""


def panel_picture(loaded: LoadedPanel, zone: str) -> str:
    """The panel as SVG on white; times are in a zone."""
    view = panel_view(loaded.panel, loaded.rows, loaded.names)
    content, y = _head(loaded, view, zone)
    if view.empty:
        drawn: Drawn = ([label(view.empty, _MARGIN, y + 40, 120, fill_opacity=_MUTED)], y + 70)
    else:
        drawn = _body(loaded, view, y, zone)
    content += drawn[0]
    notes = [note for note in (*view.notes, view.benchmark and f"Industry: {view.benchmark}") if note]
    y = drawn[1] + (10 if notes else 0)
    for note in notes:
        content.append(label(note, _MARGIN, y + 10, 130, fill_opacity=_MUTED))
        y += 18
    height = y + 14
    paper = element("rect", width=WIDTH, height=height, fill="#fff")
    inked = element("g", *content, color="#1b2330")
    return drawing(WIDTH, height, f"{view.title}: {view.question}", [paper, inked])


def _head(loaded: LoadedPanel, view: PanelView, zone: str) -> Drawn:
    span = f"{in_words(loaded.start, zone)} to {in_words(loaded.end, zone)}"
    content = [
        label(view.title, _MARGIN, 36, 80, font_size=18, font_weight=650),
        label(view.question, _MARGIN, 58, 120, font_size=13, fill_opacity=_MUTED),
        label(span, _MARGIN, 76, 120, fill_opacity=_MUTED),
    ]
    return content, 90.0


def _body(loaded: LoadedPanel, view: PanelView, y: float, zone: str) -> Drawn:
    match view.kind:
        case "stat":
            return _figures(view, y)
        case "timeseries":
            return _chart(loaded, y, zone)
        case "bars" | "funnel":
            return _bars(view, y)
        case "table" | "sankey":
            return _table(view.columns, view.numeric, view.rows, view.hidden, y, zone)
    note = "This kind of panel has no picture: use --csv."
    return [label(note, _MARGIN, y + 40, 120, fill_opacity=_MUTED)], y + 70


def _figures(view: PanelView, y: float) -> Drawn:
    content: list[str] = []
    for index, figure in enumerate(view.figures[:4]):
        content += _figure(figure, _MARGIN + index * _INSIDE / 4, y)
    y += 80
    if (goal := view.goal) is not None:
        result = f"Goal {goal.value}: {'met' if goal.met else 'missed'}, {goal.distance}"
        content.append(label(result, _MARGIN, y, 120, fill=_LEVELS["good" if goal.met else "bad"]))
        y += 14
    return content, y


def _figure(figure: Figure, x: float, y: float) -> Iterator[str]:
    colour = _LEVELS.get(figure.level, "currentColor")
    yield label(figure.value, x, y + 44, 20, font_size=34, font_weight=650, fill=colour)
    yield label(" · ".join(filter(None, (figure.label, figure.usual))), x, y + 64, 40, fill_opacity=_MUTED)


def _chart(loaded: LoadedPanel, y: float, zone: str) -> Drawn:
    step = interval(loaded.start, loaded.end, POINTS)
    axis = TimeAxis(loaded.start, loaded.end, step)
    drawn = chart_options(loaded.panel, loaded.rows, axis, loaded.names)["series"]
    panel = loaded.panel
    goal = [] if panel.goal is None else [Mark("Goal", panel.goal)]
    chart = Chart(
        title=panel.title,
        times=tuple(axis.times),
        series=tuple(
            Series(
                one["name"],
                tuple(one["data"]),
                one["itemStyle"]["color"],
                one.get("lineStyle", {}).get("type") == "dashed",
            )
            for one in drawn
        ),
        unit=panel.unit,
        zone=zone,
        stacked=panel.stacked,
        references=(*(Mark(one.label, one.value) for one in panel.references), *goal),
    )
    return chart_content(chart, WIDTH, 260, y)


def _bars(view: PanelView, y: float) -> Drawn:
    content: list[str] = []
    for bar in view.bars[:MAX_ROWS]:
        content += _bar(bar, view, y)
        y += 40 if bar.note else 32
    if view.legend:
        x = float(_MARGIN)
        for entry in view.legend:
            content.append(element("rect", x=x, y=y + 2, width=10, height=10, rx=2, fill=entry.colour))
            content.append(label(entry.name, x + 16, y + 11, 40))
            x += 36 + CHARACTER * len(entry.name)
        y += 20
    hidden = view.hidden + max(0, len(view.bars) - MAX_ROWS)
    if hidden:
        content.append(label(f"and {hidden:,} more", _MARGIN, y + 12, fill_opacity=_MUTED))
        y += 18
    return content, y


def _bar(bar: Bar, view: PanelView, y: float) -> Iterator[str]:
    yield label(bar.label, _MARGIN, y + 12, 70)
    yield label(bar.value, _MARGIN + _INSIDE, y + 12, text_anchor="end", font_weight=650)
    yield element("rect", x=_MARGIN, y=y + 17, width=_INSIDE, height=8, rx=4, fill="#eef1f5")
    x = float(_MARGIN)
    for index, part in enumerate(bar.parts):
        width = _INSIDE * min(1.0, max(0.0, part))
        colour = view.legend[index].colour if index < len(view.legend) else _BAR
        if width:
            yield element("rect", x=x, y=y + 17, width=width, height=8, rx=4, fill=colour)
        x += width
    if bar.note:
        yield label(bar.note, _MARGIN, y + 37, 110, fill_opacity=_MUTED, font_size=11)


def _table(
    titles: Sequence[str],
    numeric: Sequence[bool],
    rows: Sequence[Sequence[Cell]],
    hidden: int,
    y: float,
    zone: str,
) -> Drawn:
    titles, numeric = titles[:MAX_COLUMNS], numeric[:MAX_COLUMNS]
    texts = [[_text(cell, zone) for cell in row[:MAX_COLUMNS]] for row in rows[:MAX_ROWS]]
    widths = _widths(titles, texts)
    content = list(_row(titles, numeric, widths, y + 14, _MUTED))
    for texts_of_row in texts:
        y += _ROW
        content.append(
            element(
                "line",
                x1=_MARGIN,
                x2=_MARGIN + _INSIDE,
                y1=y - 2,
                y2=y - 2,
                stroke="currentColor",
                stroke_opacity=0.14,
            )
        )
        content += _row(texts_of_row, numeric, widths, y + 14, 1.0)
    y += _ROW
    more = hidden + max(0, len(rows) - MAX_ROWS)
    if more:
        content.append(label(f"and {more:,} more", _MARGIN, y + 12, fill_opacity=_MUTED))
        y += 18
    return content, y


def _row(
    texts: Sequence[str], numeric: Sequence[bool], widths: Sequence[float], y: float, opacity: float
) -> Iterator[str]:
    x = float(_MARGIN)
    for text, is_number, width in zip(texts, numeric, widths, strict=True):
        longest = max(2, int((width - 10) / CHARACTER))
        at, anchor = (x + width - 12, "end") if is_number else (x, "start")
        yield label(text, at, y, longest, text_anchor=anchor, fill_opacity=opacity)
        x += width


def _widths(titles: Sequence[str], texts: Sequence[Sequence[str]]) -> list[float]:
    """Widths of columns by their longest text, together as wide as the picture."""
    wanted = [
        min(44, max([len(title), *(len(row[index]) for row in texts)])) + 3
        for index, title in enumerate(titles)
    ]
    return [_INSIDE * width / sum(wanted) for width in wanted]


def _text(cell: Cell, zone: str) -> str:
    if cell.time is None:
        return cell.text
    return clip(f"{datetime.fromtimestamp(cell.time / 1000, ZoneInfo(zone)):%Y-%m-%d %H:%M}")
