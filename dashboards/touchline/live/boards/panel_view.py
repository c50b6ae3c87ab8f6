"""What the page shows for one panel: numbers, bars and cells as texts that are ready to show."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from touchline.live.labels import RuleText, clip, full_text, place_words, rule_title, sentence
from touchline.live.queries import Row
from touchline.measures import BY_NAME, format_distance, format_goal, format_value
from touchline.panels import DASHBOARDS, Column, Link, Panel, unfiltered_note, unused_filters
from touchline.panels.colours import colour_of
from touchline.vocabulary.names import plain_name

MAX_ROWS = 50
MAX_BARS = 40
_MAX_TEXT = 300

_LOSS_OF = "loss_of"
NO_BASELINE = "No baseline yet: too little data before this period."


@dataclass(frozen=True)
class Names:
    """Names for ids in the data: titles of rules, and labels of customers by their id."""

    rules: Mapping[str, RuleText]
    customers: Mapping[str, str] = field(default_factory=dict)

    def rule(self, rule: str) -> str:
        """A rule's title, or the words of its id."""
        return rule_title(rule, self.rules)

    def name(self, value: Any) -> str:
        """The name of a rule or of a customer; '' for other values."""
        return self.rule(value) if value in self.rules else self.customers.get(value, "")


@dataclass(frozen=True)
class Figure:
    """One number of a stat panel; label, level and `usual` may be ''."""

    label: str
    value: str
    level: str
    usual: str


@dataclass(frozen=True)
class Goal:
    """The team's goal, the distance to it, and whether it is met."""

    value: str
    distance: str
    met: bool


@dataclass(frozen=True)
class Bar:
    """One bar; `parts` are its segments as shares of the longest bar, `full` is a label that is clipped.

    The colours of several parts are those of the panel's legend.
    """

    label: str
    value: str
    note: str
    parts: list[float]
    full: str = ""


@dataclass(frozen=True)
class LegendEntry:
    """The name of a series or a part, with its colour."""

    name: str
    colour: str


@dataclass(frozen=True)
class Cell:
    """One cell of a table: a text or a time (ms since 1970), optionally with a link.

    `full` is the text if it is clipped; `rule` is the id of a rule that can be explained.
    """

    text: str
    time: int | None = None
    href: str = ""
    grade: bool = False
    full: str = ""
    rule: str = ""


@dataclass(frozen=True)
class PanelView:
    """A panel as the page shows it. `empty` or `error` is set if there is nothing to show.

    `notes` are sentences on how to read it. `explains`: its points can be explained.

    Charts over time are passed separately, by the panel's id.
    """

    id: str
    title: str
    question: str
    kind: str
    width: int
    explains: bool = False
    empty: str = ""
    error: str = ""
    goal: Goal | None = None
    benchmark: str = ""
    notes: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    legend: list[LegendEntry] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    numeric: list[bool] = field(default_factory=list)
    rows: list[list[Cell]] = field(default_factory=list)
    hidden: int = 0


def panel_view(panel: Panel, rows: Sequence[Row], names: Names, chosen: Collection[str] = ()) -> PanelView:
    """The panel with the rows of its query; `chosen` are the titles of filters with a value."""
    settings = _settings(panel)
    note = unfiltered_note([title for title in unused_filters(panel) if title in chosen])
    settings["notes"] = [note] if note else []
    if _has_no_data(panel, rows):
        return PanelView(**settings, empty=panel.empty)
    settings["benchmark"] = panel.benchmark
    if panel.kind != "stat" and "usual" in rows[0] and all(row["usual"] is None for row in rows):
        settings["notes"].append(NO_BASELINE)
    if panel.unsettled:
        settings["notes"].append(panel.unsettled)
    match panel.kind:
        case "stat":
            figures = [_figure(panel, row) for row in rows]
            return PanelView(**settings, goal=_goal(panel, rows[0]["value"]), figures=figures)
        case "bars" | "funnel":
            return PanelView(**settings, **_bars(panel, rows, names))
        case "table" | "sankey":
            settings["notes"] += _times_of_losses(rows)
            return PanelView(**settings, **_table(panel, rows, names))
        case "timeseries" | "heatmap":
            return PanelView(**settings)


def failed_view(panel: Panel, error: Exception) -> PanelView:
    """The panel with the error of its query."""
    message = (str(error).strip() or type(error).__name__).splitlines()[0]
    return PanelView(**_settings(panel), error=clip(message, 300))


def customers_in(panel: Panel, rows: Sequence[Row]) -> set[str]:
    """The ids of the customers in the rows of a table."""
    linked = [
        name for name, column in panel.columns.items() if column.link and column.link.variable == "customer"
    ]
    return {row[name] for row in rows for name in linked if row.get(name)}


