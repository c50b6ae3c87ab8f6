"""ClickHouse's HTTP protocol in front of the store, with real clients on a real server."""

import gzip
import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from resource import RUSAGE_SELF, getrusage
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import clickhouse_connect
import pytest
import uvicorn
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError
from starlette.applications import Starlette

from touchline.store import QueryError, Store, open_store
from touchline.store.clickhouse_http import lane
from touchline.store.clickhouse_http.encoding import compressed, decompressed
from touchline.store.clickhouse_http.front import clickhouse_mount

TOKEN = "the-token"
KEY = {"X-ClickHouse-Key": TOKEN}
Ask = Callable[..., tuple[int, dict[str, str], bytes]]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store for all of these; a single test writes to it."""
    with open_store(tmp_path_factory.mktemp("served")) as opened:
        yield opened


@pytest.fixture(scope="module")
def port(store: Store) -> Iterator[int]:
    """The port of a server in front of the store."""
    app = Starlette(routes=[clickhouse_mount(store, TOKEN)])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    limit = time.monotonic() + 20
    while not server.started and time.monotonic() < limit:
        thread.join(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(20)


@pytest.fixture(scope="module")
def ask(port: int) -> Ask:
    """One request: (sql, headers, parameters of the URL) → status, headers in lower case, body."""

    def once(
        sql: bytes | str = "", headers: dict[str, str] = KEY, path: str = "/clickhouse", **url: Any
    ) -> tuple[int, dict[str, str], bytes]:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
            method = "POST" if sql else "GET"
            connection.request(method, f"{path}?{urlencode(url)}", sql or None, headers)
            response = connection.getresponse()
            return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()

    return once


@pytest.fixture(scope="module")
def client(port: int) -> Iterator[Client]:
    """clickhouse-connect's ordinary client."""
    with clickhouse_connect.get_client(
        host="127.0.0.1", port=port, proxy_path="/clickhouse", username="reader", password=TOKEN
    ) as connected:
        yield connected


def fill(store: Store, batches: int) -> None:
    """Ten events a batch."""
    for batch in range(batches):
        ids = [f"{batch}-{each}" for each in range(10)]
        store.insert("events", {"id": ids, "entity": ids, "log_offset": [batch] * 10}, f"batch-{batch}")


def test_clickhouse_connect_reads_every_type(client: Client) -> None:
    """Values of all kinds of types arrive as they are."""
    row = client.query(
        "SELECT toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0'), "
        "toDateTime64('2026-01-02 03:04:05.678', 3, 'UTC'), [1, 2], ['x'], CAST(NULL, 'Nullable(Int32)'), "
        "toLowCardinality('z'), CAST('open', 'Enum8(\\'open\\' = 1)'), 1.5, -7, toUInt8(2), map('a', 1)"
    ).result_rows[0]
    when = datetime(2026, 1, 2, 3, 4, 5, 678_000)
    uuid = UUID("61f0c404-5cb3-11e7-907b-a6006ad3dba0")
    assert row == (uuid, when, [1, 2], ["x"], None, "z", "open", 1.5, -7, 2, {"a": 1})


def test_an_answer_without_rows_still_has_columns(client: Client) -> None:
    """Clients learn names and types of columns where there are no rows."""
    answer = client.query("SELECT id, time, identifiers, channel FROM events WHERE id = ''")
    assert answer.result_rows == []
    assert answer.column_names == ("id", "time", "identifiers", "channel")
    types = [kind.name for kind in answer.column_types]
    assert types == ["String", "DateTime64(3, 'UTC')", "Array(String)", "LowCardinality(String)"]
    assert client.query("SHOW TABLES LIKE 'nothing'").column_names == ("name",)


def test_parameters_arrive_whatever_they_hold(client: Client) -> None:
    """Query parameters of clickhouse-connect keep quotes, backslashes and line ends."""
    odd = {"text": "x' \\ \n \t é", "list": ["q'", "\\"], "number": 5}
    sql = "SELECT {text:String}, {list:Array(String)}, {number:Int32}"
    assert client.query(sql, parameters=odd).result_rows == [tuple(odd.values())]


