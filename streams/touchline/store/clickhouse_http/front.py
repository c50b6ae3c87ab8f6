"""ClickHouse's HTTP protocol in front of the store of this process.

clickhouse-connect, Grafana's ClickHouse plugin (clickhouse-go) and plain HTTP speak it. What cannot be done
is refused in ClickHouse's manner; nothing is ever answered but what was asked.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from uuid import uuid4

from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from touchline.store import QueryError, Reply, Store, StoreError
from touchline.store.clickhouse_http.encoding import PACK_FROM_BYTES, packed, packing_for
from touchline.store.clickhouse_http.refusal import as_query_error, refusal, status_of
from touchline.store.clickhouse_http.request import Asked, read
from touchline.store.clickhouse_http.roles import Role, Roles
from touchline.store.pools.native import hello_block
from touchline.store.pools.write_pool import WritePool

PATH = "/clickhouse"
RUNNING = 4
WAITING = 64
WAIT_SECONDS = 10.0
BODY_SECONDS = 30.0

_TIME_ZONE, _NAME = "UTC", "touchline"


def clickhouse_mount(store: Store, token: str) -> Route:
    """The route `/clickhouse`, with `/clickhouse/` and `/clickhouse/ping` below it, for reading.

    Args:
        store: What is read.
        token: The password that every query must bring: as Basic's, in `X-ClickHouse-Key`, as a Bearer
            token, or as `?password=`. Any user name will do.
    """
    front = _Front(store, Roles({Role.READER: token}), None)
    return Route(PATH + "{below:path}", front.answer, methods=["GET", "POST"])


def store_app(store: Store, writers: WritePool, roles: Roles) -> Starlette:
    """A server of the store alone, at `/`, as a ClickHouse server is; for reading and writing.

    Args:
        store: What is read.
        writers: What writes to the same store.
        roles: Who may do what.
    """
    front = _Front(store, roles, writers)
    return Starlette(routes=[Route("/{below:path}", front.answer, methods=["GET", "POST"])])


class _Lane:
    """Where queries wait for their turn: a few run, more wait, for a while, and not too many."""

    def __init__(self) -> None:
        self.threads = CapacityLimiter(RUNNING)
        self._turn = asyncio.Semaphore(RUNNING)
        self._waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """A turn, for as long as it lasts."""
        busy = refusal(202, "Too many simultaneous queries: try again soon", "TOO_MANY_SIMULTANEOUS_QUERIES")
        if self._waiting >= WAITING:
            raise busy
        self._waiting += 1
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._turn.acquire()
        except TimeoutError:
            raise busy from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._turn.release()


class _Front:
    def __init__(self, store: Store, roles: Roles, writers: WritePool | None) -> None:
        self._store = store
        self._roles = roles
        self._writers = writers
        # So that panels do not keep the workers waiting, nor they the panels.
        self._lanes = {True: _Lane(), False: _Lane()}

    async def answer(self, request: Request) -> Response:
        below = request.path_params["below"].strip("/")
        if below in ("ping", "replicas_status"):
            return PlainTextResponse("Ok.\n")
        if below:
            raise HTTPException(404)
        began = time.perf_counter()
        headers = {
            "X-ClickHouse-Query-Id": request.query_params.get("query_id") or str(uuid4()),
            "X-ClickHouse-Timezone": _TIME_ZONE,
            "X-ClickHouse-Server-Display-Name": _NAME,
        }
        try:
            role = self._roles.of(request)
            lane = self._lanes[role is Role.READER]
            async with lane.turn():
                try:
                    async with asyncio.timeout(BODY_SECONDS):
                        asked = await read(request, role)
                except TimeoutError:
                    raise refusal(209, "The request took too long to arrive", "SOCKET_TIMEOUT") from None
                if not asked.sql and not asked.insert:
                    return PlainTextResponse("Ok.\n", headers=headers)
                if self._streams(asked):
                    return await self._parts(asked, lane, headers)
                reply, written = await to_thread.run_sync(
                    partial(self._reply, asked, role), limiter=lane.threads
                )
            elapsed = int((time.perf_counter() - began) * 1e9)
            if reply.format:
                headers["X-ClickHouse-Format"] = reply.format
            summary = {
                "written_rows": str(written),
                "result_bytes": str(len(reply.body)),
                "elapsed_ns": str(elapsed),
            }
            headers["X-ClickHouse-Summary"] = json.dumps(summary)
            return await _encoded(request, reply, headers)
        except StoreError as error:
            return _failed(as_query_error(error), headers)

    def _reply(self, asked: Asked, role: Role) -> tuple[Reply, int]:
        """The answer, and how many rows were written."""
        if asked.hello:
            version = self._store.query("SELECT version()").result_rows[0][0]
            return Reply(hello_block(_NAME, version, _TIME_ZONE), "Native"), 0
        if self._writers is None or asked.reads_only:
            if asked.insert:
                raise refusal(164, "Only reading: refused INSERT", "READONLY")
            return self._store.reply(asked.sql, asked.format, asked.parameters, asked.database), 0
        defines = role is Role.ADMIN
        if asked.insert:
            written = self._writers.insert(asked.insert, asked.database, asked.settings, defines)
            return Reply(b"", ""), written
        return self._writers.reply(asked.sql, asked.format, asked.parameters, asked.database, defines), 0

    def _streams(self, asked: Asked) -> bool:
        return (
            self._writers is not None
            and not asked.reads_only
            and not asked.insert
            and not asked.complete
            and self._writers.can_stream(asked.sql, asked.format)
        )

    async def _parts(self, asked: Asked, lane: _Lane, headers: dict[str, str]) -> Response:
        """An answer that is sent while it is made; if it fails half-way, the connection ends there."""
        assert self._writers is not None  # noqa: S101 - for the type checker
        parts = self._writers.stream(asked.sql, asked.format, asked.parameters)
        first = await to_thread.run_sync(_next, parts, limiter=lane.threads)

        async def all_parts() -> AsyncIterator[bytes]:
            part = first
            try:
                while part is not None:
                    yield part
                    part = await to_thread.run_sync(_next, parts, limiter=lane.threads)
            finally:
                parts.close()  # type: ignore[attr-defined]

        return StreamingResponse(all_parts(), headers=headers, media_type="application/octet-stream")


def _next(parts: Iterator[bytes]) -> bytes | None:
    return next(parts, None)


async def _encoded(request: Request, reply: Reply, headers: dict[str, str]) -> Response:
    """The answer, packed where the client asked for that and takes it."""
    body = reply.body
    wanted = request.query_params.get("enable_http_compression", "0") not in ("0", "", "false")
    packing = packing_for(request.headers.get("accept-encoding", "")) if wanted else None
    if packing is not None and len(body) >= PACK_FROM_BYTES:
        body = await to_thread.run_sync(packed, body, packing)
        headers["Content-Encoding"] = packing
    return Response(body, headers=headers, media_type="application/octet-stream")


def _failed(error: QueryError, headers: dict[str, str]) -> Response:
    headers["X-ClickHouse-Exception-Code"] = str(error.code or 1002)
    if error.code == 194:
        headers["WWW-Authenticate"] = f'Basic realm="{_NAME}"'
    return PlainTextResponse(f"{error}\n", status_code=status_of(error), headers=headers)
