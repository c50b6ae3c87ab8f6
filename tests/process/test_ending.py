"""How the process ends, and how it does not even begin."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from touchline.cli.run.demo import FIXED, OUTAGE_BEGINS, OUTAGE_ENDS
from touchline.simulation import Fix, Outage, Planted, Retailer
from touchline.vocabulary.durations import MINUTE

ROOT = Path(__file__).parents[2]
FLOORS = ("schemas", "producers", "streams", "dashboards", "infra")


def _ends_quietly(demo: Any, number: int) -> None:
    """A signal ends the demo in order: the shop closes before the server, so that nothing is lost."""
    assert demo.end(number) == 0
    assert "Traceback" not in demo.said
    assert "lost" not in demo.said
    assert not (demo.data / "server.json").exists()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_demo_quietly(start: Any, wait_for: Any, number: int) -> None:
    """Exit code 0 within seconds, and no event lost, soon after the first events of the present."""
    demo = start("demo", "--rate", "20", "--past", "10m").ready()
    wait_for(lambda: int(demo.rows("SELECT count() AS n FROM events WHERE producer = 'local'")[0]["n"]) > 10)
    _ends_quietly(demo, number)


@pytest.mark.slow
def test_a_demo_without_a_folder_leaves_none(tmp_path: Path) -> None:
    """The temporary folder is removed, after a first signal and after a hasty second one."""
    for signals, code in ((1, 0), (2, 130)):
        demo = subprocess.Popen(
            [sys.executable, "-m", "touchline.cli", "demo", "--port", "0", "--rate", "20", "--past", "1m"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=tmp_path,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "TMPDIR": str(tmp_path)},
            text=True,
        )
        assert demo.stdout is not None
        try:
            while "Touchline is up" not in demo.stdout.readline():
                assert demo.poll() is None
            assert list(tmp_path.glob("touchline-demo-*"))
            for _ in range(signals):
                demo.send_signal(signal.SIGINT)
                signalled = time.monotonic()
                # Two signals of a kind that wait at once are taken as one.
                while signals == 2 and time.monotonic() < signalled + 0.02:
                    pass
            output, _ = demo.communicate(timeout=90)
        finally:
            demo.kill()
        assert demo.returncode == code
        assert "Traceback" not in output
        assert not list(tmp_path.glob("touchline-demo-*"))


def _refusal(command: list[str], folder: Path, **environment: str) -> str:
    """What a command says on standard error, which is one line and no traceback, when it exits with 1."""
    done = subprocess.run(
        [sys.executable, "-m", "touchline.cli", *command],
        capture_output=True,
        cwd=folder,
        env={**os.environ, **environment},
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    (line,) = done.stderr.strip().splitlines()
    return line


@pytest.mark.slow
def test_what_cannot_begin_says_why_in_one_line(tmp_path: Path) -> None:
    """A taken port, a folder that is none, unknown or wrong settings, wrong rules, a host without keys."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"port {port}" in _refusal(["up", "--port", port], tmp_path)
    (tmp_path / "file").write_text("")
    assert "--data" in _refusal(["up", "--port", "0", "--data", "file"], tmp_path)
    assert "keys create" in _refusal(["up", "--port", "0", "--host", "0.0.0.0"], tmp_path)
    (tmp_path / "rules.yaml").write_text("rules: [{id: broken, kind: perhaps}]")
    assert "rules.yaml" in _refusal(["up", "--port", "0", "--rules", "rules.yaml"], tmp_path)
    assert "grace" in _refusal(["up", "--port", "0"], tmp_path, TOUCHLINE_GRACE="soon")
    both = {"TOUCHLINE_KAFKA": "127.0.0.1:1", "TOUCHLINE_STORE": "http://127.0.0.1:1"}
    assert "run `touchline collector`" in _refusal(["up", "--port", "0"], tmp_path, **both)
    for toml, named in (("prot = 8081", "prot"), ("port = 'high'", "port"), ("port = = 1", "touchline.toml")):
        (tmp_path / "touchline.toml").write_text(toml)
        assert named in _refusal(["up"], tmp_path)