def milliseconds(text: str) -> int:
    """A time as the store writes it (UTC), in ms since 1970."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def usual_text(usual: str) -> str:
    """The usual value in words, or that there is none ('')."""
    return f"usually {usual}" if usual else "no baseline yet"


def _settings(panel: Panel) -> dict[str, Any]:
    return {
        "id": panel.id,
        "title": panel.title,
        "question": panel.question,
        "kind": panel.kind,
        "width": panel.width,
        "explains": bool(panel.friction_series),
    }


def _has_no_data(panel: Panel, rows: Sequence[Row]) -> bool:
    """Whether there are no rows or no values, or a chart of counts has only zeros."""
    if panel.kind == "stat":
        return not rows or rows[0]["value"] is None
    if panel.kind != "timeseries":
        return not rows
    values = {value for row in rows for name, value in row.items() if name not in ("time", "series")}
    return values <= ({None, 0} if panel.unit == "count" else {None})


def _format(value: Any, unit: str) -> str:
    if value is None:
        return format_value(None, unit)
    if unit == "text" or isinstance(value, str):
        return clip(str(value), _MAX_TEXT)
    if unit == "count":
        return f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:,.1f}"
    if unit in ("strikes", "steps") and value == int(value):
        return f"{value:,.0f}"
    return format_value(value, unit)


def _figure(panel: Panel, row: Row) -> Figure:
    value, label, usual = row["value"], str(row.get("label", "")), row.get("usual")
    levels = [threshold.level for threshold in panel.thresholds if value >= threshold.value]
    return Figure(
        label="" if panel.unit == "currency" else clip(label),
        value=_format(value, label if panel.unit == "currency" else panel.unit),
        level=levels[-1] if levels else "",
        usual=usual_text(_format(usual, panel.unit) if usual is not None else "") if "usual" in row else "",
    )


def _goal(panel: Panel, value: float) -> Goal | None:
    if panel.measure is None or panel.goal is None:
        return None
    measure, goal = BY_NAME[panel.measure], panel.goal
    met = value >= goal if measure.higher_is_better else value <= goal
    return Goal(
        format_goal(goal, measure.unit, higher_is_better=measure.higher_is_better),
        format_distance(value, goal, measure.unit),
        met,
    )


def _bars(panel: Panel, rows: Sequence[Row], names: Names) -> dict[str, Any]:
    columns = [column for column in rows[0] if column != "label"]
    parts = columns if panel.stacked else columns[:1]
    longest = 1 if panel.unit == "share" else max(sum(row[part] for part in parts) for row in rows) or 1
    bars = [
        Bar(
            label=names.name(row["label"]) or clip(plain_name(panel.names, str(row["label"]))),
            value=_format(sum(row[part] for part in parts), panel.unit),
            note=_note(panel, row, rows[0], columns),
            parts=[row[part] / longest for part in parts],
            full=full_text(plain_name(panel.names, str(row["label"]))),
        )
        for row in rows[:MAX_BARS]
    ]
    legend = [LegendEntry(sentence(column), colour_of(column)) for column in columns] if panel.stacked else []
    return {"bars": bars, "legend": legend, "hidden": len(rows) - len(bars)}


def _note(panel: Panel, row: Row, first: Row, columns: Sequence[str]) -> str:
    """The line below a bar: the parts of a stacked bar, or the share and the loss of a funnel's step."""
    if panel.stacked:
        return " · ".join(
            f"{_format(row[column], panel.unit)} {sentence(column).lower()}"
            for column in columns
            if row[column]
        )
    if panel.kind != "funnel" or len(columns) == 1:
        return ""
    reached, lost = columns[:2]
    share = f"{100 * row[reached] / first[reached]:.0f} % of all" if first[reached] else ""
    loss = f"{_format(row[lost], panel.unit)} {sentence(lost).lower()} after this step" if row[lost] else ""
    # The third column, if any, is the time (s) since the step before.
    took = columns[2:] and row[columns[2]]
    time = f"half of them within {format_value(took, 'seconds')} of the step before" if took else ""
    return ", ".join(filter(None, (share, time, loss)))


def _table(panel: Panel, rows: Sequence[Row], names: Names) -> dict[str, Any]:
    """The columns that have values: first those that the panel names, in its order, then the others."""
    filled = [
        name for name in rows[0] if name != _LOSS_OF and any(row[name] not in (None, "") for row in rows)
    ]
    columns = {name: panel.columns.get(name) or Column(sentence(name), panel.unit) for name in filled}
    ordered = [name for name in panel.columns if name in columns]
    ordered += [name for name in columns if name not in panel.columns]
    return {
        "columns": [columns[name].title for name in ordered],
        "numeric": [columns[name].unit not in ("text", "time") for name in ordered],
        "rows": [[_cell(name, columns[name], row, names) for name in ordered] for row in rows[:MAX_ROWS]],
        "hidden": max(0, len(rows) - MAX_ROWS),
    }


def _times_of_losses(rows: Sequence[Row]) -> list[str]:
    """The times that the losses in a table are about: one line below it, not a cell in each row."""
    return [f"Associated loss: {of}." for of in dict.fromkeys(row.get(_LOSS_OF) for row in rows) if of]


def _cell(name: str, column: Column, row: Row, names: Names) -> Cell:
    value = row[name]
    href = _href(column.link, str(value)) if column.link and value is not None else ""
    if column.unit == "time" and value is not None:
        return Cell("", milliseconds(value), href)
    if value is None and column.missing:
        return Cell(column.missing)
    if isinstance(value, str):
        value = plain_name(name, value)
    text = names.rule(value) if name == "rule" and value else names.name(value) or _format(value, column.unit)
    if name == "place" and value:
        text = place_words(value.split(", "), names.rules)
    if name == "rules" and column.unit == "text" and value:
        text = clip(", ".join(names.rule(rule) for rule in value.split(", ")), _MAX_TEXT)
    full = full_text(value, _MAX_TEXT) if isinstance(value, str) else ""
    rule = value if name == "rule" and isinstance(value, str) else ""
    return Cell(text, None, href, grade=name == "grade" and bool(value), full=full, rule=rule)


def _href(link: Link, value: str) -> str:
    """The address of a link on this page, where a customer has a page of their own."""
    if link.variable == "customer":
        return f"/customer/{quote(value, safe='')}"
    [path] = (dashboard.path for dashboard in DASHBOARDS if dashboard.id == link.dashboard)
    return f"{path}?{urlencode({link.variable: value})}"
