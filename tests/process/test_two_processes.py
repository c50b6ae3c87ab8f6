"""Two processes on one data folder: each works, or is refused by a message that names the other."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from touchline.config.folders import Locked, locked


def _command(folder: Path, *words: object, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "touchline.cli", *map(str, words)],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _done(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    assert "Traceback" not in err
    return process.returncode, out, err


def _file(folder: Path, name: str, rows: int) -> Path:
    """Events of customers with a phone, and one more of a customer who is going to be forgotten."""
    events = [
        {
            "id": f"{name}-{n}",
            "type": "contact.started",
            "time": f"2025-10-09T10:{n // 60 % 60:02}:{n % 60:02}Z",
            "channel": "phone",
            "source": "pbx",
            "identifiers": {"account": f"u-{n % 50}" if n else f"gone-{name}"},
            "data": {"contact_id": str(n)},
        }
        for n in range(rows)
    ]
    path = folder / f"{name}.jsonl"
    path.write_bytes(b"\n".join(map(orjson.dumps, events)))
    return path


def test_a_lock_names_the_process_that_holds_it(tmp_path: Path) -> None:
    """A second holder is refused with the process id; the lock ends with the block or the process."""
    lock = tmp_path / "some.lock"
    script = (
        "import sys; from pathlib import Path; from touchline.config.folders import locked\n"
        "with locked(Path(sys.argv[1]), 'works'): print('held', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with (
            pytest.raises(Locked, match=f"process {holder.pid} works: wait until it ends"),
            locked(lock, "works"),
        ):
            pytest.fail("two hold it")
        holder.kill()
    for _ in range(2):
        with locked(lock, "works"):
            assert lock.read_text() == f"{os.getpid()}\n"
    assert lock.stat().st_mode & 0o077 == 0


@pytest.mark.slow
def test_beside_a_running_server(start: Any, tmp_path: Path, wait_for: Callable[..., Any]) -> None:
    """Imports and decisions work beside `up`; a second `up`, a store and a worker are refused."""
    up = start("up").ready()
    data = ("--data", up.data)
    files = [_file(tmp_path, name, 4_000) for name in ("one", "two")]
    others = [
        _command(tmp_path, "up", "--port", "0", *data),
        _command(tmp_path, "store", "--port", "0", *data),
        _command(tmp_path, "worker", TOUCHLINE_DATA=str(up.data)),
        *(_command(tmp_path, "import", file, *data) for file in files),
    ]
    second, store, worker, *imports = map(_done, others)
    for code, _, err in (second, store):
        assert (code, len(err.strip().splitlines())) == (1, 1)
        assert f"is open in process {up.process.pid}" in err
    assert (worker[0], "set kafka" in worker[2]) == (1, True)
    # Two imports may meet, or follow each other.
    for file, (code, _, err) in zip(files, imports, strict=True):
        if code:
            assert f"imports into {up.data}: wait until it ends" in err
            assert _done(_command(tmp_path, "import", file, *data))[0] == 0
    assert any(code == 0 for code, _, _ in imports)
    wait_for(lambda: int(up.rows("SELECT count() AS n FROM events")[0]["n"]) == 8_000)

    forgetting = [
        _command(tmp_path, "customer", "forget", f"account:gone-{name}", "--yes", *data)
        for name in ("one", "two")
    ]
    assert [code for code, _, _ in map(_done, forgetting)] == [0, 0]
    assert int(up.rows("SELECT count() AS n FROM events")[0]["n"]) == 7_998
    assert up.ask("GET", "/readyz").status == 200
    assert up.end() == 0
    done = _command(
        tmp_path, "query", "SELECT count() AS n, uniqExact(id) AS ids FROM events", "--json", *data
    )
    assert orjson.loads(_done(done)[1]) in ({"n": 7_998, "ids": 7_998}, {"n": "7998", "ids": "7998"})


@pytest.mark.slow
def test_two_imports_into_a_new_folder(tmp_path: Path) -> None:
    """Of two imports that begin together, each stores all its rows, or names the other and stores none."""
    data = tmp_path / "data"
    files = [_file(tmp_path, name, 3_000) for name in ("one", "two")]
    running = [_command(tmp_path, "import", file, "--data", data) for file in files]
    ended = list(map(_done, running))
    assert any(code == 0 for code, _, _ in ended)
    pids = [process.pid for process in running]
    for other, (code, _, err) in zip(reversed(pids), ended, strict=True):
        assert code == 0 or f"process {other} " in err
    for file in files:
        assert _done(_command(tmp_path, "import", file, "--data", data))[0] == 0
    counted = _command(tmp_path, "query", "SELECT count() AS n FROM events", "--json", "--data", data)
    assert int(orjson.loads(_done(counted)[1])["n"]) == 6_000


@pytest.mark.slow
def test_two_servers_of_one_folder_on_a_served_store(
    serve_store: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: Any
) -> None:
    """With the store in a server, too, one process folds the log of a data folder."""
    address = serve_store().address("admin")
    monkeypatch.setenv("TOUCHLINE_STORE", str(address.url))
    monkeypatch.setenv("TOUCHLINE_STORE_USER", address.user)
    monkeypatch.setenv("TOUCHLINE_STORE_PASSWORD", address.password)
    assert _done(_command(tmp_path, "migrate"))[0] == 0
    up = start("up").ready()
    code, _, err = _done(_command(tmp_path, "up", "--port", "0", "--data", up.data))
    assert (code, err.strip()) == (
        1,
        f"process {up.process.pid} folds the events of {up.data}: wait until it ends, or end it",
    )
    assert _done(_command(tmp_path, "import", _file(tmp_path, "one", 10), "--data", up.data))[0] == 0
    assert up.end() == 0