def test_a_client_reads_while_the_process_writes(client: Client, store: Store) -> None:
    """What a client counts while rows are inserted only grows, by whole batches."""
    writer = threading.Thread(target=fill, args=(store, 30))
    writer.start()
    counts = []
    while writer.is_alive():
        counts.append(client.query("SELECT count() FROM events").result_rows[0][0])
    writer.join()
    assert counts == sorted(counts)
    assert all(count % 10 == 0 for count in counts)
    assert client.command("SELECT count() FROM events") == 300


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO events (id) VALUES ('x')",
        "DROP TABLE events",
        "SELECT file('/etc/hostname')",
        "SELECT 1; SELECT 2",
        "SELECT 1 SETTINGS readonly = 0",
        "SET readonly = 0",
    ],
)
def test_clients_cannot_write(client: Client, sql: str) -> None:
    """Writes are refused with ClickHouse's error."""
    with pytest.raises(DatabaseError, match="READONLY"):
        client.command(sql)


def test_clickhouse_go_is_greeted_in_its_own_revision(ask: Ask) -> None:
    """The first answer has the form of newer revisions and says revision 0; later ones have the old form."""
    hello = "SELECT displayName(), version(), revision(), timezone()"
    status, headers, body = ask(hello, client_protocol_version=54_483, default_format="Native")
    assert (status, headers["x-clickhouse-format"]) == (200, "Native")
    assert body.startswith(
        b"\x01\x00\x02\xff\xff\xff\xff\x00\x04\x01\x0ddisplayName()\x06String\x00\x09touchline"
    )
    assert b"\x0arevision()\x06UInt32\x00\x00\x00\x00\x00" in body
    plain = ask("SELECT 1 AS a", client_protocol_version=54_483, default_format="Native")
    assert plain[2] == b"\x01\x01\x01a\x05UInt8\x01"


def test_queries_come_in_the_url_the_body_or_both(ask: Ask) -> None:
    """The text of a query is `?query=` and the body after it, packed or not."""
    assert ask(query="SELECT 1")[2] == b"1\n"
    assert ask("SELECT 2")[2] == b"2\n"
    assert ask("+ 1", query="SELECT 2")[2] == b"3\n"
    assert ask(gzip.compress(b"SELECT 4"), {**KEY, "Content-Encoding": "gzip"})[2] == b"4\n"
    assert ask(path="/clickhouse/", query="SELECT 5")[2] == b"5\n"
    curls = {**KEY, "Content-Type": "application/x-www-form-urlencoded"}
    assert ask("SELECT 6 AS a", curls, default_format="JSONEachRow")[2] == b'{"a":6}\n'


def test_formats_databases_and_headers(ask: Ask) -> None:
    """Format and database come from the URL or from headers; the answer says what it is."""
    status, headers, body = ask(
        "SELECT currentDatabase() AS a", default_format="JSONEachRow", database="system"
    )
    assert (status, body) == (200, b'{"a":"system"}\n')
    assert headers["x-clickhouse-format"] == "JSONEachRow"
    assert headers["x-clickhouse-timezone"] == "UTC"
    assert headers["x-clickhouse-server-display-name"] == "touchline"
    assert "elapsed_ns" in headers["x-clickhouse-summary"]
    assert ask("SELECT currentDatabase()")[2] == b"touchline\n"
    by_header = ask("SELECT 1 AS a", {**KEY, "X-ClickHouse-Format": "CSV"})
    assert by_header[2] == b"1\n"
    assert by_header[1]["x-clickhouse-format"] == "CSV"
    assert ask("SELECT 1 AS a FORMAT CSVWithNames", default_format="JSON")[2] == b'"a"\n1\n'
    assert ask("SELECT 1", database="nowhere")[0] == 404


def test_answers_are_compressed_on_request(ask: Ask) -> None:
    """Compression needs both the setting and the header; a small answer stays uncompressed."""
    packing = {**KEY, "Accept-Encoding": "br, gzip"}
    sql = "SELECT number FROM numbers(5000)"
    plain = ask(sql, packing)[2]
    status, headers, packed = ask(sql, packing, enable_http_compression=1)
    assert (status, headers["content-encoding"]) == (200, "gzip")
    assert gzip.decompress(packed) == plain
    assert "content-encoding" not in ask(sql, KEY, enable_http_compression=1)[1]
    assert "content-encoding" not in ask("SELECT 1", packing, enable_http_compression=1)[1]


