"""`touchline query`, on a store at rest and on one that a server has open."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import copytree
from typing import Any

import msgspec
import pytest
import uvicorn
from starlette.applications import Starlette
from typer.testing import CliRunner, Result

from touchline.cli.main import app
from touchline.store import open_store
from touchline.store.clickhouse_http.front import clickhouse_mount
from touchline.store.reader import running_server
from touchline.store.server_file import announced, find_server


def run(data: Path, *arguments: str) -> Result:
    """The command on a data folder."""
    return CliRunner().invoke(app, ["query", *arguments, "--data", str(data)])


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, with_store: Callable[[Path], Path]) -> Path:
    """A data folder with three events, to be copied."""
    folder = with_store(tmp_path_factory.mktemp("filled"))
    rows: dict[str, list[Any]] = {"id": ["a", "b", "c"], "entity": ["account:1"] * 3, "time": [1, 2, 3]}
    with open_store(folder / "store") as store:
        store.insert("events", rows, "t")
    return folder


@pytest.fixture(params=["at rest", "served"])
def data(request: pytest.FixtureRequest, filled: Path, tmp_path: Path) -> Iterator[Path]:
    """A data folder with three events, its store at rest or served by this process."""
    copytree(filled, tmp_path, symlinks=True, dirs_exist_ok=True)
    if request.param == "served":
        with open_store(tmp_path / "store") as store:
            served = Starlette()
            server = uvicorn.Server(uvicorn.Config(served, port=0, log_config=None, ws="none"))
            thread = threading.Thread(target=server.run)
            thread.start()
            limit = time.monotonic() + 20
            while not server.started and time.monotonic() < limit:
                thread.join(0.01)
            url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
            with announced(tmp_path, url) as token:
                served.router.routes.append(clickhouse_mount(store, token))
                yield tmp_path
            server.should_exit = True
            thread.join(20)
            return
    yield tmp_path


def test_rows_come_as_table_json_and_csv(data: Path) -> None:
    """The same rows for people, scripts and spreadsheets."""
    sql = "SELECT id, toUnixTimestamp64Milli(time) AS time FROM events ORDER BY id LIMIT 2"
    table = run(data, sql)
    assert table.exit_code == 0, table.output
    assert "2 rows" in table.output
    assert run(data, sql, "--json").stdout == '{"id":"a","time":1}\n{"id":"b","time":2}\n'
    assert run(data, sql, "--csv").stdout == '"id","time"\n"a",1\n"b",2\n'
    assert run(data, sql + " FORMAT TSV").stdout == "a\t1\nb\t2\n"


def test_a_long_answer_says_how_to_get_all(data: Path) -> None:
    """The table shows the first rows and how many there are."""
    said = run(data, "SELECT number FROM numbers(250)")
    assert "250 rows, the first 100 are shown" in said.output
    assert len(run(data, "SELECT number FROM numbers(250)", "--json").stdout.splitlines()) == 250


def test_parameters_are_bound(data: Path) -> None:
    """`--param` fills `{name:Type}`."""
    said = run(data, "SELECT count() AS n FROM events WHERE id = {id:String}", "--param", "id=b", "--json")
    assert said.stdout == '{"n":1}\n'
    assert run(data, "SELECT 1", "--param", "id").exit_code == 2


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT nope FROM events", "Unknown expression identifier `nope`"),
        ("DELETE FROM events WHERE 1", "Only reading: refused 'DELETE'"),
        ("SELECT file('/etc/hostname')", "refused the name file"),
    ],
)
def test_errors_are_one_line_and_exit_code_1(data: Path, sql: str, message: str) -> None:
    """What was wrong with the SQL is said in ClickHouse's words."""
    said = run(data, sql)
    assert said.exit_code == 1
    assert message in said.stderr


def test_no_sql_is_a_mistake_of_usage(data: Path) -> None:
    """Empty SQL and text that is not UTF-8 are refused before the store is opened."""
    said = run(data, " ")
    assert (said.exit_code, said.stderr[:15]) == (2, "there is no SQL")
    said = run(data, "SELECT '\udcff'")
    assert (said.exit_code, said.stderr) == (2, "the SQL is not UTF-8 at character 9\n")


def test_no_store_says_what_makes_one(tmp_path: Path) -> None:
    """Without a store there is a hint, and nothing is made."""
    said = run(tmp_path, "SELECT 1")
    assert said.exit_code == 1
    assert "`touchline up` creates one" in said.stderr
    assert not list(tmp_path.iterdir())


def test_a_store_open_elsewhere_but_not_served_names_the_process(tmp_path: Path) -> None:
    """A process that has the store and does not serve it is named."""
    code = "import sys; from touchline.store import open_store; s = open_store(sys.argv[1])"
    command = [sys.executable, "-c", code + "; print('open', flush=True); input()", str(tmp_path / "store")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        said = run(tmp_path, "SELECT 1")
        holder.communicate("\n", timeout=30)
    assert said.exit_code == 1
    assert f"is open in process {holder.pid}" in said.stderr


def test_the_address_lasts_as_long_as_the_server(tmp_path: Path) -> None:
    """Commands find a server while it announces itself; the token is its owner's and stays."""
    assert find_server(tmp_path) is None
    with announced(tmp_path, "http://127.0.0.1:1") as token:
        found = find_server(tmp_path)
        assert found is not None
        assert (found.url, found.pid, found.token) == ("http://127.0.0.1:1", os.getpid(), token)
    assert find_server(tmp_path) is None
    assert (tmp_path / "token").stat().st_mode & 0o777 == 0o600
    with announced(tmp_path, "http://127.0.0.1:2") as again:
        assert again == token


def test_a_server_that_does_not_answer_is_passed_by(tmp_path: Path) -> None:
    """Where nothing answers at the address, the store itself is read: its number may be another process's."""
    open_store(tmp_path / "store").close()
    with announced(tmp_path, "http://127.0.0.1:1"):
        assert run(tmp_path, "SELECT 1 AS one", "--json").stdout == '{"one":1}\n'


def test_a_stranger_at_the_address_is_passed_by(tmp_path: Path) -> None:
    """A server that answers there, but does not know the token, is not the data folder's."""

    class Stranger(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        with announced(tmp_path, f"http://127.0.0.1:{server.server_port}"):
            assert find_server(tmp_path) is not None
            assert running_server(tmp_path) is None
        server.shutdown()
        thread.join(10)


def test_the_address_of_a_dead_process_counts_for_nothing(tmp_path: Path) -> None:
    """What a killed server left behind is not taken for a server."""
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        dead.wait(30)
    (tmp_path / "token").write_text("t")
    (tmp_path / "server.json").write_bytes(
        msgspec.json.encode({"url": "http://127.0.0.1:1", "pid": dead.pid})
    )
    assert find_server(tmp_path) is None
    (tmp_path / "server.json").write_text("half a f")
    assert find_server(tmp_path) is None
