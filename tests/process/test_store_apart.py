"""The store in a process of its own: `touchline up` writes it, and the live page shows it from a third."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

from tests.waiting import wait_for, wait_for_url
from touchline.store import connect_store

if TYPE_CHECKING:
    from tests.store_process import StoreProcess

Run = Callable[..., str]


@pytest.fixture
def run(serve_store: Callable[..., "StoreProcess"], tmp_path: Path) -> Iterator[tuple["StoreProcess", Run]]:
    """A `touchline store`, and what starts other commands on it: (role, command…) → the address it says."""
    served = serve_store()
    running: list[subprocess.Popen[bytes]] = []

    def begin(role: str, *command: str) -> str:
        said = tmp_path / f"said-{len(running)}"
        own = tmp_path / f"own-{len(running)}"
        environment = {
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "TOUCHLINE_STORE": served.url,
            "TOUCHLINE_STORE_USER": role,
            "TOUCHLINE_STORE_PASSWORD": served.password(role),
        }
        full = [sys.executable, "-m", "touchline.cli", *command, "--data", str(own), "--port", "0"]
        with said.open("wb") as output:
            running.append(
                subprocess.Popen(full, cwd=tmp_path, env=environment, stdout=output, stderr=subprocess.STDOUT)
            )
        return wait_for_url(running[-1], said)

    yield served, begin
    for one in running:
        one.send_signal(signal.SIGTERM)
    for one in running:
        assert one.wait(60) == 0


def answered(url: str, wanted: Callable[[urllib3.BaseHTTPResponse], bool]) -> urllib3.BaseHTTPResponse:
    """The answer of an address, as soon as it is the one that is wanted."""

    def ask() -> urllib3.BaseHTTPResponse | None:
        answer = urllib3.request("GET", url, timeout=30, retries=False)
        return answer if wanted(answer) else None

    answer: urllib3.BaseHTTPResponse = wait_for(ask)
    return answer


def sent(up: str, name: str) -> int:
    """The status of the answer to an event of this id."""
    event: dict[str, Any] = {
        "id": name,
        "type": "payment.failed",
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "channel": "web",
        "source": "shop",
        "identifiers": {"account": "u-17"},
        "data": {"order_id": "o-1"},
    }
    return urllib3.request("POST", f"{up}/v1/events", body=json.dumps(event).encode(), timeout=30).status


def kept(served: "StoreProcess", *names: str) -> bool:
    """Whether the events are in the store, within a limit."""
    with connect_store(served.address("reader")) as store:
        wait_for(lambda: set(store.stored_ids(names)) == set(names))
    return True


@pytest.mark.slow
def test_one_store_is_shared_by_processes(run: tuple["StoreProcess", Run]) -> None:
    """What one process accepts is in another one's store, also if that was away, and on a third's page."""
    served, begin = run
    up, page = begin("writer", "up"), begin("reader", "live")
    port = served.address("reader").port
    assert sent(up, "apart-1") == 200
    assert kept(served, "apart-1")
    answered(f"{page}/readyz", lambda answer: answer.status == 200)
    assert b"<html" in answered(f"{page}/", lambda answer: answer.status == 200).data
    served.kill()
    assert b"the store" in answered(f"{page}/readyz", lambda answer: answer.status == 503).data
    assert sent(up, "apart-2") == 200
    assert b"the worker waits" in answered(f"{up}/readyz", lambda answer: answer.status == 503).data
    served.start(port)
    assert kept(served, "apart-1", "apart-2")
    answered(f"{up}/readyz", lambda answer: answer.status == 200)
