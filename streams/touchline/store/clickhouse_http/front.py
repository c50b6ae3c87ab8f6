"""ClickHouse's HTTP protocol in front of the store of this process.

For clickhouse-connect, Grafana's ClickHouse plugin (clickhouse-go) and plain HTTP. Unsupported requests get
ClickHouse's errors, never an answer to another query.
"""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, suppress
from functools import partial
from http import HTTPStatus
from typing import TypeVar
from uuid import uuid4

from anyio import to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from touchline.store import QueryError, Reply, Store, StoreError
from touchline.store.clickhouse_http.encoding import Encoder
from touchline.store.clickhouse_http.held import MEDIA_TYPE, response_of
from touchline.store.clickhouse_http.lane import Lane
from touchline.store.clickhouse_http.refusal import as_query_error, refusal, status_of
from touchline.store.clickhouse_http.request import Query, read_query
from touchline.store.clickhouse_http.roles import Role, Roles
from touchline.store.pools.native import hello_block
from touchline.store.pools.write_pool import WritePool

PATH = "/clickhouse"
BODY_SECONDS = 30.0
RETRY_SECONDS = "5"

T = TypeVar("T")

_TIME_ZONE, _NAME = "UTC", "touchline"


def clickhouse_mount(store: Store, token: str) -> Route:
    """The read-only route `/clickhouse`, with `/clickhouse/` and `/clickhouse/ping`.

    Args:
        store: The store that queries read.
        token: The password of every query: with Basic authentication, in `X-ClickHouse-Key`, as a Bearer
            token, or as `?password=`. Any user name is accepted.
    """
    front = _Front(store, Roles({Role.READER: token}), None)
    return Route(PATH + "{below:path}", front.answer, methods=["GET", "POST"])


def store_app(store: Store, writers: WritePool, roles: Roles) -> Starlette:
    """An app that serves the store at `/`, as a ClickHouse server does, for reading and writing.

    Args:
        store: The store that readers query.
        writers: Runs the statements of writers and admins on the same store.
        roles: The users and their passwords.
    """
    front = _Front(store, roles, writers)
    return Starlette(routes=[Route("/{below:path}", front.answer, methods=["GET", "POST"])])


