"""Loads a dashboard. Panels are queried one by one, so that a failing query fails its panel alone."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

from touchline.live import queries
from touchline.live.boards.chart import TimeAxis, chart_options, legend_of
from touchline.live.boards.heatmap import heatmap_options
from touchline.live.boards.marks import Mark
from touchline.live.boards.panel_view import (
    MAX_ROWS,
    Names,
    PanelView,
    customers_in,
    failed_view,
    milliseconds,
    panel_view,
    usual_text,
)
from touchline.live.boards.sankey import sankey_options
from touchline.live.boards.spans import Period, window
from touchline.live.desk.notes import Note, read_notes
from touchline.live.labels import RuleText, clip, customer_label, full_text
from touchline.live.queries import Row, Store, run
from touchline.panels import CHANGES, DASHBOARDS, Dashboard, Panel, Variable, expand, interval, panels_with
from touchline.panels.boards.fixes import CHANGES as CHANGE
from touchline.panels.boards.fixes import DASHBOARD as FIXES
from touchline.panels.losses import HEADLINE as LOSS_OF_ALL
from touchline.panels.sql import SEGMENTS
from touchline.segments.funnels import with_funnels
from touchline.segments.saved import FUNNELS_SQL, saved_funnels
from touchline.vocabulary.names import plain_name

MAX_CHOICES = 300
_CHOICES_MS = 60_000
MAX_NAMED = 1_000
"""Rows of one panel whose customers get a label; further ones keep their id."""

POINTS = 60
_DASHBOARDS = {dashboard.id: dashboard for dashboard in DASHBOARDS}


@dataclass(frozen=True)
class View:
    """What a reader has selected: a dashboard, a period, and values of its filters."""

    dashboard: str
    period: Period
    chosen: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Filter:
    """A filter: its values with their titles, or a free text. `chosen` is '' if all values are."""

    name: str
    title: str
    values: list[tuple[str, str]]
    chosen: str
    text: bool


@dataclass(frozen=True)
class Headline:
    """The number of frictions, the usual number in words, and the rule and touchpoint with the most.

    `loss` is the associated loss of all rules together with its interval, and `loss_of` the time that it is
    about; both are '' if it is not known.
    """

    frictions: int
    usual: str
    rule: str
    rule_frictions: int
    touchpoint: str
    loss: str = ""
    loss_of: str = ""


@dataclass(frozen=True)
class DeployedChange:
    """A change that was deployed, at a time in ms; `full` is the name if it is clipped.

    `href` is the address of what it did.
    """

    at: int
    name: str
    full: str
    href: str = ""


@dataclass(frozen=True)
class Board:
    """A dashboard with its panels; times in ms since 1970.

    `empty`: the store has no event. `old`: the period ends at the newest event, not now. `past`: the period
    has ended, so its panels are loaded once.
    """

    span: str
    empty: bool = False
    start: int = 0
    end: int = 0
    first: int = 0
    newest: int = 0
    old: bool = False
    past: bool = False
    filters: list[Filter] = field(default_factory=list)
    headline: Headline | None = None
    changes: list[DeployedChange] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    panels: list[PanelView] = field(default_factory=list)


@dataclass(frozen=True)
class LoadedBoard:
    """A board, and the ECharts options of its charts by panel id."""

    board: Board
    charts: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Results:
    """Rows of the panels that answered, and errors of the others, by panel id."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    errors: dict[str, Exception] = field(default_factory=dict)


class Choices:
    """The values of filters, shared by all boards. Used by one thread.

    They seldom change, but a query for them reads the events of all time, so each is queried once a minute.
    Filters without a value and segments, which people add on the page, are queried each time.
    """

    def __init__(self) -> None:
        self._read: dict[str, tuple[int, list[Row]]] = {}

    def of(self, store: Store, variable: Variable, now: int) -> list[Row]:
        """The rows of a filter's query at the time `now` (ms); none for a filter with a free text."""
        if not variable.sql:
            return []
        at, rows = self._read.get(variable.name, (0, []))
        if not rows or now - at >= _CHOICES_MS or variable.name == SEGMENTS.name:
            rows = run(store, variable.sql)
            self._read[variable.name] = now, rows
        return rows


