"""The head and the parent of all pages, as NiceGUI elements. The browser gets only props that changed.

The Vue components of the pages are in `browser`; each page's element stands beside its loading.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nicegui.element import Element

from touchline.live.alerts.loading import Alerts
from touchline.live.feed import FeedState
from touchline.panels import DASHBOARDS

BROWSER = Path(__file__).parent / "browser"
"""The folder of the Vue components, scripts and styles."""

TITLES: Mapping[str, str] = {
    **{dashboard.path: dashboard.short or dashboard.title for dashboard in DASHBOARDS},
    "/alerts": "Alerts",
    "/cases": "Cases",
    "/segments": "Segments",
    "/audit": "Audit",
    "/measures": "Measures",
    "/rules": "Rules",
    "/compare": "Compare",
    "/quarantine": "Quarantine",
    "/import": "Import",
}
"""The pages of the navigation: path and title."""

AREAS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Now", ("/", "/alerts", "/cases")),
    ("Analysis", ("/journeys", "/touchpoints", "/contacts", "/voice", "/factors", "/segments")),
    ("Decisions", ("/impact", "/fixes", "/audit", "/measures", "/rules", "/compare")),
    ("Data", ("/health", "/quarantine", "/import")),
)
"""The navigation: areas, and the paths of their pages."""

_MAX_SEARCH = 120


class Masthead(Element, component=BROWSER / "masthead.js"):
    """The head of all pages: navigation, search, and the age of the data."""

    def __init__(self, path: str = "", search: str = "") -> None:
        super().__init__()
        self.props["areas"] = [
            {"name": name, "pages": [[page, TITLES[page]] for page in paths]} for name, paths in AREAS
        ]
        self.props["path"] = path
        self.props["search"] = search[:_MAX_SEARCH]

    def show_state(self, state: FeedState[Any]) -> None:
        """Show when the data were loaded, or the error."""
        self.props["state"] = {"at": state.loaded_at, "error": state.error, "final": state.final}
        self.update()

    def show_alert_count(self, state: FeedState[Alerts]) -> None:
        """Show the number of open alerts."""
        count = len(state.value.open) if state.value else 0
        if self.props.get("alerts") != count:
            self.props["alerts"] = count
            self.update()


class PageElement(Element):
    """The main part of a page."""

    def set_value(self, name: str, value: Any, error: str = "") -> None:
        """Set a prop, and `failed` if there is no value but an error."""
        failed = bool(error) and value is None
        if self.props.get(name) != value or self.props.get("failed") != failed:
            self.props[name] = value
            self.props["failed"] = failed
            self.update()

    def set_prop(self, name: str, value: Any) -> None:
        """Set a prop."""
        if self.props.get(name) != value:
            self.props[name] = value
            self.update()

    def select_span(self, span: str) -> None:
        """Mark a period as selected."""
        self.set_prop("span", span)
