"""The page `/segments`: segments and funnels are listed, written and deleted."""

import asyncio
from collections.abc import Callable
from typing import Annotated

from msgspec import Meta, Struct
from nicegui import app as nicegui_app
from nicegui import ui
from starlette.requests import Request

from touchline.live.connection.requests import on_request
from touchline.live.desk.desk import Desk
from touchline.live.desk.documents import Id, Kind, NotWritten
from touchline.live.desk.login import login_name
from touchline.live.desk.writing import WriteRequest, Writing
from touchline.live.elements import BROWSER, PageElement
from touchline.live.feed import Feeds, FeedState
from touchline.live.queries import run
from touchline.live.segments import loading
from touchline.live.segments.loading import Counting, SavedList
from touchline.live.site import Site, watch
from touchline.segments.definition import (
    MOST_TEXT,
    DefinitionError,
    Funnel,
    Segment,
    read_funnel,
    read_segment,
)

SEGMENTS = Kind("segments", "segment", 100)
FUNNELS = Kind("funnels", "funnel", 20)

_ALL = "all"

_Text = Annotated[str, Meta(max_length=MOST_TEXT)]


class SaveRequest(WriteRequest, forbid_unknown_fields=True):
    """A definition as a reader writes it; `id` is that of the document that it replaces, or ''."""

    id: Id
    text: _Text


class CountRequest(Struct, forbid_unknown_fields=True):
    """A segment whose customers a reader wants to count."""

    ticket: Annotated[int, Meta(ge=0, lt=2**31)]
    text: _Text


class SegmentsPage(PageElement, component=BROWSER / "segments.js"):
    """All saved segments and funnels."""

    def show_list(self, state: FeedState[SavedList]) -> None:
        """Show them."""
        self.set_value("saved", state.value, state.error)


def add(site: Site) -> None:
    """Add the page."""
    lists: Feeds[str, SavedList] = site.feeds(lambda _: loading.load(site.store))
    counting = Counting(site.store)
    nicegui_app.on_shutdown(counting.close)

    @ui.page("/segments", title="Touchline: segments")
    def page(request: Request) -> None:
        masthead = site.masthead("/segments")
        segments = SegmentsPage()
        watch(lists, _ALL, masthead.show_state, segments.show_list)
        writing = Writing(site, segments, login_name(request.headers), SEGMENTS, lists.refresh)
        _take(site, writing, "segment", SEGMENTS, read_segment)
        _take(site, writing, "funnel", FUNNELS, read_funnel)

        async def count(request: CountRequest) -> None:
            found = await counting.count(request.text, site.now())
            segments.set_prop("counted", {"ticket": request.ticket, "count": found})

        on_request(segments, "count", CountRequest, count)


def _take(
    site: Site, writing: Writing, name: str, kind: Kind, read: Callable[[str], Segment | Funnel]
) -> None:
    """Write and delete documents of a kind: the requests `NAME` and `remove_NAME`."""

    async def put(desk: Desk, request: SaveRequest, author: str) -> None:
        try:
            id_ = read(request.text).id
        except DefinitionError as error:
            raise NotWritten(str(error)) from None
        if request.id and request.id != id_:
            raise NotWritten(f"The id of a saved {name} stays: write id: {request.id}, or add a new {name}")
        if not request.id and await asyncio.to_thread(_exists, site, kind, id_):
            raise NotWritten(f"There is a {name} with the id {id_} already: edit it, or write another id")
        await desk.put(kind, id_, {"definition": request.text}, author, existing=bool(request.id))

    writing.on(name, SaveRequest, put)
    writing.on_remove(f"remove_{name}", kind)


def _exists(site: Site, kind: Kind, id_: str) -> bool:
    sql = f"SELECT 1 FROM {kind.table} FINAL WHERE id = {{id:String}} AND NOT deleted"  # noqa: S608 - constants
    return bool(run(site.store, sql, id=id_))
