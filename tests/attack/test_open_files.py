"""A process that may open few files."""

import json
import socket
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
import urllib3

from tests.waiting import wait_for, wait_for_url

FEW = 256
FLOOD = 400


def _command(folder: Path, files: int, name: str) -> list[str]:
    command = [sys.executable, "-m", "touchline.cli", name, "--port", "0", "--data", str(folder / "data")]
    return ["sh", "-c", f'ulimit -n {files}; exec "$@"', "sh", *command]


def _is_answered(method: str, url: str, body: bytes | None) -> bool:
    """Whether a request gets 200; before that it may get 503, or wait while the page loads."""
    try:
        answer = urllib3.request(method, url, body=body, retries=False, timeout=20)
    except urllib3.exceptions.HTTPError:
        return False
    assert answer.status in (200, 503), answer.data
    return answer.status == 200


@pytest.mark.slow
@pytest.mark.parametrize("name", ["up", "collector", "store"])
def test_too_few_files_are_an_error_in_one_line(tmp_path: Path, name: str) -> None:
    """With 64 files a process does not start, and says what to raise."""
    done = subprocess.run(
        _command(tmp_path, 64, name), capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path
    )
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert "64 files" in line
    assert "ulimit -n" in line


@pytest.mark.slow
def test_a_flood_of_connections_leaves_files_for_the_store(tmp_path: Path) -> None:
    """With 256 files, 400 half-open connections end nothing: events and pages are answered soon after."""
    output = tmp_path / "output"
    with output.open("wb") as stream:
        process = subprocess.Popen(
            _command(tmp_path, FEW, "up"), stdout=stream, stderr=subprocess.STDOUT, cwd=tmp_path
        )
    try:
        url = wait_for_url(process, output)
        port = int(url.rpartition(":")[2])
        flood = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(FLOOD)]
        for connection in flood:
            connection.sendall(b"GET / HTTP/1.1\r\n")
        event = {
            "id": "e-1",
            "type": "help.searched",
            "time": datetime.now(UTC).isoformat(),
            "channel": "web",
            "source": "shop",
            "identifiers": {"account": "u-1"},
            "data": {"query": "parcel"},
        }
        wanted = [("POST", "/v1/events", json.dumps(event).encode()), ("GET", "/", None)]
        for method, path, body in wanted:
            wait_for(partial(_is_answered, method, url + path, body))
        assert process.poll() is None, output.read_text()
        for connection in flood:
            with closing(connection):
                pass
    finally:
        process.terminate()
        process.wait(20)
    assert "Traceback" not in output.read_text()
