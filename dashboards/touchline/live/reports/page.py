"""The pages `/audit` and `/digest`."""

from nicegui import ui

from touchline.live.elements import BROWSER, PageElement
from touchline.live.feed import Feeds, FeedState
from touchline.live.reports.loading import ReportView, Which, load
from touchline.live.site import Site, watch
from touchline.reports.renderers.style import REPORT

_SLOWER = 30
"""Reports are made once a day or a week: they are loaded this many times less often."""

_MAX_WEEK = 10


class ReportPage(PageElement, component=BROWSER / "report.js"):
    """A report, with links to the others."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.props["kind"] = kind

    def show_report(self, state: FeedState[ReportView]) -> None:
        """Show the report."""
        self.set_value("report", state.value, state.error)


def add(site: Site) -> None:
    """Add the pages."""
    reports: Feeds[Which, ReportView] = site.feeds(
        lambda which: load(site.store, which, site.settings.zone), slower=_SLOWER, keeps=False
    )

    def show(which: Which) -> None:
        ui.add_head_html(f"<style>{REPORT}</style>")
        masthead = site.masthead("/audit")
        page = ReportPage(which.kind)
        watch(reports, which, masthead.show_state, page.show_report)

    @ui.page("/audit", title="Touchline: audit")
    def audit() -> None:
        show(Which("audit"))

    @ui.page("/digest", title="Touchline: digest of the week")
    def digest(week: str = "") -> None:
        show(Which("weekly", week[:_MAX_WEEK]))
