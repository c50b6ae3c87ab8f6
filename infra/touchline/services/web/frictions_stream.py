"""`GET /v1/frictions/stream`: the changes of frictions as server-sent events, read from the store.

A client that was cut off resumes with `Last-Event-ID`. What is held for a client is one page of changes; one
that does not read is cut off (`guards.patrol`).
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from uuid import UUID

import structlog
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from touchline.collector.ingress.answers import check_method
from touchline.collector.ingress.problem import Problem, busy
from touchline.identity import customer_id
from touchline.outlet.cloudevent import TYPE_PREFIX, cloud_event
from touchline.outlet.reading import Cursor, Selection, head
from touchline.runtime.alerting.queries import Query
from touchline.runtime.outlet.reader import LOOK_BACK_SECONDS, Reader, end_of
from touchline.store import StoreError
from touchline.tables import FrictionChangeRow
from touchline.vocabulary.normaliser import PLAIN, Normaliser

PATH = "/v1/frictions/stream"

MOST_CLIENTS = 16
"""Each costs a query of the store for every change."""

MOST_RULES = 100
"""Rules that one client may name."""

PAGE = 200
"""Changes that are read from the store at a time."""

LOOK_SECONDS = 0.5
"""How often the store is asked whether there are new changes, for all clients together."""

HEARTBEAT_SECONDS = 15.0

RETRY_MS = 2_000
"""How long a client that was cut off waits before it connects again."""

_PARAMETERS = {
    "rule": "a rule; can be repeated. Without it, those of all rules",
    "customer": "a customer's id, or its strongest identifier",
    "after": "the id of the last change that was read; the header Last-Event-ID does the same",
}

DESCRIBED = {
    PATH: {
        "get": {
            "summary": "The changes of frictions, as server-sent events of CloudEvents; without end.",
            "parameters": [
                {"name": name, "in": "query", "description": about, "schema": {"type": "string"}}
                for name, about in _PARAMETERS.items()
            ],
            "responses": {
                "200": {"description": "The changes.", "content": {"text/event-stream": {}}},
                **{
                    status: {"description": about, "content": {"application/json": {}}}
                    for status, about in {
                        "400": "A parameter is unknown, or has no such value.",
                        "401": "Other machines need the token of the server.",
                        "405": "The method is not GET.",
                        "429": "Too many wrong tokens; see Retry-After.",
                        "503": "The store does not answer, or too many programs read the stream.",
                    }.items()
                },
            },
        }
    }
}
"""What the OpenAPI description says of it."""

_logger = structlog.get_logger(__name__)


class FrictionsStream:
    """Streams to several clients.

    Args:
        query: Queries the store.
        late: How late a change may appear (ms); 0 if this process alone writes the store.
        ending: Whether the process ends: clients are let go.
        normaliser: Returns what turns a customer's identifier into that which is stored.
    """

    def __init__(
        self,
        query: Query,
        late: int,
        ending: Callable[[], bool],
        normaliser: Callable[[], Normaliser] = lambda: PLAIN,
    ) -> None:
        self._query, self._late, self._ending = query, late, ending
        self._normaliser = normaliser
        self._clients = 0
        self._news = asyncio.Condition()
        self._number = 0
        self._watching: asyncio.Task[None] | None = None

    @property
    def route(self) -> Route:
        """The route of the stream."""
        # Other methods would reach the routes of the live page, which know no such path.
        return Route(PATH, self._answer, methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])

    async def _answer(self, request: Request) -> Response:
        try:
            # An answer to HEAD would have no end: it would count as a client that reads.
            check_method(request, ("GET",))
            selection, after = _requested(request, self._normaliser())
            if self._clients >= MOST_CLIENTS:
                raise busy("too_many_streams", f"{MOST_CLIENTS} programs read this stream: close one", 5)
        except Problem as problem:
            return problem.response()
        self._enter()
        try:
            reader = await asyncio.to_thread(self._reader, selection, after)
        except StoreError as error:
            self._leave()
            return busy("store_unavailable", f"The store does not answer: {error}").response()
        except BaseException:
            self._leave()
            raise
        return _Stream(self._events(reader), self._leave)

    def _reader(self, selection: Selection, after: Cursor | None) -> Reader:
        reader = Reader(self._query, selection, after or end_of(self._query), self._late)
        if after is None:
            reader.skip_earlier()
        return reader

    async def _events(self, reader: Reader) -> AsyncIterator[bytes]:
        clock = asyncio.get_running_loop().time
        # The position comes first: a client that is cut off before any event resumes from here.
        at = reader.cursor
        yield f"retry: {RETRY_MS}\nid: {at}\n\n".encode()
        silent_since = clock()
        while not self._ending():
            number = self._number
            changes = await self._page(reader)
            for change in changes:
                # A change that appears late does not set the client back.
                at = max(at, Cursor.after(change), key=_place)
                yield _event(change, at)
                silent_since = clock()
            if clock() - silent_since >= HEARTBEAT_SECONDS:
                yield b": alive\n\n"
                silent_since = clock()
            if len(changes) < PAGE:
                await self._wait(number)

    async def _page(self, reader: Reader) -> list[FrictionChangeRow]:
        try:
            return await asyncio.to_thread(reader.next, PAGE)
        except StoreError as error:
            _logger.warning("frictions.stream.retry", why=str(error))
            await asyncio.sleep(LOOK_SECONDS)
            return []

    async def _wait(self, number: int) -> None:
        """Wait until there is news since `number`, for some seconds at most."""
        clock = asyncio.get_running_loop().time
        until = clock() + LOOK_BACK_SECONDS
        while self._number == number and clock() < until and not self._ending():
            try:
                async with asyncio.timeout(LOOK_SECONDS), self._news:
                    await self._news.wait()
            except TimeoutError:
                continue

    def _enter(self) -> None:
        self._clients += 1
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch())

    def _leave(self) -> None:
        self._clients -= 1
        if not self._clients and self._watching is not None:
            self._watching.cancel()
            self._watching = None

    async def _watch(self) -> None:
        """Look for changes, for all clients together."""
        since, last = 0, None
        while True:
            try:
                rows = await asyncio.to_thread(self._query, *head(since))
            except StoreError:
                rows = []
            found = [list(row) for row in rows]
            if found and found != last:
                since, last = max(0, int(found[0][1]) - self._late), found
                async with self._news:
                    self._number += 1
                    self._news.notify_all()
            await asyncio.sleep(LOOK_SECONDS)


class _Stream(StreamingResponse):
    """A response that says when it is over, whether or not it began."""

    def __init__(self, events: AsyncIterator[bytes], over: Callable[[], None]) -> None:
        # A proxy that collects the response would hold events back.
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(events, media_type="text/event-stream", headers=headers)
        self._over = over

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._over()


def _place(cursor: Cursor) -> tuple[int, int]:
    """Where a cursor is, without the id, which the store puts in an order of its own."""
    return cursor.position, cursor.version


def _requested(request: Request, normaliser: Normaliser) -> tuple[Selection, Cursor | None]:
    """What a request selects, and where it begins; None for what comes from now on.

    Raises:
        Problem: a parameter is unknown, or has no such value.
    """
    query = request.query_params
    if unknown := [name for name in query if name not in _PARAMETERS]:
        raise Problem(
            400, "unknown_parameter", f"{unknown[0][:80]!r} is unknown: write {', '.join(_PARAMETERS)}"
        )
    rules = tuple(query.getlist("rule"))
    if len(rules) > MOST_RULES:
        raise Problem(400, "too_many_rules", f"{len(rules)} rules: name at most {MOST_RULES}, or none")
    text = request.headers.get("last-event-id") or query.get("after")
    try:
        after = None if text is None else Cursor.parse(text)
    except ValueError as error:
        raise Problem(400, "unknown_position", str(error)) from None
    return Selection(rules, _customer(query.get("customer"), normaliser)), after


def _customer(text: str | None, normaliser: Normaliser) -> UUID | None:
    """A customer's id; from its strongest identifier if the text is one."""
    if text is None:
        return None
    kind, colon, value = text.partition(":")
    if colon:
        return customer_id(normaliser.identifier(kind, value) or text)
    try:
        return UUID(text)
    except ValueError:
        raise Problem(
            400,
            "unknown_customer",
            f"{text[:80]!r} is no customer: write its id, or its strongest identifier as account:u-17",
        ) from None


def _event(change: FrictionChangeRow, at: Cursor) -> bytes:
    """A server-sent event. JSON has no line breaks."""
    head_lines = f"id: {at}\nevent: {TYPE_PREFIX}{change.kind}\ndata: ".encode()
    return head_lines + cloud_event(change) + b"\n\n"
