"""`touchline store`: others write to it and read from it, with the client that talks to ClickHouse."""

import gzip
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import clickhouse_connect
import orjson
import pyarrow as pa
import pytest
import urllib3
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError
from typer.testing import CliRunner, Result

from touchline.cli.main import app
from touchline.store import (
    Store,
    StoreDenied,
    StoreMissing,
    StoreUnavailable,
    connect_store,
    migrate_server,
)
from touchline.store.address import Address
from touchline.tables import migrations

if TYPE_CHECKING:
    from tests.store_process import StoreProcess

Post = Callable[..., urllib3.BaseHTTPResponse]

WRITER = """
import itertools, sys
from touchline.store import StoreUnavailable, connect_store
from touchline.store.address import Address
store = connect_store(Address(sys.argv[1], "writer", sys.argv[2]))
for number in itertools.count(int(sys.argv[3])):
    ids = [f"{number}-{each}" for each in range(200)]
    rows = {"id": ids, "entity": ids, "time": [number] * 200, "log_offset": [number] * 200}
    try:
        store.insert("events", rows, f"batch-{number}")
    except StoreUnavailable:
        break
    print(number, flush=True)
"""


@pytest.fixture(scope="module")
def served(store_process: "StoreProcess") -> "StoreProcess":
    """The process, with one identity in its store."""
    with connect_store(store_process.address("writer")) as store:
        row: dict[str, list[Any]] = {"entity": ["account:u-1"], "version": [1]}
        store.insert("identities", row, "the first")
    return store_process


@pytest.fixture
def client(served: "StoreProcess") -> Iterator[Callable[..., Client]]:
    """clickhouse-connect's ordinary client, for a role."""
    made: list[Client] = []

    def connect(role: str, **options: Any) -> Client:
        place = served.address(role)
        one = clickhouse_connect.get_client(
            host=place.host,
            port=place.port,
            username=role,
            password=place.password,
            database="touchline",
            **options,
        )
        made.append(one)
        return one

    yield connect
    for one in made:
        one.close()


@pytest.fixture
def post(served: "StoreProcess") -> Post:
    """One request of the writer's: (body, headers, parameters of the URL)."""

    def once(body: bytes, headers: dict[str, str] | None = None, **url: str) -> urllib3.BaseHTTPResponse:
        own = urllib3.make_headers(basic_auth=f"writer:{served.password('writer')}")
        return urllib3.request(
            "POST",
            f"{served.url}/?{urlencode(url)}",
            body=body,
            headers={**own, **(headers or {})},
            timeout=30,
        )

    return once


def stored(client: Client, like: str) -> list[str]:
    """The entities that begin so."""
    sql = "SELECT entity FROM identities WHERE startsWith(entity, {like:String}) ORDER BY entity"
    return [row[0] for row in client.query(sql, parameters={"like": like}).result_rows]


def test_each_role_may_do_its_own(client: Callable[..., Client]) -> None:
    """A reader reads, a writer inserts and deletes, an admin makes tables; nobody reaches beyond."""
    insert = "INSERT INTO identities (entity, version) VALUES ('role:x', 1)"
    make = "CREATE TABLE IF NOT EXISTS other (a String) ENGINE = MergeTree ORDER BY a"
    delete = "ALTER TABLE identities DELETE WHERE entity = 'role:x'"
    allowed = {"reader": [], "writer": [insert, delete], "admin": [insert, delete, make, "DROP TABLE other"]}
    for role, may in allowed.items():
        one = client(role)
        assert one.command("SELECT 1") == 1
        for sql in (insert, delete, make, "DROP TABLE other"):
            if sql in may:
                one.command(sql)
            else:
                with pytest.raises(DatabaseError) as refused:
                    one.command(sql)
                assert refused.value.code in (164, 497), sql
        for sql in (
            "SELECT * FROM file('/etc/passwd')",
            "CREATE TABLE out (a String) ENGINE = URL('http://127.0.0.1/')",
            "CREATE TABLE out (a String) ENGINE = File(CSV)",
            "CREATE DICTIONARY d (a UInt8) PRIMARY KEY a SOURCE(FILE(path '/etc/passwd')) LAYOUT(FLAT())",
            "INSERT INTO system.settings FORMAT TSV\nx",
            "INSERT INTO identities SELECT * FROM file('/etc/passwd')",
            *(["INSERT INTO identities SELECT * FROM identities"] if role != "admin" else []),
            "SYSTEM SHUTDOWN",
            "CREATE USER x",
            f"{delete}; DROP TABLE events",
            *(["ALTER TABLE identities DELETE WHERE 1, DROP COLUMN customer"] if role != "admin" else []),
        ):
            with pytest.raises(DatabaseError) as refused:
                one.command(sql)
            assert refused.value.code in (62, 164, 497), (role, sql)
    with pytest.raises(DatabaseError, match="ACCESS_DENIED"):
        client("writer").command("INSERT INTO migrations (number) VALUES (99)")


