"""Every way a Python process lives and ends: what was sent and what was lost make up what was tracked."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from touchline.sdk import Limits, Touchline, close_on_sigterm, lifetime

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")

REPORT = """
import atexit, json, os, sys, threading, time
def report():
    print(json.dumps({"tracked": tracked, "accepted": tl.stats.accepted, "spooled": tl.stats.spooled,
                      "lost": tl.stats.lost, "emitted": tl.stats.emitted,
                      "seconds": time.monotonic() - began}), flush=True)
atexit.register(report)  # before the SDK's own handler is registered, so it runs after it
from touchline.sdk import Limits, Touchline, close_on_sigterm
tracked, began = 0, time.monotonic()
def track(count=1):
    global tracked
    for _ in range(count):
        tracked += 1
        tl.track("page.viewed", {"account": "u"}, number=tracked, process=os.getpid())
"""

CREATE = 'tl = Touchline(sys.argv[1], source="shop", spool=sys.argv[2] or None)\n'


def start(script: str, *arguments: str, folder: Path | None = None) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", REPORT + script, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        text=True,
    )


def end(process: "subprocess.Popen[str]", code: int = 0) -> tuple[dict[str, Any], str]:
    """Wait for the process; its last report, and what it wrote to standard error."""
    out, errors = process.communicate(timeout=30)
    assert process.returncode == code, errors
    return json.loads(out.splitlines()[-1]), errors


def accounts(collector: Any) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Of each client: the events it emitted and lost by its last account, and those that arrived."""
    last: dict[str, dict[str, int]] = {}
    arrived: dict[str, set[str]] = {}
    for _, headers, events in collector.requests:
        account = dict(part.split("=") for part in headers["touchline-account"].split(", "))
        client = account.pop("client")
        arrived.setdefault(client, set()).update(event["id"] for event in events)
        counts = {name: int(count) for name, count in account.items()}
        if counts["batch"] >= last.get(client, {"batch": 0})["batch"]:
            last[client] = counts
    return (
        Counter({client: counts["emitted"] for client, counts in last.items()}),
        Counter(
            {
                client: sum(count for name, count in counts.items() if name.startswith("lost."))
                for client, counts in last.items()
            }
        ),
        Counter({client: len(ids) for client, ids in arrived.items()}),
    )


def check(collector: Any, tracked: int) -> None:
    """Each client's account adds up, and all of them to what was tracked."""
    emitted, lost, arrived = accounts(collector)
    assert emitted == arrived + lost
    assert emitted.total() == tracked
    assert len({event["id"] for event in collector.events}) == len(collector.events) == arrived.total()


@pytest.mark.parametrize(
    ("script", "code", "error"),
    [
        ("track(250)", 0, ""),
        ("track(250)\nsys.exit(3)", 3, ""),
        ("track(250)\nraise LookupError", 1, "LookupError"),
        ("atexit.register(lambda: 1 / 0)\ntrack(250)", 0, "ZeroDivisionError"),
        ("threading.Thread(target=track, args=(250,)).start()", 0, ""),
        ("class Late:\n    def __del__(self):\n        track()\nlate = Late()\ntrack(249)", 0, ""),
        ("import asyncio\nasync def main():\n    track(250)\nasyncio.run(main())", 0, ""),
        ("track(250)\nassert tl.flush(5)\nreport()\nos._exit(0)", 0, ""),
        (
            "import asyncio\nasync def main():\n    track(250)\n    assert await tl.aflush(5)\n    report()\n"
            "    os._exit(0)\nasyncio.run(main())",
            0,
            "",
        ),
    ],
    ids=[
        "end",
        "sys.exit",
        "exception",
        "exit-exception",
        "thread",
        "shutdown",
        "asyncio",
        "_exit",
        "aflush",
    ],
)
@pytest.mark.parametrize("place", ["memory", "disk"])
def test_the_end_of_a_process(
    collector: Any, tmp_path: Path, place: str, script: str, code: int, error: str
) -> None:
    """However a process ends, its events are at the collector, or counted as lost."""
    folder = str(tmp_path) if place == "disk" else ""
    report, errors = end(start(CREATE + script, collector.url, folder), code)
    assert error in errors
    tracked = report["tracked"]
    assert tracked in (249, 250)
    assert report["accepted"] == len(collector.events)
    assert report["accepted"] + sum(report["lost"].values()) == report["emitted"] == tracked
    assert report["accepted"] >= 249