@pytest.mark.slow
def test_a_folder_has_one_process(start: Any, tmp_path: Path) -> None:
    """A second process on a data folder that is in use says so, and disturbs nothing."""
    up = start("up").ready()
    for command in ("up", "demo"):
        line = _refusal([command, "--port", "0", "--data", str(up.data)], tmp_path)
        assert str(up.process.pid) in line
    assert up.ask("GET", "/readyz").status == 200
    assert up.rows("SELECT count() AS n FROM events")[0]["n"] in (0, "0")


def test_the_base_install_says_what_the_command_needs() -> None:
    """Where only the SDK is installed, `touchline` names the extra."""
    path = [str(ROOT / floor) for floor in FLOORS]
    script = f"import sys; sys.path[:0] = {path}; from touchline.cli.main import run; run()"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode == 1
    assert done.stderr.strip().splitlines() == [
        "The touchline command needs more than the SDK: from a clone, pip install './touchline[server]'"
    ]


ENGINE = {"chdb", "clickhouse_connect", "nicegui", "numpy", "pandas", "pyarrow"}
SERVER = {"starlette", "structlog", "uvicorn"}


@pytest.mark.parametrize(
    ("command", "large"),
    [
        (["--help"], ENGINE | SERVER),
        (["schema", "list"], ENGINE | SERVER),
        (["up", "--help"], ENGINE | SERVER),
        (["keys", "list"], ENGINE),
        (["rules", "list"], ENGINE),
    ],
    ids=["help", "schema list", "up help", "keys list", "rules list"],
)
def test_small_commands_load_nothing_large(command: list[str], large: set[str], tmp_path: Path) -> None:
    """Neither the store's engine nor the server nor the live page is loaded where it is not used."""
    script = (
        "import sys, touchline.cli.main as main\n"
        "try: main.app(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *command],
        capture_output=True,
        cwd=tmp_path,
        text=True,
        timeout=60,
        check=True,
    )
    assert not large & set(done.stderr.split())


Found = tuple[str, str, int, int | None]


def _listed(planted: list[Planted], before: int) -> set[Found]:
    return {
        (one.rule, one.anchor, one.opened_at, one.resolved_at) for one in planted if one.opened_at <= before
    }


@pytest.mark.slow
def test_the_demo_detects_what_it_planted(start: Any, wait_for: Any) -> None:
    """Event by event: what is found is what the retailer of that seed and start planted, and nothing else."""
    demo = start("demo", "--seed", "7", "--rate", "6", "--past", "60m").ready()
    parameters = re.search(r"seed (\d+), start (\d+)", demo.said)
    assert parameters is not None
    begun = int(parameters[2])
    outage = Outage(begun + OUTAGE_BEGINS, begun + OUTAGE_ENDS)
    retailer = Retailer(
        int(parameters[1]), begun, history=60 * MINUTE, rate=6, outage=outage, fix=Fix(begun - FIXED)
    )

    def planted_lately() -> int | None:
        """The time, once a few frictions have opened since the demo began."""
        now = int(time.time() * 1000)
        retailer.until(now)
        return now if sum(one.opened_at > begun for one in retailer.planted(now)) >= 5 else None

    # Now and then the first minutes of the present bring few new customers.
    moment = wait_for(planted_lately, 400)
    at_first = _listed(retailer.planted(moment), moment)
    found: Counter[Found] = Counter()

    def look() -> tuple[set[Found], set[Found]] | None:
        """What was true all the time is found; with what was true at one end of it."""
        rows = demo.rows(
            "SELECT rule, anchor, toUnixTimestamp64Milli(opened_at) AS opened,"
            " toUnixTimestamp64Milli(resolved_at) AS resolved FROM current_frictions"
            f" WHERE opened_at <= fromUnixTimestamp64Milli({moment})"
        )
        now = int(time.time() * 1000)
        retailer.until(now)
        at_last = _listed(retailer.planted(now), moment)
        found.clear()
        found.update(
            (row["rule"], row["anchor"], int(row["opened"]), row["resolved"] and int(row["resolved"]))
            for row in rows
        )
        return (at_first & at_last, at_first | at_last) if at_first & at_last <= set(found) else None

    always, ever = wait_for(look)
    assert set(found) <= ever
    assert set(found.values()) == {1}
    assert len({rule for rule, *_ in found}) > 10
    assert any(opened > begun for _, _, opened, _ in always), "nothing was found in the present"
    _ends_quietly(demo, signal.SIGTERM)