def test_the_name_and_the_password_belong_together(served: "StoreProcess") -> None:
    """A role is entered by its own password, and by no other's."""
    for user, password in (
        ("writer", served.password("reader")),
        ("admin", ""),
        ("default", served.password("admin")),
    ):
        with pytest.raises(StoreDenied, match="store_password"):
            connect_store(Address(served.url, user, password))


def test_rows_come_in_every_format_that_clients_send(post: Post, client: Callable[..., Client]) -> None:
    """Native, JSON, CSV, binary rows and Arrow; the statement in the address or the body; packed or not."""
    reader = client("reader")
    rows = [["in:native", 1], ["in:native2", 1]]
    client("writer").insert("identities", rows, column_names=["entity", "version"])
    client("writer", compress="zstd").insert("identities", [["in:zstd", 1]], ["entity", "version"])
    client("writer", compress=False).insert("identities", [["in:plain", 1]], ["entity", "version"])
    table = pa.table({"entity": ["in:arrow"], "version": pa.array([1], pa.uint64())})
    client("writer").insert_arrow("identities", table)
    line = orjson.dumps({"entity": "in:json", "version": 1})
    head = b"INSERT INTO identities FORMAT JSONEachRow\n"
    assert post(head + line).status == 200
    loose = b'{"entity": "in:loose", "version": 1, "more": 2}'
    assert post(head + loose, input_format_skip_unknown_fields="1").status == 200
    packed = gzip.compress(head + line.replace(b"json", b"gzip"))
    assert post(packed, {"Content-Encoding": "gzip"}).status == 200
    packed = pa.compress(line.replace(b"json", b"lz4"), codec="lz4", asbytes=True)
    parameters = {"query": "INSERT INTO identities FORMAT JSONEachRow"}
    assert post(packed, {"Content-Encoding": "lz4"}, **parameters).status == 200
    binary = b"\x0ain:rowbin1" + (1).to_bytes(8, "little")
    answer = post(b"INSERT INTO touchline.identities (entity, version) FORMAT RowBinary\n" + binary)
    assert orjson.loads(answer.headers["X-ClickHouse-Summary"])["written_rows"] == "1"
    assert post(b"INSERT INTO identities (entity, version) FORMAT CSV\nin:csv,1").status == 200
    assert stored(reader, "in:") == sorted(
        f"in:{name}"
        for name in "native native2 zstd plain arrow json loose gzip lz4 rowbin1 csv".split()  # noqa: SIM905
    )


def test_what_is_no_rows_is_refused_in_clickhouses_words(post: Post) -> None:
    """A wrong row, format, table or setting has a number and adds nothing."""
    for body, url, code in (
        (b"INSERT INTO identities FORMAT JSONEachRow\n{", {}, None),
        (b"INSERT INTO identities FORMAT Regexp\nx", {}, "73"),
        (b"INSERT INTO nothing FORMAT CSV\nx", {}, "60"),
        (b"INSERT INTO identities FORMAT CSV\nx", {"join_use_nulls": "1"}, "164"),
        (b"INSERT INTO identities (entity) VALUES (upper('x'))", {}, "62"),
        (b"INSERT INTO FUNCTION file('x') FORMAT CSV\nx", {}, "62"),
        (b"INSERT INTO identities FROM INFILE '/etc/passwd' FORMAT CSV", {}, "62"),
    ):
        answer = post(body, **url)
        assert answer.status in (400, 404), body
        assert code is None or answer.headers["X-ClickHouse-Exception-Code"] == code, answer.data
        assert answer.data.startswith(b"Code: "), body
    assert post(gzip.compress(b"x" * 70_000_000), {"Content-Encoding": "gzip"}).status == 400


