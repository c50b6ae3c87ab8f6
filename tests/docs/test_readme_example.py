"""The README's first event, sent as it is written."""

import json
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIMIT = 60.0


@pytest.fixture
def up(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A real `touchline up` on a fresh folder: the folder and its address."""
    data = tmp_path / "data"
    command = [sys.executable, "-m", "touchline.cli", "up", "--data", str(data), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield data, _ready(process, data)
        finally:
            process.terminate()
            _, said = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, said


def _ready(process: "subprocess.Popen[str]", data: Path) -> str:
    give_up_at = time.monotonic() + LIMIT
    while time.monotonic() < give_up_at:
        try:
            url: str = json.loads((data / "server.json").read_bytes())["url"]
            with urllib.request.urlopen(f"{url}/readyz", timeout=5):
                return url
        except (OSError, ValueError):
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
                break
    raise AssertionError("touchline up did not become ready")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_first_event_becomes_friction(up: tuple[Path, str]) -> None:
    """The curl of the README is stored, and `touchline query` shows the friction that the page promises."""
    data, url = up
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```sh\n(curl .+?)```", readme, re.DOTALL)
    assert block is not None
    command = block[1].replace("http://127.0.0.1:8080", url)
    answer = subprocess.run(["sh", "-c", command], capture_output=True, check=True, timeout=LIMIT)
    assert [one["status"] for one in json.loads(answer.stdout)["results"]] == ["stored"]

    query = [sys.executable, "-m", "touchline.cli", "query", "--json", "--data", str(data)]
    query.append("SELECT rule, channel FROM current_frictions")
    give_up_at = time.monotonic() + LIMIT
    found = b""
    while not found and time.monotonic() < give_up_at:
        found = subprocess.run(query, capture_output=True, check=True, timeout=LIMIT).stdout
    assert json.loads(found) == {"rule": "request_denied", "channel": "store"}
