"""A panel's answer as the page draws it: figures, bars and cells, in words that are ready to be shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from touchline.live.wording import RuleText, clip, sentence, title_of
from touchline.measures import BY_NAME, format_distance, format_value
from touchline.panels import Column, Link, Panel

MOST_ROWS = 50
MOST_BARS = 40

Row = Mapping[str, Any]

PAGES = {"friction": "/"}
"""Dashboards that are not at the address of their own name."""


@dataclass(frozen=True)
class Words:
    """What people call what the data name by an id: rules, and customers by what they are known as."""

    rules: Mapping[str, RuleText]
    customers: Mapping[str, str] = field(default_factory=dict)

    def rule(self, rule: str) -> str:
        """A rule's title, or words made of its id."""
        return title_of(rule, self.rules)

    def name(self, value: Any) -> str:
        """The name of a rule or of a customer; '' where it is neither."""
        return self.rule(value) if value in self.rules else self.customers.get(value, "")


@dataclass(frozen=True)
class Figure:
    """One number of a stat, with what it is of (or ''), its level (or '') and what is usual (or '')."""

    label: str
    value: str
    level: str
    usual: str


@dataclass(frozen=True)
class Goal:
    """The team's goal, whether it is met (None: nothing measured), and how far away it is."""

    value: str
    distance: str
    met: bool | None


@dataclass(frozen=True)
class Bar:
    """One row of bars: its parts as shares of the longest row, each with its number in words."""

    label: str
    value: str
    note: str
    parts: list[float]


@dataclass(frozen=True)
class Cell:
    """One cell of a table: a text, or a time (ms since 1970); perhaps with an address to go to."""

    text: str
    time: int | None = None
    href: str = ""
    grade: bool = False


@dataclass(frozen=True)
class Drawn:
    """A panel as it is drawn; where it cannot be, `empty` or `error` says why.

    A timeseries has a picture of its own, by the panel's id.
    """

    id: str
    title: str
    question: str
    kind: str
    width: int
    empty: str = ""
    error: str = ""
    goal: Goal | None = None
    benchmark: str = ""
    unsettled: str = ""
    figures: list[Figure] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    legend: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    numeric: list[bool] = field(default_factory=list)
    rows: list[list[Cell]] = field(default_factory=list)
    hidden: int = 0


def drawn(panel: Panel, rows: Sequence[Row], goals: Mapping[str, float], words: Words) -> Drawn:
    """The panel with the rows of its answer."""
    known: dict[str, Any] = _frame(panel)
    if _nothing(panel, rows):
        return Drawn(**known, empty=panel.empty)
    known["benchmark"] = panel.benchmark
    if panel.kind == "stat":
        goal = _goal(panel, rows[0]["value"], goals)
        return Drawn(**known, goal=goal, figures=[_figure(panel, row) for row in rows])
    if panel.kind in ("bars", "funnel"):
        return Drawn(**known, **_bars(panel, rows, words))
    if panel.kind == "table":
        return Drawn(**known, **_table(panel, rows, words))
    return Drawn(**known)


def customers(panel: Panel, rows: Sequence[Row]) -> set[str]:
    """The ids of the customers whom a table shows."""
    named = [name for name, one in panel.columns.items() if one.link and one.link.variable == "customer"]
    return {row[name] for row in rows[:MOST_ROWS] for name in named if row.get(name)}


def failed(panel: Panel, error: Exception) -> Drawn:
    """The panel, saying what its query failed with."""
    message = (str(error).strip() or type(error).__name__).splitlines()[0]
    return Drawn(**_frame(panel), error=clip(message, 300))