def test_a_get_never_writes(served: "StoreProcess") -> None:
    """A link that somebody follows changes nothing, whoever follows it."""
    url = f"{served.url}/?user=writer&password={served.password('writer')}&query="
    assert urllib3.request("GET", url + "SELECT+1", timeout=30).data == b"1\n"
    for sql in ("INSERT+INTO+identities+(entity)+VALUES+('x')", "ALTER+TABLE+identities+DELETE+WHERE+1"):
        assert urllib3.request("GET", url + sql, timeout=30).status == 400


def test_a_long_answer_comes_in_parts(served: "StoreProcess") -> None:
    """What the worker reads as a whole is sent while it is made, and one that fails half-way says so."""
    with connect_store(served.address("writer")) as store:
        parts = list(store._handle.stream("SELECT number FROM numbers(3000000)", "TSV"))
        assert len(parts) > 1
        assert b"".join(parts).count(b"\n") == 3_000_000
        failing = "SELECT throwIf(number = 2900000) FROM numbers(3000000) SETTINGS max_block_size = 1000"
        with pytest.raises(StoreUnavailable):
            list(store._handle.stream(failing, "TSV"))
        assert store.newest() is None or store.newest()


def test_a_long_list_of_keys_fits_one_query(served: "StoreProcess") -> None:
    """One query takes keys with any characters, and more of them than a URL can hold."""
    odd = [f'it\'s {number} \\ "quoted" é\n' for number in range(50_000)]
    with connect_store(served.address("writer")) as store:
        rows: dict[str, list[Any]] = {"id": odd[:3], "entity": odd[:3], "log_offset": [7, 7, 7]}
        store.insert("events", rows, "odd keys")
        assert store.stored_ids(odd) == dict.fromkeys(odd[:3], 7)


def test_workers_write_at_the_same_time(served: "StoreProcess") -> None:
    """Rows of several writers are all there, each once, also where they repeat themselves."""

    def write(name: str) -> None:
        with connect_store(served.address("writer")) as store:
            for number in [*range(10), 9]:
                one: dict[str, list[Any]] = {"entity": [f"many:{name}-{number}"], "version": [1]}
                store.insert("identities", one, f"{name}-{number}")

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with connect_store(served.address("reader")) as store:
        counted = store.query("SELECT count() FROM identities WHERE startsWith(entity, 'many:')")
    assert counted.result_rows == [[40]]


def test_a_store_says_who_may_write(served: "StoreProcess") -> None:
    """A writer may insert; a reader may not, and is told why without a row being written."""
    with connect_store(served.address("writer")) as store:
        assert store.refusal("notes") == ""
        assert store.query("SELECT count() FROM notes").result_rows == [[0]]
    with connect_store(served.address("reader")) as store:
        assert "Only reading" in store.refusal("notes")


@pytest.mark.slow
def test_a_killed_store_loses_nothing_that_it_acknowledged(
    serve_store: Callable[..., "StoreProcess"],
) -> None:
    """After `kill -9` of the store in the middle of inserts, all acknowledged ones are there, each once."""
    served = serve_store()
    acknowledged = 0
    for _ in range(2):
        # The batch that was last acknowledged comes again, as after a crash before the log's commit.
        arguments = [served.url, served.password("writer"), str(max(1, acknowledged))]
        command = [sys.executable, "-c", WRITER, *arguments]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            for line in writer.stdout:
                acknowledged = max(acknowledged, int(line))
                if acknowledged % 7 == 0:
                    served.process.send_signal(signal.SIGKILL)
            assert writer.wait(60) == 0
        served.kill()
        served.start()
        with connect_store(served.address("reader")) as store:
            answer = store.query(
                "SELECT log_offset, count() FROM events GROUP BY log_offset ORDER BY log_offset"
            )
        assert {row[1] for row in answer.result_rows} == {200}
        offsets = [row[0] for row in answer.result_rows]
        assert offsets in ([*range(1, acknowledged + 1)], [*range(1, acknowledged + 2)])


