"""uvicorn's protocols, with bounds on what a client can make a connection hold.

The law: what surrounds a body (request line, headers, chunk framing, trailers) is at most `HEAD_BYTES` and
`HEADERS`, before any key is looked at; and each state of a connection that waits for the client has a start
time, so that `patrol` can end it.
"""

import asyncio
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from touchline.collector.ingress.problem import Problem

HEAD_BYTES = 64 * 1024
"""The most bytes of a request's first line with its headers, and of framing between two parts of a body."""

HEADERS = 100
PIPELINED = 16
"""The most requests that one connection may send ahead of their responses."""

_CLOSE = {"Connection": "close"}
_MALFORMED = Problem(400, "malformed_request", "The request is not valid HTTP/1.1", _CLOSE)
_TOO_LARGE = Problem(
    431,
    "headers_too_large",
    f"The request line and the headers exceed {HEAD_BYTES} bytes or {HEADERS} headers: send fewer",
    _CLOSE,
)
_TOO_MANY_AHEAD = Problem(
    429,
    "too_many_pipelined",
    f"More than {PIPELINED} requests wait on this connection: send fewer ahead",
    _CLOSE,
)
_NO_ROOM = Problem(
    503,
    "too_many_connections",
    "Too many connections: close unused ones, and retry later",
    {"Retry-After": "1", **_CLOSE},
)


class BoundedHttp(HttpToolsProtocol):
    """HTTP/1.1 with bounds. `config.limit_concurrency` is the most connections of the server.

    For `patrol`: `waiting_since` is when the wait for a request's head began, `answered_at` when a response
    was complete while its request was not, `stuck_since` when the client stopped reading; None otherwise.
    Times are those of the event loop.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # uvicorn would refuse requests only once their headers are there.
        self._most_connections, self.limit_concurrency = self.limit_concurrency, None
        self._refused: Problem | None = None
        self._in_head = True
        self._in_message = False
        self._head_bytes = 0
        self._framing_bytes = 0
        self.waiting_since: float | None = None
        self.answered_at: float | None = None
        self.stuck_since: float | None = None
        self.closing_since: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.waiting_since = self.loop.time()
        if self._most_connections is not None and len(self.connections) > self._most_connections:
            self._refuse(_NO_ROOM)

    def data_received(self, data: bytes) -> None:
        if self.waiting_since is None and not self._in_message:
            self.waiting_since = self.loop.time()
        if len(data) <= HEAD_BYTES:
            self._feed(data)
            return
        for start in range(0, len(data), HEAD_BYTES):
            if not self.transport.is_closing():
                self._feed(data[start : start + HEAD_BYTES])

    def _feed(self, data: bytes) -> None:
        self._framing_bytes += len(data)
        super().data_received(data)
        # The parser keeps a header that has not ended; how large it is by now, only the bytes fed tell.
        if self._framing_bytes > HEAD_BYTES:
            self._refuse(_TOO_LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = self._in_message = True
        self._head_bytes = self._framing_bytes = 0

    def on_url(self, url: bytes) -> None:
        self._count_head(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count_head(len(name) + len(value) + 4)
        # A trailer comes after the request was passed on; nobody reads it.
        if self._in_head:
            if len(self.headers) == HEADERS:
                self._stop_parsing(_TOO_LARGE)
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if len(self.pipeline) == PIPELINED:
            self._stop_parsing(_TOO_MANY_AHEAD)
        self._in_head = False
        self._framing_bytes = 0
        self.waiting_since = self.answered_at = None
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._framing_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_message = False
        self.answered_at = None
        self._framing_bytes = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        if self._in_message and not self._in_head:
            self.answered_at = self.loop.time()
        super().on_response_complete()

    def pause_writing(self) -> None:
        self.stuck_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        self.stuck_since = None
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Answer a request that the parser stopped at; the reason is ours where we stopped it."""
        self._refuse(self._refused or _MALFORMED)

    def _count_head(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > HEAD_BYTES:
            self._stop_parsing(_TOO_LARGE)

    def _stop_parsing(self, why: Problem) -> None:
        """End the parser's run from one of its callbacks."""
        self._refused = why
        raise ValueError(why.code)

    def _refuse(self, why: Problem) -> None:
        """Answer with a problem and close; only close where another response is under way."""
        if self.transport.is_closing():
            return
        cycle = self.cycle
        if cycle is not None and not cycle.response_started and not self.pipeline:
            # The application has the request's head already; it learns that the client is gone.
            cycle.disconnected = True
            cycle.message_event.set()
        if cycle is None or cycle.response_complete or cycle.disconnected:
            self.transport.write(_written(why))
        self.transport.close()


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """A WebSocket of which `patrol` sees since when its client has not read (`stuck_since`)."""

    stuck_since: float | None = None
    closing_since: float | None = None
    waiting_since: float | None = None
    answered_at: float | None = None

    def pause_writing(self) -> None:
        self.stuck_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        self.stuck_since = None
        super().resume_writing()


def _written(problem: Problem) -> bytes:
    """A problem as the bytes of an HTTP response."""
    response = problem.response()
    lines = [f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}".encode()]
    lines += [name + b": " + value for name, value in response.raw_headers]
    return b"\r\n".join([*lines, b"", bytes(response.body)])
