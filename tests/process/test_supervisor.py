"""Processes that are kept running."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

PROGRAM = """
import sys
from touchline.services.logs import configure_logs
from touchline.services.supervisor import Supervisor
configure_logs()
sys.exit(0 if Supervisor({"store": ["store", "--data", "data", "--port", "0"]}).run() else 1)
"""


def test_one_that_ends_is_started_again_and_all_end_when_asked(
    tmp_path: Path, wait_for: Callable[..., None]
) -> None:
    """A killed process comes back by itself; SIGTERM ends it and its keeper cleanly."""
    said = tmp_path / "said"
    with said.open("wb") as output:
        keeper = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            cwd=tmp_path,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    try:
        wait_for(lambda: said.read_text().count("is up") == 1, 60)
        pids = [int(pid) for pid in re.findall(r'"pid": (\d+)', said.read_text())]
        assert len(pids) == 1
        os.kill(pids[0], signal.SIGKILL)
        wait_for(lambda: said.read_text().count("is up") == 2, 60)
        keeper.terminate()
        assert keeper.wait(60) == 0
    finally:
        keeper.kill()
    assert "process.ended" in said.read_text()