@pytest.mark.parametrize("script", ["", "raise LookupError"], ids=["end", "exception"])
def test_with_a_spool_the_end_is_quick_while_the_collector_is_away(
    tmp_path: Path, collector: Any, wait_for: Callable[..., None], script: str
) -> None:
    """If the collector hangs, a process ends after about a second; its events are on disk."""
    hang = threading.Event()
    collector.will_hang(hang)
    ending = f"track(250)\nbegan = time.monotonic()\n{script}"
    report, _ = end(start(CREATE + ending, collector.url, str(tmp_path)), 1 if script else 0)
    hang.set()
    assert 0.5 < report["seconds"] < 5
    assert (report["spooled"], report["lost"]) == (250, {})
    with Touchline(collector.url, source="shop", spool=tmp_path) as tl:
        tl.track("page.viewed", {"account": "u"})
        wait_for(lambda: tl.stats.forwarded == 250)
    check(collector, 251)


CHILDREN = """
import multiprocessing
def work(count):
    track(count)
def main(method):
    context = multiprocessing.get_context(method)
    children = [context.Process(target=work, args=(60,)) for _ in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join()
        assert child.exitcode == 0
    with context.Pool(2) as pool:
        pool.map(work, [10] * 6)
        pool.close()
        pool.join()
"""


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_children_of_multiprocessing(collector: Any, tmp_path: Path, method: str) -> None:
    """Children that were forked or spawned send what they track, though they skip the exit handlers."""
    if method == "spawn":
        # A spawned child imports the program again, so it must be a file.
        program = tmp_path / "program.py"
        body = REPORT.replace("atexit.register(report)", "") + CREATE + CHILDREN
        program.write_text(f"{body}if __name__ == '__main__':\n    track(5)\n    main('spawn')\n")
        done = subprocess.run(
            [sys.executable, program, collector.url, ""],
            timeout=60,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    else:
        end(start(CREATE + CHILDREN + "track(5)\nmain('fork')\n", collector.url, ""))
    check(collector, 5 + 2 * 60 + 6 * 10)


def test_a_fork_while_the_spool_is_in_use(
    collector: Any, tmp_path: Path, wait_for: Callable[..., None]
) -> None:
    """Forks in the midst of writes to the spool leave parent and children able to use it."""
    for _ in range(2_000):
        collector.will_answer(503)
    script = """
tl = Touchline(sys.argv[1], source="shop", spool=sys.argv[2], limits=Limits(batch_events=5, queue_events=20))
children = []
for number in range(8):
    track(200)
    child = os.fork()
    if child == 0:
        tracked = 0
        track(100)
        assert tl.close(10)
        assert tl.stats.spooled == 100, tl.stats
        os._exit(0)
    children.append(child)
for child in children:
    assert os.waitpid(child, 0)[1] == 0
"""
    report, _ = end(start(script, collector.url, str(tmp_path)))
    assert (report["spooled"], report["lost"]) == (1_600, {})
    collector.script.clear()
    with Touchline(collector.url, source="shop", spool=tmp_path) as tl:
        tl.track("page.viewed", {"account": "u"})
        wait_for(lambda: tl.stats.forwarded == 2_400)
    assert len(collector.events) == 2_401


def test_sigterm_under_load(collector: Any, wait_for: Callable[..., None]) -> None:
    """A handler that ends with `sys.exit`: what the threads tracked until the end is sent or counted."""
    script = """
import signal
def load():
    while True:
        with lock:
            track()
        time.sleep(0.0005)
lock = threading.Lock()
for _ in range(3):
    threading.Thread(target=load, daemon=True).start()
def terminate(number, frame):
    sys.exit(0)
signal.signal(signal.SIGTERM, terminate)
while True:
    time.sleep(0.01)
"""
    # The lock makes `tracked` exact; the report is of the moment at which all threads stand still.
    stop = REPORT.replace("def report():\n", "def report():\n    lock.acquire()\n")
    process = subprocess.Popen(
        [sys.executable, "-c", stop + CREATE + script, collector.url, ""], stdout=subprocess.PIPE, text=True
    )
    wait_for(lambda: len(collector.events) > 300)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=30)
    report = json.loads(out)
    assert report["emitted"] == report["tracked"] == report["accepted"] + sum(report["lost"].values())
    assert report["accepted"] == len(collector.events)
    assert set(report["lost"]) <= {"closed"}


