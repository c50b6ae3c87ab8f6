"""Takes what the reader of a page writes to the desk, and answers."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from msgspec import Meta, Struct

from touchline.live.connection.requests import on_request
from touchline.live.desk.desk import Desk
from touchline.live.desk.documents import MAX_AUTHOR, Id, Kind, NotWritten, author_of
from touchline.live.elements import PageElement
from touchline.live.feed import FeedState
from touchline.live.site import NO_DESK, Site, watch


class WriteRequest(Struct, forbid_unknown_fields=True):
    """What a browser asks to write. `ticket` returns with the answer; `author` is a name that was typed."""

    ticket: Annotated[int, Meta(ge=0, lt=2**31)]
    author: Annotated[str, Meta(max_length=4 * MAX_AUTHOR)]


class RemoveRequest(WriteRequest, forbid_unknown_fields=True):
    """A document that a reader deletes."""

    id: Id


W = TypeVar("W", bound=WriteRequest)


class Writing:
    """What the reader of one page writes. Create it while the page is built.

    The page gets the props `login` (the name with which the reader signed in, or ''), `readOnly` (why nothing
    can be written, or '') and `answer` (the `ticket` of a request and the `error`, or '').

    Args:
        site: Has the desk.
        page: Emits the requests.
        login: The name with which the reader signed in, or ''.
        kind: What the reader mostly writes; None if the page says by itself whether it is read-only.
        written: Called after each change.
    """

    def __init__(
        self, site: Site, page: PageElement, login: str, kind: Kind | None, written: Callable[[], None]
    ) -> None:
        self._site, self._page, self._login, self._written = site, page, login, written
        page.props["login"] = login
        if kind is not None:
            watch(site.read_only, kind, self._show_read_only)

    def on(self, name: str, request: type[W], write: Callable[[Desk, W, str], Awaitable[object]]) -> None:
        """Call `write` with the desk, each request `name` and its author.

        `write` raises NotWritten for what the reader should correct.
        """

        async def handle(given: W) -> None:
            error = ""
            try:
                if self._site.desk is None:
                    raise NotWritten(NO_DESK)
                await write(self._site.desk, given, author_of(self._login, given.author))
                self._written()
            except NotWritten as refused:
                error = str(refused)
            self._page.set_prop("answer", {"ticket": given.ticket, "error": error})

        on_request(self._page, name, request, handle)

    def on_remove(self, name: str, kind: Kind) -> None:
        """Delete the document of that kind that a request `name` names."""

        async def remove(desk: Desk, request: RemoveRequest, author: str) -> None:
            await desk.remove(kind, request.id, author)

        self.on(name, RemoveRequest, remove)

    def _show_read_only(self, state: FeedState[str]) -> None:
        self._page.set_prop("readOnly", state.value or "")
