"""The page `/rules`."""

from msgspec import Struct
from nicegui import app as nicegui_app
from nicegui import ui

from touchline.live.boards.spans import Period, period_of
from touchline.live.connection.requests import on_request
from touchline.live.elements import BROWSER, PageElement
from touchline.live.feed import Feeds, FeedState
from touchline.live.rules import loading
from touchline.live.rules.loading import DEFAULT_SPAN, SPANS, RuleList
from touchline.live.rules.trials import TRIAL_DAYS, Trials, take_trials
from touchline.live.site import Site, watch

_SLOWER = 5


class SpanRequest(Struct, forbid_unknown_fields=True):
    """The period that a reader selects."""

    span: str


class RulesPage(PageElement, component=BROWSER / "rules.js"):
    """All rules, what they found, and trials of other numbers."""

    def __init__(self, span: str) -> None:
        super().__init__()
        self.props["span"] = span
        self.props["days"] = list(TRIAL_DAYS)

    def show_rules(self, state: FeedState[RuleList]) -> None:
        """Show the rules."""
        self.set_value("list", state.value, state.error)


def add(site: Site) -> None:
    """Add the page, if the process knows its rules."""
    workshop = site.settings.workshop
    if workshop is None:
        return
    sheets = workshop.sheets()
    lists: Feeds[Period, RuleList] = site.feeds(
        lambda period: loading.load(site.store, sheets, period, site.now()),
        slower=_SLOWER,
        final=lambda found: found.past,
    )
    trials = Trials(workshop.run)
    nicegui_app.on_shutdown(trials.close)

    @ui.page("/rules", title="Touchline: rules")
    def page(span: str = DEFAULT_SPAN) -> None:
        period = period_of(span, site.settings.zone, SPANS, DEFAULT_SPAN)
        masthead = site.masthead("/rules")
        rules = RulesPage(period.span)
        switch = watch(lists, period, masthead.show_state, rules.show_rules)

        def select(request: SpanRequest) -> None:
            selected = period_of(request.span, site.settings.zone, SPANS, DEFAULT_SPAN)
            rules.select_span(selected.span)
            switch(selected)

        on_request(rules, "span", SpanRequest, select)
        take_trials(rules, trials)
