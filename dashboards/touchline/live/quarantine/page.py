"""The page `/quarantine`."""

from typing import Annotated

from msgspec import Meta, Struct
from nicegui import ui
from starlette.requests import Request

from touchline.live.boards.spans import ALL, SPANS, period_of
from touchline.live.connection.requests import on_request
from touchline.live.elements import BROWSER, PageElement
from touchline.live.feed import Feeds, FeedState
from touchline.live.quarantine import loading
from touchline.live.quarantine.loading import Quarantine, QuarantineView
from touchline.live.site import Site, watch

_DEFAULT_SPAN = "7d"
_MAX_PRODUCER = 256


class ViewRequest(Struct, forbid_unknown_fields=True):
    """What a reader selects."""

    span: str
    producer: Annotated[str, Meta(max_length=_MAX_PRODUCER)]


class QuarantinePage(PageElement, component=BROWSER / "quarantine.js"):
    """The refused events, by reason."""

    def __init__(self, view: QuarantineView) -> None:
        super().__init__()
        self.show_view(view)

    def show_view(self, view: QuarantineView) -> None:
        """Mark what is selected."""
        self.set_prop("span", view.period.span)
        self.set_prop("producer", view.producer)

    def show_quarantine(self, state: FeedState[Quarantine]) -> None:
        """Show the events."""
        self.set_value("quarantine", state.value, state.error)


def add(site: Site) -> None:
    """Add the page."""
    loaded: Feeds[QuarantineView, Quarantine] = site.feeds(
        lambda view: loading.load(site.store, view, site.now())
    )

    @ui.page("/quarantine", title="Touchline: quarantine")
    def page(request: Request) -> None:
        parameters = request.query_params
        view = _view(site, parameters.get("span", ""), parameters.get("producer", "")[:_MAX_PRODUCER])
        masthead = site.masthead("/quarantine")
        shown = QuarantinePage(view)
        switch = watch(loaded, view, masthead.show_state, shown.show_quarantine)

        def select(selected: ViewRequest) -> None:
            new = _view(site, selected.span, selected.producer)
            shown.show_view(new)
            switch(new)

        on_request(shown, "view", ViewRequest, select)


def _view(site: Site, span: str, producer: str) -> QuarantineView:
    return QuarantineView(period_of(span, site.settings.zone, (*SPANS, ALL), _DEFAULT_SPAN), producer)
