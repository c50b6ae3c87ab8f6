"""The pages `/cases`, a list, and `/case/…`, one friction and its case."""

from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct
from nicegui import ui
from starlette.requests import Request

from touchline.cases.case import VERDICTS, Case
from touchline.cases.reading import Which, find_case
from touchline.cases.writing import assigned, closed, commented, reopened
from touchline.live.boards.spans import ALL, SPANS, period_of
from touchline.live.cases import loading
from touchline.live.cases.loading import WHICH, CaseList, CasePage, CasesView, asks
from touchline.live.connection.requests import on_request
from touchline.live.desk.desk import Desk
from touchline.live.desk.documents import MAX_AUTHOR, NotWritten
from touchline.live.desk.login import login_name
from touchline.live.desk.writing import WriteRequest, Writing
from touchline.live.elements import BROWSER, PageElement
from touchline.live.feed import Feeds, FeedState
from touchline.live.site import Site, watch
from touchline.vocabulary.errors import TouchlineError

NO_LOG: Final = (
    "This page is read-only: without Kafka, `touchline live` has nowhere to put what staff say. Set `kafka`, "
    "or use `touchline friction`"
)
_DEFAULT_SPAN: Final = "30d"
_MAX_COMMENT: Final = 4_000

_Name = Annotated[str, Meta(max_length=4 * MAX_AUTHOR)]
_Comment = Annotated[str, Meta(max_length=4 * _MAX_COMMENT)]


class ListRequest(Struct, forbid_unknown_fields=True):
    """What a reader selects in the list."""

    which: Which
    span: str
    assignee: _Name


class SayRequest(WriteRequest, forbid_unknown_fields=True):
    """What a reader says about the friction of the page; `assignee` and `verdict` where they belong to it."""

    what: Literal["assign", "comment", "close", "reopen"]
    comment: _Comment
    assignee: _Name
    verdict: str


class CasesPage(PageElement, component=BROWSER / "cases.js"):
    """The list of frictions that staff take care of."""

    def __init__(self, view: CasesView, login: str) -> None:
        super().__init__()
        self.props["login"] = login
        self.show_view(view)

    def show_view(self, view: CasesView) -> None:
        """Mark what is selected."""
        self.set_prop("which", view.which)
        self.set_prop("span", view.period.span)
        self.set_prop("assignee", view.assignee)

    def show_list(self, state: FeedState[CaseList]) -> None:
        """Show the frictions."""
        self.set_value("list", state.value, state.error)


class OneCasePage(PageElement, component=BROWSER / "friction.js"):
    """A friction and what staff did about it."""

    def show_case(self, state: FeedState[CasePage]) -> None:
        """Show the friction, or that there is none."""
        self.set_value("page", state.value, state.error)


def add(site: Site) -> None:
    """Add both pages."""
    lists: Feeds[CasesView, CaseList] = site.feeds(
        lambda view: loading.load_list(site.store, view, site.now(), site.rules)
    )
    cases: Feeds[str, CasePage] = site.feeds(
        lambda friction: loading.load_case(site.store, friction, site.rules)
    )

    @ui.page("/cases", title="Touchline: cases")
    def page(request: Request) -> None:
        parameters = request.query_params
        view = _view(
            site, parameters.get("which", ""), parameters.get("span", ""), parameters.get("assignee", "")
        )
        masthead = site.masthead("/cases")
        shown = CasesPage(view, login_name(request.headers))
        switch = watch(lists, view, masthead.show_state, shown.show_list)

        def select(selected: ListRequest) -> None:
            new = _view(site, selected.which, selected.span, selected.assignee)
            shown.show_view(new)
            switch(new)

        on_request(shown, "view", ListRequest, select)

    @ui.page("/case/{friction}", title="Touchline: case")
    def case(request: Request, friction: str) -> None:
        masthead = site.masthead("/cases")
        shown = OneCasePage()
        watch(cases, friction[:64], masthead.show_state, shown.show_case)
        writing = Writing(site, shown, login_name(request.headers), None, cases.refresh)
        shown.set_prop("readOnly", NO_LOG if site.settings.staff is None else "")

        async def say(desk: Desk, given: SayRequest, author: str) -> None:
            await desk.write(_said(site, friction, given, author))

        writing.on("say", SayRequest, say)


def _view(site: Site, which: str, span: str, assignee: str) -> CasesView:
    known: Which = next((one for one in WHICH if one == which), "open")
    period = period_of(span, site.settings.zone, (*SPANS, ALL), _DEFAULT_SPAN)
    return CasesView(known, period, assignee[:MAX_AUTHOR] if known == "mine" else "")


def _said(site: Site, friction: str, given: SayRequest, author: str) -> Callable[[], str]:
    """Says it, and returns the friction's id; to be called in a thread."""

    def say() -> str:
        staff = site.settings.staff
        if staff is None:
            raise NotWritten(NO_LOG)
        case = find_case(asks(site.store), friction)
        if case is None:
            raise NotWritten("Not saved: this friction is no longer true, or its customer was forgotten")
        try:
            staff.say(_event(given, case), case, author)
        except NotWritten:
            raise
        except TouchlineError as error:
            raise NotWritten(f"Not saved: {error}") from error
        return case.friction

    return say


def _event(given: SayRequest, case: Case) -> dict[str, Any]:
    """The type and data of what was said.

    Raises:
        NotWritten: it says nothing, or no verdict.
    """
    comment = given.comment.strip()
    if len(comment) > _MAX_COMMENT:
        raise NotWritten(f"This comment has {len(comment):,} characters: write at most {_MAX_COMMENT:,}")
    match given.what:
        case "assign":
            return assigned(case, " ".join(given.assignee.split())[:MAX_AUTHOR], comment)
        case "close" if given.verdict in VERDICTS:
            return closed(case, given.verdict, comment)
        case "close":
            raise NotWritten("Choose how it ended")
        case "reopen":
            return reopened(case, comment)
    if not comment:
        raise NotWritten("Write a comment")
    return commented(case, comment)