class _Front:
    def __init__(self, store: Store, roles: Roles, writers: WritePool | None) -> None:
        self._store = store
        self._roles = roles
        self._writers = writers
        # Separate lanes: panels do not delay workers, and workers do not delay panels.
        self._readers, self._others = Lane(), Lane()

    async def answer(self, request: Request) -> Response:
        below = request.path_params["below"].strip("/")
        if below in ("ping", "replicas_status"):
            return PlainTextResponse("Ok.\n")
        if below:
            raise HTTPException(404)
        began = time.perf_counter()
        query_id = request.query_params.get("query_id") or str(uuid4())
        is_valid = query_id.isascii() and query_id.isprintable()
        headers = {
            "X-ClickHouse-Query-Id": query_id if is_valid else str(uuid4()),
            "X-ClickHouse-Timezone": _TIME_ZONE,
            "X-ClickHouse-Server-Display-Name": _NAME,
        }
        try:
            if not is_valid:
                raise refusal(36, "query_id may hold printable ASCII characters only", "BAD_ARGUMENTS")
            role = self._roles.of(request)
            lane = self._readers if role is Role.READER else self._others
            async with AsyncExitStack() as turn:
                await turn.enter_async_context(lane.turn())
                try:
                    async with asyncio.timeout(BODY_SECONDS):
                        query = await read_query(request, role)
                except TimeoutError:
                    raise refusal(209, "The request took too long to arrive", "SOCKET_TIMEOUT") from None
                if not query.sql and not query.insert:
                    return PlainTextResponse("Ok.\n", headers=headers)
                if self._streams(query):
                    # It keeps no turn: a worker reads a table while it queries others, and holds one part.
                    parts = await self._parts(request, query, lane)
                    return StreamingResponse(parts, headers=headers, media_type=MEDIA_TYPE)
                leave = threading.Event()
                encoder = _encoder(request)
                answer = partial(self._reply, query, role, leave, encoder)
                reply, written = await _while_connected(request, answer, leave, lane)
                elapsed = int((time.perf_counter() - began) * 1e9)
                if reply.format:
                    headers["X-ClickHouse-Format"] = reply.format
                summary = {
                    "written_rows": str(written),
                    "result_bytes": str(encoder.size),
                    "elapsed_ns": str(elapsed),
                }
                headers["X-ClickHouse-Summary"] = json.dumps(summary)
                if encoder.encoding is not None:
                    headers["Content-Encoding"] = encoder.encoding
                return response_of(reply.body, headers, turn)
        except StoreError as error:
            return _failed(as_query_error(error), headers)

    def _reply(self, query: Query, role: Role, leave: threading.Event, encoder: Encoder) -> tuple[Reply, int]:
        """The encoded answer, and the number of rows written."""
        read = query.sql, query.format, query.parameters, query.database
        if query.hello:
            version = self._store.query("SELECT version()").result_rows[0][0]
            return Reply(hello_block(_NAME, version, _TIME_ZONE), "Native"), 0
        if self._writers is None or query.reads_only:
            if query.insert:
                raise refusal(164, "This request may only read: INSERT refused", "READONLY")
            if role is Role.READER:
                return self._store.reply_to_client(*read, leave, encoder), 0
            # A writer that only reads is a process of ours, such as one that evaluates alerts.
            reply = self._store.reply(*read, leave)
            return Reply(encoder(reply.body), reply.format), 0
        defines = role is Role.ADMIN
        if query.insert:
            written = self._writers.insert(query.insert, query.database, query.settings, defines)
            return Reply(b"", ""), written
        reply = self._writers.reply(*read, defines, leave)
        return Reply(encoder(reply.body), reply.format), 0

    def _streams(self, query: Query) -> bool:
        return (
            self._writers is not None
            and not query.reads_only
            and not query.insert
            and not query.complete
            and self._writers.can_stream(query.sql, query.format)
        )

    async def _parts(self, request: Request, query: Query, lane: Lane) -> AsyncIterator[bytes]:
        """An answer that is sent while the query runs. If the query fails, the connection ends within it."""
        assert self._writers is not None  # noqa: S101 - for the type checker
        leave = threading.Event()
        parts = self._writers.stream(query.sql, query.format, query.parameters, leave)
        first = await _while_connected(request, partial(_next, parts), leave, lane)

        async def all_parts() -> AsyncIterator[bytes]:
            part = first
            try:
                while part is not None:
                    yield part
                    part = await to_thread.run_sync(
                        _next, parts, abandon_on_cancel=True, limiter=lane.threads
                    )
            finally:
                leave.set()
                # A generator that still waits for a part ends by itself.
                with suppress(ValueError):
                    parts.close()

        return all_parts()


async def _while_connected(request: Request, call: Callable[[], T], leave: threading.Event, lane: Lane) -> T:
    """The result of a call in a thread; sets `leave` if nobody waits for it any more."""

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        leave.set()

    watching = asyncio.create_task(watch())
    try:
        return await to_thread.run_sync(call, abandon_on_cancel=True, limiter=lane.threads)
    except BaseException:
        leave.set()
        raise
    finally:
        watching.cancel()


def _next(parts: Iterator[bytes]) -> bytes | None:
    return next(parts, None)


def _encoder(request: Request) -> Encoder:
    wanted = request.query_params.get("enable_http_compression", "0") not in ("0", "", "false")
    return Encoder(request.headers.get("accept-encoding", "") if wanted else "")


def _failed(error: QueryError, headers: dict[str, str]) -> Response:
    headers["X-ClickHouse-Exception-Code"] = str(error.code or 1002)
    status = status_of(error)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = RETRY_SECONDS
    if error.code == 194:
        headers["WWW-Authenticate"] = f'Basic realm="{_NAME}"'
    return PlainTextResponse(f"{error}\n", status_code=status, headers=headers)