def test_close_on_sigterm(collector: Any, wait_for: Callable[..., None]) -> None:
    """Without a handler of its own, `close_on_sigterm` sends the queue; the process ends by SIGTERM."""
    script = """
close_on_sigterm()
tl = Touchline(sys.argv[1], source="shop", limits=Limits(batch_seconds=60))
track(60)
print("ready", flush=True)
time.sleep(60)
"""
    process = start(script, collector.url)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == -signal.SIGTERM
    check(collector, 60)


def test_a_handler_of_the_application_stays() -> None:
    """`close_on_sigterm` leaves SIGTERM to an application that handles it already."""

    def terminate(number: int, frame: Any) -> None:
        sys.exit(0)

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        close_on_sigterm()
        assert signal.getsignal(signal.SIGTERM) is terminate
    finally:
        signal.signal(signal.SIGTERM, before)


def test_the_clients_of_a_process_share_its_last_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one client took to close, the next ones have less; together they keep to `exit_seconds`."""
    clock, timeouts = [0.0], []

    class Slow:
        _exit_seconds = 5.0

        def close(self, timeout: float) -> bool:
            timeouts.append(timeout)
            clock[0] += 2
            return True

    monkeypatch.setattr(lifetime, "_CLIENTS", [Slow() for _ in range(4)])
    monkeypatch.setattr(lifetime, "monotonic", lambda: clock[0])
    lifetime.close_all()
    assert timeouts == [5, 3, 1, 0]


def test_a_frozen_process_goes_on(collector: Any, wait_for: Callable[..., None]) -> None:
    """A process that is frozen in the midst of a batch, longer than it retries, loses nothing."""
    script = """
limits = Limits(batch_seconds=0.01, request_seconds=0.3, retry_seconds=1.5, retry_least=0.1)
tl = Touchline(sys.argv[1], source="shop", limits=limits)
track(10)
print("ready", flush=True)
sys.stdin.readline()
assert tl.flush(5)
"""
    hang = threading.Event()
    collector.will_hang(hang)
    process = subprocess.Popen(
        [sys.executable, "-c", REPORT + script, collector.url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: len(collector.requests) == 1)
    process.send_signal(signal.SIGSTOP)
    time.sleep(2)
    hang.set()
    collector.will_answer(503)
    process.send_signal(signal.SIGCONT)
    out, _ = process.communicate("\n", timeout=30)
    report = json.loads(out.splitlines()[-1])
    assert (report["accepted"], report["lost"]) == (10, {})
    check(collector, 10)


WSGI = """
import os
from touchline.sdk import Touchline
tl = Touchline(os.environ["COLLECTOR"], source="shop")
tl.track("page.viewed", {"account": "master"})
def app(environ, start_response):
    tl.track("page.viewed", {"account": "u"}, process=os.getpid())
    start_response("200 OK", [("Content-Length", "0")])
    return []
