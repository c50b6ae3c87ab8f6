"""Parsing a request: its SQL, data, parameters and settings."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from anyio import to_thread
from starlette.datastructures import UploadFile
from starlette.requests import Request

from touchline.store.clickhouse_http.encoding import decompressed
from touchline.store.clickhouse_http.refusal import refusal
from touchline.store.clickhouse_http.roles import Role

QUERY_BYTES = 262_144
BODY_BYTES = 2_000_000
WRITER_BYTES = 64_000_000
"""Limits of a reader's SQL, a reader's request and a writer's request."""

# clickhouse-go's first query announces a protocol revision that the engine cannot write. After an answer that
# says revision 0, the client reads all further answers as the engine writes them.
_HELLO = "select displayname(), version(), revision(), timezone()"

_IGNORED = frozenset(
    {"buffer_size", "client_protocol_version", "connect_timeout", "enable_http_compression", "password"}
    | {"http_headers_progress_interval_ms", "log_queries", "query", "query_id", "quota_key", "readonly"}
    | {"role", "send_progress_in_http_headers", "session_check", "session_id", "session_timeout", "user"}
    | {"wait_end_of_query", "max_execution_time", "max_result_rows", "max_result_bytes", "max_block_size"}
    | {"default_format", "database", "compress", "decompress", "max_query_size", "max_memory_usage"}
    | {"enable_materialized_cte"}
)
"""URL parameters that change no answer, or that this module reads; any other setting is refused."""

_IGNORED_OF_WRITERS = frozenset(
    {
        "async_insert",
        "wait_for_async_insert",
        "insert_deduplicate",
        "mutations_sync",
        "distributed_ddl_task_timeout",
        "load_balancing",
    }
    | {"insert_quorum", "insert_quorum_parallel", "insert_quorum_timeout", "select_sequential_consistency"}
    | {"distributed_foreground_insert", "distributed_product_mode", "distributed_ddl_task_timeout"}
    | {"prefer_localhost_replica"}
    | {"cancel_http_readonly_queries_on_client_close", "cast_string_to_dynamic_use_inference"}
)
"""Further ones for writers: they concern replicas and shards, which a single process does not have."""

_FIXED = {"session_timezone": ("UTC",), "date_time_input_format": ("best_effort", "basic")}
"""Settings that are accepted with the values that are in force anyway."""

_INSERTS = re.compile(rb"\s*INSERT\s", re.IGNORECASE)
_COPIES = re.compile(rb"\s*INSERT\s+INTO\s+\w+\s+SELECT\s", re.IGNORECASE)
"""An admin's INSERT from other tables, as in a migration: no rows follow the statement."""


@dataclass(frozen=True, slots=True)
class Query:
    """The query of a request.

    For an INSERT, `insert` holds the statement and its rows, and `sql` is empty. `settings` are those for
    the engine. `complete` means that the client wants the answer only after the query has ended.
    """

    sql: str
    insert: bytes
    format: str
    database: str | None
    parameters: Mapping[str, str]
    settings: Mapping[str, str]
    hello: bool
    reads_only: bool
    complete: bool


async def read_query(request: Request, role: Role) -> Query:
    """Parse a request. The text of a query is `?query=` followed by the body, or a multipart form.

    Raises:
        QueryError: the request is too large, malformed, or sets what it may not.
    """
    writes = role is not Role.READER
    url = dict(request.query_params)
    form_fields: dict[str, str] = {}
    # `application/x-www-form-urlencoded` is not a form here: curl sends it with any body.
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        if int(request.headers.get("content-length") or BODY_BYTES + 1) > BODY_BYTES:
            raise refusal(307, f"The request is over {BODY_BYTES} bytes", "TOO_MANY_BYTES")
        async with request.form(max_files=0, max_fields=1_000) as form:
            form_fields = {name: value for name, value in form.items() if not isinstance(value, UploadFile)}
        body = form_fields.pop("query", "").encode()
    else:
        body = await _body(request, WRITER_BYTES if writes else BODY_BYTES)
    fields = {**url, **form_fields}
    prefix = url.get("query", "").encode()
    text = b"\n".join(part for part in (prefix, body) if part)
    copies = role is Role.ADMIN and _COPIES.match(text) is not None
    inserts = writes and not copies and _INSERTS.match(text) is not None
    sql = "" if inserts else _text(text, WRITER_BYTES if writes else QUERY_BYTES)
    revision = fields.get("client_protocol_version", "0")
    return Query(
        sql=sql,
        insert=text if inserts else b"",
        format=fields.get("default_format") or request.headers.get("x-clickhouse-format") or "TabSeparated",
        database=fields.get("database") or request.headers.get("x-clickhouse-database"),
        parameters={name[6:]: value for name, value in fields.items() if name.startswith("param_")},
        settings=_settings(fields, role),
        hello=revision != "0" and " ".join(sql[:200].lower().split()) == _HELLO,
        reads_only=not writes or request.method == "GET" or fields.get("readonly", "0") not in ("", "0"),
        complete=fields.get("wait_end_of_query", "0") not in ("", "0", "false"),
    )


async def _body(request: Request, most: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise refusal(307, f"The request is over {most} bytes", "TOO_MANY_BYTES")
    encoding = request.headers.get("content-encoding", "")
    return await to_thread.run_sync(decompressed, bytes(body), encoding, most)


def _text(text: bytes, most: int) -> str:
    try:
        sql = text.decode().strip()
    except UnicodeDecodeError as error:
        raise refusal(62, f"The query is not UTF-8: {error}", "SYNTAX_ERROR") from None
    if len(text) > most:
        raise refusal(62, f"Max query size exceeded: the query is over {most} bytes", "SYNTAX_ERROR")
    return sql


def _settings(fields: Mapping[str, str], role: Role) -> dict[str, str]:
    """The settings for the engine. Refuses every setting that would change the answer if it were in force."""
    for name in ("compress", "decompress"):
        if fields.get(name, "0") not in ("0", "", "false"):
            raise refusal(
                48,
                f"{name}=1, ClickHouse's own block compression, is not supported: turn compression off "
                "in the client, or choose gzip",
                "NOT_IMPLEMENTED",
            )
    writes = role is not Role.READER
    kept: dict[str, str] = {}
    for name, value in fields.items():
        if name.startswith("param_") or name in _IGNORED or value in _FIXED.get(name, ()):
            continue
        if writes and name in _IGNORED_OF_WRITERS:
            continue
        if writes and (name == "insert_deduplication_token" or name.startswith("input_format_")):
            kept[name] = value
        else:
            raise refusal(164, f"Cannot modify {name!r} setting in readonly mode", "READONLY")
    return kept
