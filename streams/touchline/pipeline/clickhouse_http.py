"""ClickHouse's HTTP protocol, the reading side, in front of the embedded store.

clickhouse-connect, Grafana's ClickHouse plugin (clickhouse-go) and plain HTTP read the store that this
process writes. What it cannot do it refuses in ClickHouse's manner; it never answers something else.
"""

import asyncio
import gzip
import hmac
import json
import time
import zlib
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from uuid import uuid4

from anyio import CapacityLimiter, to_thread
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from touchline.pipeline.store import QueryError, Reply, Store, StoreError
from touchline.pipeline.store.native import hello_block

PATH = "/clickhouse"
QUERY_BYTES = 262_144
BODY_BYTES = 2_000_000
RUNNING = 4
WAITING = 64
WAIT_SECONDS = 10.0
GZIP_FROM_BYTES = 1_000

_TIME_ZONE, _NAME = "UTC", "touchline"

# clickhouse-go asks this first, with a protocol revision in which the engine cannot write; told that the
# server's revision is 0, it reads everything else as the engine writes it.
_HELLO = "select displayname(), version(), revision(), timezone()"

_IGNORED = frozenset(
    {"buffer_size", "client_protocol_version", "connect_timeout", "enable_http_compression", "password"}
    | {
        "http_headers_progress_interval_ms",
        "log_queries",
        "query",
        "query_id",
        "quota_key",
        "readonly",
        "role",
    }
    | {"send_progress_in_http_headers", "session_check", "session_id", "session_timeout", "user"}
    | {"wait_end_of_query", "max_execution_time", "max_result_rows", "max_result_bytes", "max_block_size"}
    | {"default_format", "database", "compress", "decompress"}
)
"""URL parameters that change no answer, or that are read here; any other setting is refused."""

_STATUS = {60: 404, 81: 404, 159: 500, 194: 401, 202: 503, 210: 503, 241: 500, 516: 403}
"""HTTP status of ClickHouse's error numbers; all others are the asker's mistake, 400."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A query as it came."""

    sql: str
    format: str
    database: str | None
    parameters: Mapping[str, str]
    hello: bool


def clickhouse_mount(store: Store, token: str) -> Route:
    """The route `/clickhouse`, with `/clickhouse/` and `/clickhouse/ping` below it.

    Args:
        store: What is read.
        token: The password that every query must bring: as Basic's, in `X-ClickHouse-Key`, as a Bearer
            token, or as `?password=`. Any user name will do.
    """
    return Route(PATH + "{below:path}", _Front(store, token).answer, methods=["GET", "POST"])


class _Front:
    def __init__(self, store: Store, token: str) -> None:
        self._store = store
        self._token = token.encode()
        self._threads = CapacityLimiter(RUNNING)
        self._turn = asyncio.Semaphore(RUNNING)
        self._waiting = 0

    async def answer(self, request: Request) -> Response:
        below = request.path_params["below"]
        if below in ("/ping", "/replicas_status"):
            return PlainTextResponse("Ok.\n")
        if below not in ("", "/"):
            raise HTTPException(404)
        began = time.perf_counter()
        headers = {
            "X-ClickHouse-Query-Id": request.query_params.get("query_id") or str(uuid4()),
            "X-ClickHouse-Timezone": _TIME_ZONE,
            "X-ClickHouse-Server-Display-Name": _NAME,
        }
        try:
            self._admit(request)
            asked = await _read(request)
            if not asked.sql:
                return PlainTextResponse("Ok.\n", headers=headers)
            reply = await self._ask(asked)
            elapsed = int((time.perf_counter() - began) * 1e9)
            headers["X-ClickHouse-Format"] = reply.format
            summary = {"result_bytes": str(len(reply.body)), "elapsed_ns": str(elapsed)}
            headers["X-ClickHouse-Summary"] = json.dumps(summary)
            return await _encoded(request, reply, headers)
        except QueryError as error:
            return _failed(error, headers)
        except StoreError as error:
            return _failed(QueryError(_text(210, str(error), "NETWORK_ERROR"), 210), headers)

    def _admit(self, request: Request) -> None:
        """Check the token, in a time that does not depend on how much of it is right."""
        given = password_of(request)
        if given is None:
            raise _error(
                194,
                "Send the token as the password: it is in the data folder's file `token`",
                "REQUIRED_PASSWORD",
            )
        if not hmac.compare_digest(given.encode(), self._token):
            raise _error(
                516, "Authentication failed: the password is not this store's token", "AUTHENTICATION_FAILED"
            )

    async def _ask(self, asked: _Asked) -> Reply:
        """Answer in a thread, a few at a time; more wait in line, for a while, and not too many."""
        busy = _error(202, "Too many simultaneous queries: try again soon", "TOO_MANY_SIMULTANEOUS_QUERIES")
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
            return await to_thread.run_sync(partial(self._reply, asked), limiter=self._threads)
        finally:
            self._turn.release()

    def _reply(self, asked: _Asked) -> Reply:
        if asked.hello:
            version = self._store.query("SELECT version()").result_rows[0][0]
            return Reply(hello_block(_NAME, version, _TIME_ZONE), "Native")
        return self._store.reply(asked.sql, asked.format, asked.parameters, asked.database)


