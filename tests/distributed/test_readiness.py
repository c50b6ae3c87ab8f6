"""The readiness of workers and the identity stage while the store is away."""

import re
from typing import Any

import pytest
import urllib3

from tests.waiting import wait_for


def _answer(url: str, path: str) -> tuple[int, Any]:
    answer = urllib3.request("GET", url + path, retries=False, timeout=30)
    return answer.status, answer.json()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["worker", "identity"])
def test_a_process_is_not_ready_while_the_store_is_away(deployment: Any, name: str) -> None:
    """/readyz names the store until it is back; meanwhile the process lives, and ends when it is told to."""
    deployment.start("one", name, "--health", "0")
    found = wait_for(lambda: re.search(r"health at (http\S+);", deployment.output("one")))
    url = found[1]
    wait_for(lambda: _answer(url, "/readyz")[0] == 200)
    port = int(deployment.store.url.rpartition(":")[2])

    deployment.store.kill()
    status, body = wait_for(lambda: (answer := _answer(url, "/readyz"))[0] != 200 and answer)
    assert status == 503
    assert body["why"].startswith("the store: ")
    assert _answer(url, "/healthz") == (200, {"status": "ok"})
    assert deployment.processes["one"].poll() is None

    deployment.store.start(port)
    wait_for(lambda: _answer(url, "/readyz")[0] == 200)
    assert deployment.end("one") == 0
