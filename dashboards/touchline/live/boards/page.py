"""The pages of the dashboards: `/` is Friction now."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from nicegui import ui
from nicegui.events import EChartPointClickEventArguments
from starlette.requests import Request

from touchline.live.alerts.loading import Alerts
from touchline.live.boards import loading
from touchline.live.boards.loading import LoadedBoard, View
from touchline.live.boards.spans import ALL, SPANS, period_of
from touchline.live.connection.requests import on_request
from touchline.live.desk.login import login_name
from touchline.live.desk.notes import NOTES, take_notes
from touchline.live.desk.writing import Writing
from touchline.live.elements import BROWSER, PageElement
from touchline.live.explaining.dialog import Chart, ExplainDialog, ExplainRequest, explain_dialog
from touchline.live.feed import Feeds, FeedState
from touchline.live.queries import Paced, Store
from touchline.live.site import ALL_ALERTS, Site, watch
from touchline.panels import BY_ID, DASHBOARDS, PANELS, Dashboard, Panel

_MAX_FILTER_VALUE = 512
_MAX_FILTERS = 20

_FilterValue = Annotated[str, Meta(max_length=_MAX_FILTER_VALUE)]


class ViewRequest(Struct):
    """What a reader selects: a period, and values of filters by name."""

    span: str
    chosen: Annotated[dict[str, _FilterValue], Meta(max_length=_MAX_FILTERS)]


class ChartRequest(Struct):
    """A chart that a reader wants explained."""

    panel: Annotated[str, Meta(max_length=100)]


class BoardPage(PageElement, component=BROWSER / "board.js"):
    """A dashboard, with open alerts above its panels."""

    def __init__(self, dashboard: Dashboard, span: str, dialog: ExplainDialog | None) -> None:
        super().__init__()
        self._dialog = dialog
        self._chosen: tuple[tuple[str, str], ...] = ()
        self.props["explains"] = dialog is not None
        self.props["title"] = dashboard.title
        self.props["question"] = dashboard.question
        self.props["path"] = dashboard.path
        self.props["span"] = span
        self._charts: dict[str, ui.echart] = {}
        for panel in PANELS:
            if panel.dashboard == dashboard.id and panel.kind in ("timeseries", "heatmap", "sankey"):
                # As a canvas, ECharts draws a heat map in three layers, of which only one would be printed.
                chart = self._add_chart(panel.id, "svg" if panel.kind == "heatmap" else "canvas")
                if dialog is not None and panel.friction_series:
                    chart.on_point_click(partial(self._explain_click, panel))
        if dialog is not None:
            on_request(self, "explain", ExplainRequest, dialog.explain)
            on_request(self, "explain_chart", ChartRequest, self._explain_chart)

    def show_view(self, view: View) -> None:
        """Note what the charts show from now on."""
        self._chosen = view.chosen
        self.select_span(view.period.span)

    def _explain_click(self, panel: Panel, event: EChartPointClickEventArguments) -> None:
        self._explain(panel, event.data_index, event.series_index)

    def _explain_chart(self, request: ChartRequest) -> None:
        panel = BY_ID.get(request.panel)
        if panel is not None and panel.friction_series and panel.id in self._charts:
            self._explain(panel)

    def _explain(self, panel: Panel, index: int | None = None, series: int | None = None) -> None:
        options = self._charts[panel.id].options
        if self._dialog is not None and options["series"]:
            self._dialog.explain_chart(Chart(panel.id, panel.title, options, self._chosen), index, series)

    def show_board(self, state: FeedState[LoadedBoard]) -> None:
        """Show the panels and their charts."""
        self._draw(state.value.charts if state.value else {})
        self.set_value("board", state.value and state.value.board, state.error)

    def show_alerts(self, state: FeedState[Alerts]) -> None:
        """Show the alerts; without them the board is still shown."""
        self.set_prop("alerts", state.value)

    def _add_chart(self, panel_id: str, renderer: Literal["canvas", "svg"] = "canvas") -> ui.echart:
        with self.add_slot(panel_id):
            chart = self._charts[panel_id] = ui.echart({"series": []}, renderer=renderer)
        return chart

    def _draw(self, charts: Mapping[str, dict[str, Any]]) -> None:
        # The charts of saved funnels come and go.
        for panel_id in self._charts.keys() - charts.keys() - BY_ID.keys():
            self._charts.pop(panel_id).delete()
            del self.slots[panel_id]
        added = [panel_id for panel_id in charts if panel_id not in self._charts]
        for panel_id in added:
            self._add_chart(panel_id)
        if added:
            self.update()
        for panel, chart in self._charts.items():
            options = charts.get(panel, {"series": []})
            if chart.options != options:
                chart.options.clear()
                chart.options.update(options)
                chart.update()


def add(site: Site) -> None:
    """Add the page of each dashboard."""
    choices = loading.Choices()

    def load(store: Store, view: View) -> LoadedBoard:
        return loading.load(store, view, site.now(), site.goal_values(), site.rules, choices)

    boards: Feeds[View, LoadedBoard] = site.feeds(
        partial(load, site.store),
        reload=lambda view, pause: load(Paced(site.store, pause), view),
        final=lambda loaded: loaded.board.past,
    )
    for dashboard in DASHBOARDS:
        _add(site, boards, dashboard)


def _add(site: Site, boards: Feeds[View, LoadedBoard], dashboard: Dashboard) -> None:
    path = dashboard.path

    @ui.page(path, title=f"Touchline: {dashboard.title.lower()}")
    def page(request: Request) -> None:
        view = view_of(dashboard, request.query_params, site.settings.zone)
        masthead = site.masthead(path)
        dialog = explain_dialog(site)
        board = BoardPage(dashboard, view.period.span, dialog)
        board.show_view(view)
        switch = watch(boards, view, masthead.show_state, board.show_board)
        watch(site.alerts, ALL_ALERTS, board.show_alerts)
        writing = Writing(site, board, login_name(request.headers), NOTES, boards.refresh)
        take_notes(writing, dashboard.id, site.rules)

        def select(request: ViewRequest) -> None:
            parameters = {**request.chosen, "span": request.span}
            selected = view_of(dashboard, parameters, site.settings.zone)
            board.show_view(selected)
            switch(selected)

        on_request(board, "view", ViewRequest, select)


def view_of(dashboard: Dashboard, parameters: Mapping[str, str], zone: str) -> View:
    """The view that an address or a browser asks for; unknown parameters and periods are ignored.

    Dates are in the time zone `zone`.
    """
    chosen = (
        (variable.name, str(parameters.get(variable.name, ""))[:_MAX_FILTER_VALUE])
        for variable in dashboard.variables
    )
    return View(
        dashboard.id,
        period_of(parameters.get("span", ""), zone, (*SPANS, ALL), dashboard.since),
        tuple((name, value) for name, value in chosen if value),
    )
