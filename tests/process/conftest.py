"""The whole process, as a user starts it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import urllib3

from touchline.store.server_file import Server, find_server

LIMIT = 90.0


class Running:
    """A running `touchline up` or `touchline demo`, with requests to its server.

    `data` is its data folder as this process sees it.
    """

    def __init__(
        self,
        command: Sequence[str],
        data: Path,
        folder: Path,
        before: Sequence[str],
        wait_for: Callable[..., Any],
    ) -> None:
        self.data, self._wait_for = data, wait_for
        self._said = folder / "said"
        with self._said.open("wb") as said:
            self.process = subprocess.Popen(
                [*before, sys.executable, "-m", "touchline.cli", *command],
                cwd=folder,
                stdout=said,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )

    @property
    def said(self) -> str:
        """All that it wrote so far."""
        return self._said.read_text()

    def seen_from(self, root: Path) -> None:
        """Look at the data folder below another root, such as that of the process."""
        self.data = root / self.data.relative_to("/")

    def ready(self) -> "Running":
        """Itself, once it answers that it is ready."""
        self._wait_for(self._is_ready)
        return self

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self.said
        return find_server(self.data) is not None and self.ask("GET", "/readyz").status == 200

    @property
    def server(self) -> Server:
        """Its address and its token."""
        found = find_server(self.data)
        assert found is not None, self.said
        return found

    def ask(self, method: str, path: str, **more: Any) -> urllib3.BaseHTTPResponse:
        """Its answer to a request."""
        return urllib3.request(method, self.server.url + path, timeout=30, retries=False, **more)

    def post(self, body: bytes, **headers: str) -> tuple[int, Any]:
        """Status and content of its answer to events."""
        answer = self.ask("POST", "/v1/events", body=body, headers=headers)
        return answer.status, answer.json()

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Rows of its store."""
        headers = {"X-ClickHouse-Key": self.server.token}
        answer = self.ask(
            "POST", "/clickhouse?default_format=JSONEachRow", body=sql.encode(), headers=headers
        )
        assert answer.status == 200, answer.data
        return [json.loads(line) for line in answer.data.splitlines()]

    def end(self, number: int = signal.SIGTERM) -> int:
        """Its exit code after a signal."""
        self.process.send_signal(number)
        return self.process.wait(LIMIT)


Start = Callable[..., Running]


@pytest.fixture
def start(
    tmp_path: Path, wait_for: Callable[..., Any], with_store: Callable[[Path], Path]
) -> Iterator[Start]:
    """Starts `touchline COMMAND…` on a data folder and a port; ended, at the latest, with the test.

    The first `up` finds an empty store there, unless `new` says that it creates the folder.
    """
    running: list[Running] = []

    def begin(*command: str, port: str = "0", before: Sequence[str] = (), new: bool = False) -> Running:
        folder = tmp_path / f"run-{len(running)}"
        folder.mkdir()
        data = tmp_path / "data"
        if command[0] == "up" and not (before or new or data.exists()):
            with_store(data)
        one = Running([*command, "--port", port, "--data", str(data)], data, folder, before, wait_for)
        running.append(one)
        return one

    yield begin
    for one in running:
        one.process.kill()
        one.process.wait(LIMIT)