@pytest.mark.parametrize("url", [{"compress": 1}, {"decompress": 1}])
def test_block_compression_is_refused(ask: Ask, url: dict[str, Any]) -> None:
    """Block compression is refused with an alternative."""
    status, headers, body = ask("SELECT 1", **url)
    assert (status, headers["x-clickhouse-exception-code"]) == (400, "48")
    assert b"choose gzip" in body


def test_settings_that_change_answers_are_refused(ask: Ask) -> None:
    """A setting that is not in force must not be taken for one that is."""
    assert ask("SELECT 1", max_execution_time=60, readonly=2)[0] == 200
    status, headers, body = ask("SELECT 1", join_use_nulls=1)
    assert (status, headers["x-clickhouse-exception-code"]) == (400, "164")
    assert b"join_use_nulls" in body


def test_errors_are_clickhouses(ask: Ask) -> None:
    """An error has a status, a code and ClickHouse's message."""
    status, headers, body = ask("SELECT * FROM nothing")
    assert (status, headers["x-clickhouse-exception-code"]) == (404, "60")
    assert body.startswith(b"Code: 60. DB::Exception: Unknown table expression identifier 'nothing'")
    assert ask("SELEC")[0] == 400
    assert ask("SELECT {a:String}", param_b="1")[0] == 400


def test_queries_need_the_token(ask: Ask) -> None:
    """A missing and a wrong password are different errors; each way to send the right one works."""
    status, headers, _ = ask("SELECT 1", {})
    assert (status, headers["x-clickhouse-exception-code"]) == (401, "194")
    basic = "Basic cmVhZGVyOnRoZS10b2tlbg=="
    for wrong in (
        {"X-ClickHouse-Key": "é"},
        {"Authorization": "Basic ?"},
        {"Authorization": f"{basic[:-6]}=="},
    ):
        status, headers, body = ask("SELECT 1", wrong)
        assert (status, headers["x-clickhouse-exception-code"]) == (403, "516"), body
    assert ask("SELECT 1", {}, password="wrong")[0] == 403
    assert ask("SELECT 1", {"Authorization": basic})[0] == 200
    assert ask("SELECT 1", {"Authorization": f"Bearer {TOKEN}"})[0] == 200
    assert ask("SELECT 1", {}, password=TOKEN)[0] == 200


def test_ping_needs_no_token(ask: Ask) -> None:
    """Ping needs no password; unknown paths are not found."""
    assert ask(path="/clickhouse/ping", headers={})[::2] == (200, b"Ok.\n")
    assert ask(path="/clickhouse")[::2] == (200, b"Ok.\n")
    assert ask(path="/clickhouse/elsewhere")[0] == 404
    assert ask(path="/clickhousex")[0] == 404


@pytest.mark.parametrize(
    "name", ["DataFrame", "ArrowTable", "TSV SETTINGS max_threads = 9", "TSV; SELECT 1", "x"]
)
def test_only_the_engines_formats_are_known(ask: Ask, name: str) -> None:
    """A format that the engine does not have, such as one of its client library, gets code 73."""
    for refused in (
        ask("SELECT 1", default_format=name),
        ask("SELECT 1", {**KEY, "X-ClickHouse-Format": name}),
    ):
        assert (refused[0], refused[1]["x-clickhouse-exception-code"]) == (400, "73"), refused[2]
    assert ask("SELECT 1", default_format="jsoncompactEACHrow")[2] == b"[1]\n"


def test_an_answer_is_limited_as_text_too(ask: Ask) -> None:
    """Few bytes in the engine that are many in the format are refused, past the limit of an answer."""
    long_name = f"SELECT 1 AS `{'x' * 100_000}` FROM numbers({{}}) FORMAT JSONEachRow"
    assert len(ask(long_name.format(100))[2]) > 10_000_000
    status, headers, body = ask(long_name.format(1_100))
    assert (status, headers["x-clickhouse-exception-code"]) == (400, "396"), body[:200]


def test_too_long_a_query_is_refused(ask: Ask) -> None:
    """Queries and bodies are limited, also after decompression."""
    assert ask("SELECT 1 " + " " * 300_000 + ", 2")[0] == 400
    bomb = gzip.compress(b"SELECT '" + b"x" * 50_000_000 + b"'")
    assert ask(bomb, {**KEY, "Content-Encoding": "gzip"})[0] == 400