def test_a_store_that_is_away_is_an_error_that_passes(served: "StoreProcess") -> None:
    """Writes and reads say that the store is away, and go on when it is back."""
    row: dict[str, list[Any]] = {"entity": ["account:u-1"], "version": [7_000_000_000_000]}
    port = served.address("writer").port
    with connect_store(served.address("writer")) as store:
        served.kill()
        for ask in (store.last_version, lambda: store.insert("identities", row, "t"), store.newest):
            with pytest.raises(StoreUnavailable):
                ask()
        with pytest.raises(StoreUnavailable):
            store.query("SELECT 1")
        served.start(port)
        store.insert("identities", row, "t")
        assert store.last_version() == 7_000_000_000_000
        assert store.query("SELECT 1").result_rows == [[1]]


def test_the_way_may_be_encrypted(serve_store: Callable[..., "StoreProcess"], tmp_path: Any) -> None:
    """With a certificate the store speaks https alone; a client checks it, by default by authorities."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)]
    try:
        subprocess.run([*made, *names], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed: nothing makes a certificate")
    served = serve_store("--tls-cert", str(cert), "--tls-key", str(key))
    assert served.url.startswith("https://127.0.0.1:")
    password = served.password("writer")
    for trusted in (
        Address(served.url, "writer", password, ca=cert),
        Address(served.url, "writer", password, verify=False),
    ):
        with connect_store(trusted) as store:
            assert store.query("SELECT 1").result_rows == [[1]]
    with pytest.raises(StoreUnavailable, match="certificate verify failed"):
        connect_store(Address(served.url, "writer", password))
    with pytest.raises(StoreUnavailable):
        connect_store(Address(served.url.replace("https", "http"), "writer", password))


def test_tables_are_brought_up_to_date_by_an_admin(served: "StoreProcess") -> None:
    """A store without this version's tables is refused with what to do; an admin makes them, once."""
    admin = served.address("admin")
    assert migrate_server(admin) == []
    with clickhouse_connect.get_client(
        host=admin.host, port=admin.port, username="admin", password=admin.password, database="touchline"
    ) as client:
        client.command("RENAME TABLE migrations TO away")
        with pytest.raises(StoreMissing, match="touchline migrate"):
            connect_store(served.address("writer"))
        applied = migrate_server(admin)
        assert applied == list(migrations())
        client.command("DROP TABLE away")
    with connect_store(served.address("writer")) as store:
        assert isinstance(store, Store)


def test_commands_work_on_the_store_at_an_address(
    served: "StoreProcess", monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """With an address in the settings, commands read there, and tell of a wrong one what to do."""
    monkeypatch.chdir(tmp_path)

    def run(role: str, *command: str) -> Result:
        settings = {
            "TOUCHLINE_STORE": served.url,
            "TOUCHLINE_STORE_USER": role,
            "TOUCHLINE_STORE_PASSWORD": served.password(role),
        }
        return CliRunner().invoke(app, list(command), env=settings)

    with connect_store(served.address("writer")) as store:
        rows: dict[str, list[Any]] = {
            "id": ["at-0", "at-1"],
            "entity": ["account:at", "account:at"],
            "time": [1_790_000_000_000, 1_795_000_000_000],
        }
        store.insert("events", rows, "at an address")
    found = run("reader", "query", "--json", "SELECT id FROM events WHERE id = 'at-1'")
    assert (found.exit_code, found.output) == (0, '{"id":"at-1"}\n'), found.output
    assert run("reader", "query", "DROP TABLE events").exit_code == 1
    assert '"value": null' in run("reader", "measures", "--json").output
    compared = run(
        "reader", "compare", "--before", "2026-10-01..2026-10-08", "--after", "2026-10-08..2026-10-15"
    )
    assert compared.exit_code == 0, compared.output
    steps = json.loads(run("admin", "migrate", "--json").output)["steps"]
    assert {step["state"] for step in steps} == {"there"}
    assert run("admin", "migrate", "--dry-run", "--roles").output.count("CREATE ROLE") == 4
    refused = run("admin", "migrate", "--roles")
    assert refused.exit_code == 1
    assert "ACCESS_DENIED" in refused.output
    assert list(tmp_path.iterdir()) == []