def load(
    store: Store,
    view: View,
    now: int,
    goals: Mapping[str, float],
    rules: Mapping[str, RuleText],
    choices: Choices | None = None,
) -> LoadedBoard:
    """Query all panels of a view at the time `now` (ms).

    `choices` remembers the values of filters from one load to the next.

    Raises what the store raises if no panel can be read.
    """
    period = window(store, view.period, now)
    if period is None:
        return LoadedBoard(Board(view.period.span, empty=True))
    axis = TimeAxis(period.start, period.end, interval(period.start, period.end, POINTS))
    dashboard = _DASHBOARDS[view.dashboard]
    panels = [panel for panel in _panels(store, goals) if panel.dashboard == dashboard.id]
    results = _query(store, panels, view, axis)
    changes = run(store, expand(CHANGES.sql, axis.start, axis.end, axis.interval))
    notes = read_notes(store, dashboard.id, axis.start, axis.end)
    marks = [_change_mark(row) for row in changes] + [_note_mark(note) for note in notes]
    names = Names(rules, _customer_names(store, panels, results))
    choose = partial((choices or Choices()).of, store, now=now)
    views = {panel.id: _view(panel, results, names, _chosen_titles(dashboard, view)) for panel in panels}
    charts = {
        panel.id: chart_options(panel, results.rows[panel.id], axis, names, marks)
        for panel in panels
        if panel.kind == "timeseries" and panel.id in results.rows and not views[panel.id].empty
    }
    views |= {id_: replace(views[id_], legend=legend_of(options)) for id_, options in charts.items()}
    charts |= {
        panel.id: heatmap_options(panel, results.rows[panel.id])
        for panel in panels
        if panel.kind == "heatmap" and results.rows.get(panel.id)
    }
    charts |= {
        panel.id: sankey_options(panel, results.rows[panel.id])
        for panel in panels
        if panel.kind == "sankey" and results.rows.get(panel.id)
    }
    board = Board(
        span=view.period.span,
        start=period.start,
        end=period.end,
        first=period.first,
        newest=period.newest,
        old=period.old,
        past=period.past,
        filters=_filters(dashboard, dict(view.chosen), names, choose),
        headline=_headline(store, results.rows, names),
        changes=[_change(row) for row in changes],
        notes=notes,
        panels=list(views.values()),
    )
    return LoadedBoard(board, charts)


@dataclass(frozen=True)
class LoadedPanel:
    """One panel with its rows and the names in them; the period is in ms since 1970."""

    panel: Panel
    rows: list[Row]
    names: Names
    start: int
    end: int


def load_panel(
    store: Store,
    panel_id: str,
    view: View,
    now: int,
    goals: Mapping[str, float],
    rules: Mapping[str, RuleText],
) -> LoadedPanel | None:
    """Query one panel of a view at the time `now` (ms); None if the store has no event.

    Raises what the store raises, and KeyError for an unknown panel.
    """
    panel = {panel.id: panel for panel in _panels(store, goals)}[panel_id]
    period = window(store, view.period, now)
    if period is None:
        return None
    axis = TimeAxis(period.start, period.end, interval(period.start, period.end, POINTS))
    results = _query(store, [panel], view, axis)
    names = Names(rules, _customer_names(store, [panel], results, MAX_NAMED))
    return LoadedPanel(panel, results.rows[panel_id], names, period.start, period.end)


def _panels(store: Store, goals: Mapping[str, float]) -> list[Panel]:
    """All panels, with those of the saved funnels."""
    saved = saved_funnels(store.query(FUNNELS_SQL, {}).result_rows)
    return with_funnels(panels_with(goals), [found.definition for found in saved if found.definition])


