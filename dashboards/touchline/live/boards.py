"""Loads a dashboard. Panels are queried one by one, so that a failing query fails its panel alone."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from touchline.live import queries
from touchline.live.chart import TimeAxis, chart_options, legend_of
from touchline.live.labels import RuleText, clip, customer_label, full_text
from touchline.live.panel_view import (
    Names,
    PanelView,
    customers_in,
    failed_view,
    milliseconds,
    panel_view,
    usual_text,
)
from touchline.live.queries import Row, Store, run
from touchline.live.spans import window
from touchline.panels import CHANGES, DASHBOARDS, Dashboard, Panel, Variable, expand, interval, panels_with

MAX_CHOICES = 300
_POINTS = 60
_DASHBOARDS = {dashboard.id: dashboard for dashboard in DASHBOARDS}


@dataclass(frozen=True)
class View:
    """What a reader has selected: a dashboard, a period, and values of its filters."""

    dashboard: str
    span: str
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
    """The number of frictions, the usual number in words, and the rule and touchpoint with the most."""

    frictions: int
    usual: str
    rule: str
    rule_frictions: int
    touchpoint: str


@dataclass(frozen=True)
class DeployedChange:
    """A change that was deployed, at a time in ms; `full` is the name if it is clipped."""

    at: int
    name: str
    full: str


@dataclass(frozen=True)
class Board:
    """A dashboard with its panels; times in ms since 1970.

    `empty`: the store has no event. `old`: the period ends at the newest event, not now.
    """

    span: str
    empty: bool = False
    start: int = 0
    end: int = 0
    newest: int = 0
    old: bool = False
    filters: list[Filter] = field(default_factory=list)
    headline: Headline | None = None
    changes: list[DeployedChange] = field(default_factory=list)
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


def load(
    store: Store, view: View, now: int, goals: Mapping[str, float], rules: Mapping[str, RuleText]
) -> LoadedBoard:
    """Query all panels of a view at the time `now` (ms).

    Raises what the store raises if no panel can be read.
    """
    period = window(store, view.span, now)
    if period is None:
        return LoadedBoard(Board(view.span, empty=True))
    axis = TimeAxis(period.start, period.end, interval(period.start, period.end, _POINTS))
    dashboard = _DASHBOARDS[view.dashboard]
    panels = [panel for panel in panels_with(goals) if panel.dashboard == dashboard.id]
    results = _query(store, panels, view, axis)
    changes = run(store, expand(CHANGES.sql, axis.start, axis.end, axis.interval))
    names = Names(rules, _customer_names(store, panels, results))
    views = {panel.id: _view(panel, results, names, _chosen_titles(dashboard, view)) for panel in panels}
    charts = {
        panel.id: chart_options(panel, results.rows[panel.id], axis, names, changes)
        for panel in panels
        if panel.kind == "timeseries" and panel.id in results.rows and not views[panel.id].empty
    }
    views |= {id_: replace(views[id_], legend=legend_of(options)) for id_, options in charts.items()}
    board = Board(
        span=view.span,
        start=period.start,
        end=period.end,
        newest=period.newest,
        old=period.old,
        filters=_filters(store, dashboard, dict(view.chosen), names),
        headline=_headline(results.rows, names),
        changes=[_change(row) for row in changes],
        panels=list(views.values()),
    )
    return LoadedBoard(board, charts)


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


def _customer_names(store: Store, panels: list[Panel], results: _Results) -> dict[str, str]:
    """Labels of the customers that the tables show, by customer id."""
    ids = sorted({id_ for panel in panels for id_ in customers_in(panel, results.rows.get(panel.id, ()))})
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
    return DeployedChange(milliseconds(row["time"]), clip(name), full_text(name))


def _filters(store: Store, dashboard: Dashboard, chosen: Mapping[str, str], names: Names) -> list[Filter]:
    return [
        _filter(store, variable, chosen.get(variable.name, ""), names) for variable in dashboard.variables
    ]


def _filter(store: Store, variable: Variable, chosen: str, names: Names) -> Filter:
    rows = run(store, variable.sql) if variable.sql else []
    title = names.rule if variable.name == "rule" else clip
    found = {str(value) for row in rows for value in row.values()} - {""}
    values = [(value, title(value)) for value in sorted(found)]
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


def _headline(rows: Mapping[str, list[Row]], names: Names) -> Headline | None:
    if not rows.get("frictions"):
        return None
    [total] = rows["frictions"]
    by_rule, by_touchpoint = rows.get("friction_by_rule"), rows.get("friction_by_touchpoint")
    return Headline(
        frictions=total["value"],
        usual=usual_text("" if total["usual"] is None else f"{total['usual']:,.0f}"),
        rule=names.rule(by_rule[0]["rule"]) if by_rule else "",
        rule_frictions=by_rule[0]["frictions"] if by_rule else 0,
        touchpoint=clip(by_touchpoint[0]["label"]) if by_touchpoint else "",
    )