def milliseconds(text: str) -> int:
    """A time as the store writes it (UTC), in ms since 1970."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def worded(value: Any, unit: str) -> str:
    """A value with its unit; a dash, and not 0, where nothing was measured."""
    if value is None:
        return format_value(None, unit)
    if unit == "text" or isinstance(value, str):
        return clip(str(value), 300)
    if unit == "count":
        return f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:,.1f}"
    if unit in ("strikes", "steps") and value == int(value):
        return f"{value:,.0f}"
    return format_value(value, unit)


def _frame(panel: Panel) -> dict[str, Any]:
    return {
        "id": panel.id,
        "title": panel.title,
        "question": panel.question,
        "kind": panel.kind,
        "width": panel.width,
        "unsettled": panel.unsettled,
    }


def _nothing(panel: Panel, rows: Sequence[Row]) -> bool:
    """Whether there is nothing to show: no rows, nothing measured, or a picture of nothing but zeros."""
    if panel.kind == "stat":
        return not rows or rows[0]["value"] is None
    if panel.kind != "timeseries":
        return not rows
    values = {value for row in rows for name, value in row.items() if name not in ("time", "series")}
    return values <= ({None, 0} if panel.unit == "count" else {None})


def _figure(panel: Panel, row: Row) -> Figure:
    value, label = row["value"], str(row.get("label", ""))
    levels = [one.level for one in panel.thresholds if value >= one.value]
    usual = row.get("usual")
    return Figure(
        "" if panel.unit == "currency" else clip(label),
        worded(value, label if panel.unit == "currency" else panel.unit),
        levels[-1] if levels else "",
        "" if usual is None else f"usually {worded(usual, panel.unit)}",
    )


def _goal(panel: Panel, value: float | None, goals: Mapping[str, float]) -> Goal | None:
    if panel.measure is None or panel.measure not in goals:
        return None
    measure, goal = BY_NAME[panel.measure], goals[panel.measure]
    if value is None:
        return Goal(format_value(goal, measure.unit), "", None)
    distance = value - goal if measure.higher_is_better else goal - value
    return Goal(format_value(goal, measure.unit), format_distance(value, goal, measure.unit), distance >= 0)


def _bars(panel: Panel, rows: Sequence[Row], words: Words) -> dict[str, Any]:
    names = [name for name in rows[0] if name != "label"]
    parts = names if panel.stacked else names[:1]
    longest = 1 if panel.unit == "share" else max(sum(row[name] for name in parts) for row in rows) or 1
    found = [
        Bar(
            words.name(row["label"]) or clip(str(row["label"])),
            worded(sum(row[name] for name in parts), panel.unit),
            _note(panel, row, rows[0], names),
            [row[name] / longest for name in parts],
        )
        for row in rows[:MOST_BARS]
    ]
    legend = [sentence(name) for name in names] if panel.stacked else []
    return {"bars": found, "legend": legend, "hidden": len(rows) - len(found)}


def _note(panel: Panel, row: Row, first: Row, names: Sequence[str]) -> str:
    if panel.stacked:
        return " · ".join(
            f"{worded(row[name], panel.unit)} {sentence(name).lower()}" for name in names if row[name]
        )
    if panel.kind == "funnel" and len(names) > 1:
        share = f"{100 * row[names[0]] / first[names[0]]:.0f} % of all" if first[names[0]] else ""
        lost = (
            f"{worded(row[names[1]], panel.unit)} {sentence(names[1]).lower()} after it"
            if row[names[1]]
            else ""
        )
        return ", ".join(filter(None, (share, lost)))
    return ""


def _table(panel: Panel, rows: Sequence[Row], words: Words) -> dict[str, Any]:
    known = [name for name in rows[0] if any(row[name] is not None for row in rows)]
    columns = {name: panel.columns.get(name) or Column(sentence(name), panel.unit) for name in known}
    ordered = [name for name in panel.columns if name in columns]
    ordered += [name for name in columns if name not in panel.columns]
    return {
        "columns": [columns[name].title for name in ordered],
        "numeric": [columns[name].unit not in ("text", "time") for name in ordered],
        "rows": [[_cell(name, columns[name], row, words) for name in ordered] for row in rows[:MOST_ROWS]],
        "hidden": max(0, len(rows) - MOST_ROWS),
    }


def _cell(name: str, column: Column, row: Row, words: Words) -> Cell:
    value = row[name]
    href = _address(column.link, str(value)) if column.link and value is not None else ""
    if column.unit == "time" and value is not None:
        return Cell("", milliseconds(value), href)
    text = words.rule(value) if name == "rule" else words.name(value) or worded(value, column.unit)
    return Cell(text, None, href, grade=name == "grade" and bool(value))


def _address(link: Link, value: str) -> str:
    """Where a cell leads on this page: a customer has a page of their own."""
    if link.variable == "customer":
        return f"/customer/{quote(value, safe='')}"
    return f"{page_of(link.dashboard)}?{urlencode({link.variable: value})}"


def page_of(dashboard: str) -> str:
    """The address of a dashboard."""
    return PAGES.get(dashboard, f"/{dashboard}")