def test_too_many_queries_wait_and_are_then_refused(
    ask: Ask, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Queries beyond the running ones wait; after a timeout they are refused with code 202."""
    monkeypatch.setattr(lane, "WAIT_SECONDS", 0.2)
    slow = f"/clickhouse?password={TOKEN}&query={quote('SELECT sleep(1)')}"
    running = [http.client.HTTPConnection("127.0.0.1", port, timeout=30) for _ in range(lane.RUNNING)]
    for connection in running:
        connection.request("GET", slow)
    limit = time.monotonic() + 20
    while (refused := ask("SELECT 1"))[0] == 200 and time.monotonic() < limit:
        pass
    assert (refused[0], refused[1]["x-clickhouse-exception-code"]) == (503, "202")
    assert refused[1]["retry-after"] == "5"
    assert ask(path="/clickhouse/ping")[0] == 200
    for connection in running:
        with closing(connection):
            assert connection.getresponse().status == 200
    assert ask("SELECT 1")[0] == 200


def test_a_large_answer_that_nobody_reads_keeps_its_turn(
    ask: Ask, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unread answers are as many as there are turns; a client that reads, or goes, makes room again."""
    monkeypatch.setattr(lane, "WAIT_SECONDS", 0.2)
    query = quote("SELECT repeat('x', 1000000) FROM numbers(40)")
    large = f"/clickhouse?password={TOKEN}&query={query}"
    unread = [http.client.HTTPConnection("127.0.0.1", port, timeout=30) for _ in range(lane.RUNNING)]
    for connection in unread:
        connection.request("GET", large)
    limit = time.monotonic() + 20
    while ask("SELECT 1")[0] == 200 and time.monotonic() < limit:
        pass
    assert [ask("SELECT 1")[1]["x-clickhouse-exception-code"] for _ in range(3)] == ["202"] * 3
    assert len(unread[0].getresponse().read()) == 40 * 1_000_001
    for connection in unread:
        connection.close()
    while (answered := ask("SELECT 1"))[0] != 200 and time.monotonic() < limit + 20:
        pass
    assert answered[2] == b"1\n"


@pytest.mark.parametrize("query_id", ["€", "a\r\nSet-Cookie: b=1", "é", "a\x00b"])
@pytest.mark.parametrize("headers", [KEY, {}])
def test_a_query_id_that_no_header_can_hold_is_refused(
    ask: Ask, query_id: str, headers: dict[str, str]
) -> None:
    """A `query_id` is printable ASCII; any other gets code 36, with or without the password."""
    status, answered, body = ask(headers=headers, query="SELECT 1", query_id=query_id)
    assert (status, answered["x-clickhouse-exception-code"]) == (400, "36"), body
    assert "set-cookie" not in answered
    assert ask(query="SELECT 1", query_id="a b")[1]["x-clickhouse-query-id"] == "a b"


def test_many_empty_gzip_members_are_refused(ask: Ask) -> None:
    """A gzip body has at most 1,000 members, and ends with a complete one."""
    member, packed = gzip.compress(b""), {**KEY, "Content-Encoding": "gzip"}
    assert ask(member * 10 + gzip.compress(b"SELECT ") + gzip.compress(b"3"), packed)[::2] == (200, b"3\n")
    status, headers, body = ask(member * 2_000 + gzip.compress(b"SELECT 3"), packed)
    assert (status, headers["x-clickhouse-exception-code"]) == (400, "62")
    assert b"more than 1000 members" in body
    assert ask(gzip.compress(b"SELECT 3")[:-1], packed)[0] == 400


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "lz4"])
def test_a_body_is_decompressed_only_up_to_the_limit(encoding: str) -> None:
    """A body that holds far more than the limit is refused without decompressing the rest."""
    bomb = compressed(b"x" * 200_000_000, encoding)
    before = getrusage(RUSAGE_SELF).ru_maxrss
    with pytest.raises(QueryError, match="TOO_MANY_BYTES"):
        decompressed(bomb, encoding, 1_000)
    assert getrusage(RUSAGE_SELF).ru_maxrss - before < 50_000