def _query(store: Store, panels: list[Panel], view: View, axis: TimeAxis) -> _Results:
    chosen = {name: [value] for name, value in view.chosen if value}
    results = _Results()
    for panel in panels:
        try:
            sql = expand(panel.sql, axis.start, axis.end, axis.interval, chosen)
            results.rows[panel.id] = run(store, sql)
        except Exception as error:  # any error of one panel; the other panels are still shown
            results.errors[panel.id] = error
    if results.errors and not results.rows:
        raise next(iter(results.errors.values()))
    return results


def _customer_names(
    store: Store, panels: list[Panel], results: _Results, most: int = MAX_ROWS
) -> dict[str, str]:
    """Labels of the customers in the first `most` rows of each table, by customer id."""
    ids = sorted(
        {id_ for panel in panels for id_ in customers_in(panel, results.rows.get(panel.id, [])[:most])}
    )
    rows = run(store, queries.IDENTIFIERS_OF_CUSTOMERS, customers=ids) if ids else []
    return {row["owner"]: customer_label(row["entities"]) for row in rows}


def _view(panel: Panel, results: _Results, names: Names, chosen: Collection[str]) -> PanelView:
    if panel.id in results.errors:
        return failed_view(panel, results.errors[panel.id])
    return panel_view(panel, results.rows[panel.id], names, chosen)


def _chosen_titles(dashboard: Dashboard, view: View) -> set[str]:
    chosen = {name for name, value in view.chosen if value}
    return {variable.title for variable in dashboard.variables if variable.name in chosen}


def _change(row: Row) -> DeployedChange:
    name = ": ".join(filter(None, (row["title"], row["text"])))
    href = f"{FIXES.path}?{urlencode({CHANGE.name: row['title']})}" if row["title"] else ""
    return DeployedChange(milliseconds(row["time"]), clip(name), full_text(name), href)


def _change_mark(row: Row) -> Mark:
    return Mark(milliseconds(row["time"]), None, row["title"], "change")


def _note_mark(note: Note) -> Mark:
    return Mark(note.starts_at, note.ends_at, note.text, "note")


def _filters(
    dashboard: Dashboard, chosen: Mapping[str, str], names: Names, choose: Callable[[Variable], list[Row]]
) -> list[Filter]:
    """The filters that have values, or a chosen one."""
    filters = [
        _filter(variable, choose(variable), chosen.get(variable.name, ""), names)
        for variable in dashboard.variables
    ]
    return [found for found in filters if found.text or found.values]


def _filter(variable: Variable, rows: list[Row], chosen: str, names: Names) -> Filter:
    def title(value: str) -> str:
        return names.rule(value) if variable.name == "rule" else clip(plain_name(variable.name, value))

    # A second column is the title of the value in the first one.
    found = {str(value): clip(str(own[0])) if own else title(str(value)) for value, *own in map(_cells, rows)}
    values = [(value, name) for value, name in sorted(found.items()) if value]
    values = sorted(values, key=lambda choice: choice[1].casefold())[:MAX_CHOICES]
    if chosen and chosen not in dict(values):
        values.insert(0, (chosen, title(chosen)))
    return Filter(
        name=variable.name,
        title=variable.title,
        values=values,
        chosen=chosen,
        text=not variable.sql,
    )


def _headline(store: Store, rows: Mapping[str, list[Row]], names: Names) -> Headline | None:
    if not rows.get("frictions"):
        return None
    cost = run(store, LOSS_OF_ALL)
    [total] = rows["frictions"]
    by_rule, by_touchpoint = rows.get("friction_by_rule"), rows.get("friction_by_touchpoint")
    return Headline(
        frictions=total["value"],
        usual=usual_text("" if total["usual"] is None else f"{total['usual']:,.0f}"),
        rule=names.rule(by_rule[0]["rule"]) if by_rule else "",
        rule_frictions=by_rule[0]["frictions"] if by_rule else 0,
        touchpoint=clip(plain_name("touchpoint", by_touchpoint[0]["label"])) if by_touchpoint else "",
        loss=cost[0]["loss"] if cost else "",
        loss_of=cost[0]["loss_of"] if cost else "",
    )


def _cells(row: Row) -> list[Any]:
    return list(row.values())
