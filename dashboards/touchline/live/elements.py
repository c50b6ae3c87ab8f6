"""The Vue components of the live page as NiceGUI elements. The browser gets only props that changed."""

from collections.abc import Mapping
from typing import Any

from nicegui import ui
from nicegui.element import Element

from touchline.live.alerts import Alerts
from touchline.live.boards import LoadedBoard
from touchline.live.feed import FeedState
from touchline.live.history import History
from touchline.live.scorecard import Scorecard
from touchline.panels import DASHBOARDS, PANELS, Dashboard

_MAX_SEARCH = 120


class Masthead(Element, component="browser/masthead.js"):
    """The head of all pages: navigation, search, and the age of the data."""

    def __init__(self, path: str = "", search: str = "") -> None:
        super().__init__()
        self.props["pages"] = [
            *([dashboard.path, dashboard.title] for dashboard in DASHBOARDS),
            ["/measures", "Measures"],
            ["/alerts", "Alerts"],
        ]
        self.props["path"] = path
        self.props["search"] = search[:_MAX_SEARCH]

    def show_state(self, state: FeedState[Any]) -> None:
        """Show when the data were loaded, or the error."""
        self.props["state"] = {"at": state.loaded_at, "error": state.error}
        self.update()

    def show_alert_count(self, state: FeedState[Alerts]) -> None:
        """Show the number of open alerts."""
        count = len(state.value.open) if state.value else 0
        if self.props.get("alerts") != count:
            self.props["alerts"] = count
            self.update()


class _Page(Element):
    def _set(self, name: str, value: Any, error: str = "") -> None:
        """Set a prop, and `failed` if there is no value but an error."""
        failed = bool(error) and value is None
        if self.props.get(name) != value or self.props.get("failed") != failed:
            self.props[name] = value
            self.props["failed"] = failed
            self.update()

    def select_span(self, span: str) -> None:
        """Mark a period as selected."""
        self.props["span"] = span
        self.update()


class BoardPage(_Page, component="browser/board.js"):
    """A dashboard, with open alerts above its panels."""

    def __init__(self, dashboard: Dashboard, span: str) -> None:
        super().__init__()
        self.props["title"] = dashboard.title
        self.props["question"] = dashboard.question
        self.props["path"] = dashboard.path
        self.props["span"] = span
        self._charts = {}
        for panel in PANELS:
            if panel.dashboard == dashboard.id and panel.kind == "timeseries":
                with self.add_slot(panel.id):
                    self._charts[panel.id] = ui.echart({"series": []})

    def show_board(self, state: FeedState[LoadedBoard]) -> None:
        """Show the panels and their charts."""
        self._draw(state.value.charts if state.value else {})
        self._set("board", state.value and state.value.board, state.error)

    def show_alerts(self, state: FeedState[Alerts]) -> None:
        """Show the alerts; without them the board is still shown."""
        if self.props.get("alerts") != state.value:
            self.props["alerts"] = state.value
            self.update()

    def _draw(self, charts: Mapping[str, dict[str, Any]]) -> None:
        for panel, chart in self._charts.items():
            options = charts.get(panel, {"series": []})
            if chart.options != options:
                chart.options.clear()
                chart.options.update(options)
                chart.update()


class ScorecardPage(_Page, component="browser/scorecard.js"):
    """All measures with their goals."""

    def __init__(self, span: str) -> None:
        super().__init__()
        self.props["span"] = span

    def show_scorecard(self, state: FeedState[Scorecard]) -> None:
        """Show the measures."""
        self._set("scorecard", state.value, state.error)


class AlertsPage(_Page, component="browser/alerts.js"):
    """Open and resolved alerts."""

    def show_alerts(self, state: FeedState[Alerts]) -> None:
        """Show the alerts."""
        self._set("alerts", state.value, state.error)


class HistoryPage(_Page, component="browser/history.js"):
    """The history of one customer."""

    def show_history(self, state: FeedState[History]) -> None:
        """Show the history, or the result of the search."""
        self._set("history", state.value, state.error)
