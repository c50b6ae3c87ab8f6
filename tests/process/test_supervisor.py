"""Supervised processes."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest

from touchline.services.supervisor import named

PROGRAM = """
import sys
from touchline.services.logs import configure_logs
from touchline.services.supervisor import Supervisor
configure_logs()
sys.exit(0 if Supervisor({"store": ["store", "--data", "data", "--port", "0"]}).run() else 1)
"""


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A supervisor of one store, and the file of its output."""
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            cwd=tmp_path,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    yield process, log
    process.kill()
    process.wait()


def _children(log: Path) -> list[int]:
    return [int(pid) for pid in re.findall(r'"pid": (\d+)', log.read_text())]


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
def test_an_exited_process_is_restarted_and_all_end_on_sigterm(
    supervisor: tuple[subprocess.Popen[bytes], Path], wait_for: Callable[..., None]
) -> None:
    """A killed process is restarted; SIGTERM ends all cleanly; each line names its process."""
    process, log = supervisor
    wait_for(lambda: log.read_text().count("is up") == 1, 60)
    (child,) = _children(log)
    os.kill(child, signal.SIGKILL)
    wait_for(lambda: log.read_text().count("is up") == 2, 60)
    process.terminate()
    assert process.wait(60) == 0
    lines = log.read_text().splitlines()
    assert any('"process.ended"' in line for line in lines)
    assert all(line.startswith("store | ") or '"process": "store"' in line for line in lines)


@pytest.mark.slow
def test_processes_end_with_a_killed_supervisor(
    supervisor: tuple[subprocess.Popen[bytes], Path], wait_for: Callable[..., None]
) -> None:
    """A supervisor that is killed leaves no process behind."""
    process, log = supervisor
    wait_for(lambda: log.read_text().count("is up") == 1, 60)
    (child,) = _children(log)
    process.kill()
    process.wait(10)
    wait_for(lambda: not _runs(child))


def test_a_line_is_named_and_stays_json() -> None:
    """A JSON object gets a field, another line a prefix."""
    assert orjson.loads(named("worker 1", b'{"event": "x"}\n')) == {"process": "worker 1", "event": "x"}
    assert named("worker 1", b"Traceback\n") == b"worker 1 | Traceback\n"