async def _read(request: Request) -> _Asked:
    """The query of a request: its text is `?query=` and the body, or a form of many parts."""
    url = dict(request.query_params)
    fields: dict[str, str] = {}
    # `application/x-www-form-urlencoded` is no form here: it is what curl calls any body.
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        if int(request.headers.get("content-length") or BODY_BYTES + 1) > BODY_BYTES:
            raise _error(307, f"The request is over {BODY_BYTES} bytes", "TOO_MANY_BYTES")
        async with request.form(max_files=0, max_fields=1_000) as form:
            fields = {name: value for name, value in form.items() if not isinstance(value, UploadFile)}
        text = fields.pop("query", "")
    else:
        text = await _body(request)
    given = {**url, **fields}
    sql = "\n".join(part for part in (url.get("query", ""), text) if part).strip()
    if len(sql.encode()) > QUERY_BYTES:
        raise _error(62, f"Max query size exceeded: the query is over {QUERY_BYTES} bytes", "SYNTAX_ERROR")
    parameters = {name[6:]: value for name, value in given.items() if name.startswith("param_")}
    _check_settings({name: value for name, value in given.items() if not name.startswith("param_")})
    revision = given.get("client_protocol_version", "0")
    return _Asked(
        sql=sql,
        format=given.get("default_format") or request.headers.get("x-clickhouse-format") or "TabSeparated",
        database=given.get("database") or request.headers.get("x-clickhouse-database"),
        parameters=parameters,
        hello=revision != "0" and " ".join(sql.lower().split()) == _HELLO,
    )


async def _body(request: Request) -> str:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES:
            raise _error(307, f"The request is over {BODY_BYTES} bytes", "TOO_MANY_BYTES")
    try:
        encoding = request.headers.get("content-encoding", "identity")
        if encoding == "gzip":
            unpacking = zlib.decompressobj(wbits=31)
            body = bytearray(unpacking.decompress(bytes(body), BODY_BYTES))
        elif encoding != "identity":
            raise _error(
                48, f"Content-Encoding {encoding} is not read here: send gzip or none", "NOT_IMPLEMENTED"
            )
        return body.decode()
    except (zlib.error, UnicodeDecodeError) as error:
        raise _error(62, f"The body is no text: {error}", "SYNTAX_ERROR") from None


def _check_settings(given: Mapping[str, str]) -> None:
    """Refuse what would make the answer another one than was asked for."""
    for name in ("compress", "decompress"):
        if given.get(name, "0") not in ("0", "", "false"):
            raise _error(
                48,
                f"{name}=1, ClickHouse's own block compression, is not spoken here: turn compression off "
                "in the client, or choose gzip",
                "NOT_IMPLEMENTED",
            )
    for name in given.keys() - _IGNORED:
        raise _error(164, f"Cannot modify {name!r} setting in readonly mode", "READONLY")


def password_of(request: HTTPConnection) -> str | None:
    """The password that a request brings, by any of the four ways; None where it brings none."""
    headers = request.headers
    if (key := headers.get("x-clickhouse-key")) is not None:
        return key
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            return b64decode(rest, validate=True).decode().partition(":")[2]
        except (NotBase64, UnicodeDecodeError):
            return ""
    return request.query_params.get("password")


async def _encoded(request: Request, reply: Reply, headers: dict[str, str]) -> Response:
    """The answer, in gzip where the client asked for compression and takes it."""
    body = reply.body
    wanted = request.query_params.get("enable_http_compression", "0") not in ("0", "", "false")
    accepted = {
        part.partition(";")[0].strip() for part in request.headers.get("accept-encoding", "").split(",")
    }
    if (wanted and "gzip" in accepted) and len(body) >= GZIP_FROM_BYTES:
        body = await to_thread.run_sync(partial(gzip.compress, body, compresslevel=1, mtime=0))
        headers["Content-Encoding"] = "gzip"
    return Response(body, headers=headers, media_type="application/octet-stream")


def _failed(error: QueryError, headers: dict[str, str]) -> Response:
    code = error.code or 1002
    headers["X-ClickHouse-Exception-Code"] = str(code)
    if code == 194:
        headers["WWW-Authenticate"] = f'Basic realm="{_NAME}"'
    return PlainTextResponse(f"{error}\n", status_code=_STATUS.get(code, 400), headers=headers)


def _error(code: int, message: str, name: str) -> QueryError:
    return QueryError(_text(code, message, name), code)


def _text(code: int, message: str, name: str) -> str:
    return f"Code: {code}. DB::Exception: {message}. ({name})"