"""


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.mark.slow
def test_gunicorn_with_preload_and_four_workers(
    collector: Any, tmp_path: Path, wait_for: Callable[..., None]
) -> None:
    """Events of a client that the master created arrive from every worker, up to the end by SIGTERM."""
    pytest.importorskip("gunicorn")
    (tmp_path / "program.py").write_text(WSGI)
    port = _free_port()
    server = subprocess.Popen(
        [
            *(sys.executable, "-W", "ignore", "-m", "gunicorn", "--preload", "--workers", "4"),
            *("--no-control-socket", "--bind", f"127.0.0.1:{port}", "program:app"),
        ],
        cwd=tmp_path,
        env={**os.environ, "COLLECTOR": collector.url},
        stderr=subprocess.DEVNULL,
    )

    def ask() -> bool:
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    try:
        wait_for(ask)
        asked = 1
        while asked < 200:
            asked += ask()
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0
    finally:
        server.kill()
        server.wait(10)
    check(collector, asked + 1)
    assert len({event["data"].get("process") for event in collector.events}) > 2


CELERY = """
import os
from celery import Celery
from touchline.sdk import Touchline
from touchline.sdk.integrations.celery import install
folder = os.environ["FOLDER"]
app = Celery("program", broker="filesystem://")
app.conf.update(
    broker_transport_options={"data_folder_in": folder, "data_folder_out": folder, "control_folder": folder},
    task_ignore_result=True, worker_hijack_root_logger=False,
)
install()
tl = Touchline(os.environ["COLLECTOR"], source="shop")
@app.task
def work(number):
    tl.track("page.viewed", number=number, process=os.getpid())
"""


@pytest.mark.slow
def test_celery_with_prefork(collector: Any, tmp_path: Path, wait_for: Callable[..., None]) -> None:
    """Events of tasks in forked workers arrive, also at the end, with the customer of their sender."""
    pytest.importorskip("celery")
    (tmp_path / "program.py").write_text(CELERY)
    (tmp_path / "queue").mkdir()
    environment = {**os.environ, "COLLECTOR": collector.url, "FOLDER": str(tmp_path / "queue")}
    sender = """
import program
for number in range(100):
    with program.tl.bind(account=f"u-{number}", context={"request_id": "r"}):
        program.work.delay(number)
"""
    subprocess.run([sys.executable, "-c", sender], cwd=tmp_path, env=environment, timeout=60, check=True)
    worker = subprocess.Popen(
        [
            *(sys.executable, "-W", "ignore", "-m", "celery", "-A", "program", "worker", "--pool", "prefork"),
            *("--concurrency", "2", "--without-gossip", "--without-mingle", "--without-heartbeat"),
        ],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: not [*(tmp_path / "queue").glob("*.celery.msg")] and len(collector.events) > 50, 60)
        worker.send_signal(signal.SIGTERM)
        worker.wait(30)
    finally:
        worker.kill()
        worker.wait(10)
    check(collector, 100)
    assert sorted(event["data"]["number"] for event in collector.events) == list(range(100))
    for event in collector.events:
        assert event["identifiers"] == {"account": f"u-{event['data']['number']}"}
        assert (event["context"]["request_id"], event["context"]["task"]) == ("r", "program.work")


async def test_aflush_does_not_block_the_loop(collector: Any) -> None:
    """While `aflush` waits for a collector that hangs, the loop goes on; it keeps its timeout."""
    import asyncio

    hang = threading.Event()
    collector.will_hang(hang)
    tl = Touchline(collector.url, source="shop", limits=Limits(request_seconds=5, retry_least=0.01))
    tl.track("page.viewed", {"account": "u"})
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.005)

    ticking = asyncio.create_task(tick())
    assert not await tl.aflush(0.3)
    assert ticks > 10
    hang.set()
    assert await tl.aflush(10)
    ticking.cancel()
    tl.close()
    assert len(collector.events) == 1
