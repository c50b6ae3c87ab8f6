"""The page `/measures`."""

from msgspec import Struct
from nicegui import ui
from starlette.requests import Request

from touchline.live.boards.spans import Period, period_of
from touchline.live.connection.requests import on_request
from touchline.live.desk.goals import GOALS, take_goals
from touchline.live.desk.login import login_name
from touchline.live.desk.writing import Writing
from touchline.live.elements import BROWSER, PageElement
from touchline.live.feed import Feeds, FeedState
from touchline.live.scorecard import loading
from touchline.live.scorecard.loading import DEFAULT_SPAN, SPANS, Scorecard
from touchline.live.site import Site, watch

_SLOWER = 10
"""Measures change slowly and take longer to query: they are loaded this many times less often."""


class SpanRequest(Struct):
    """The period that a reader selects."""

    span: str


class ScorecardPage(PageElement, component=BROWSER / "scorecard.js"):
    """All measures with their goals."""

    def __init__(self, span: str) -> None:
        super().__init__()
        self.props["span"] = span

    def show_scorecard(self, state: FeedState[Scorecard]) -> None:
        """Show the measures."""
        self.set_value("scorecard", state.value, state.error)


def add(site: Site) -> None:
    """Add the page."""
    scorecards: Feeds[Period, Scorecard] = site.feeds(
        lambda period: loading.load(site.store, period, site.now(), site.goals()),
        slower=_SLOWER,
        patience=2,
        final=lambda scorecard: scorecard.past,
    )

    @ui.page("/measures", title="Touchline: measures and goals")
    def page(request: Request, span: str = DEFAULT_SPAN) -> None:
        period = period_of(span, site.settings.zone, SPANS, DEFAULT_SPAN)
        masthead = site.masthead("/measures")
        measures = ScorecardPage(period.span)
        switch = watch(scorecards, period, masthead.show_state, measures.show_scorecard)

        def select(selection: SpanRequest) -> None:
            selected = period_of(selection.span, site.settings.zone, SPANS, DEFAULT_SPAN)
            measures.select_span(selected.span)
            switch(selected)

        on_request(measures, "span", SpanRequest, select)
        take_goals(Writing(site, measures, login_name(request.headers), GOALS, scorecards.refresh))
