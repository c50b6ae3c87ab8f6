"""A collector in a process of its own, before Kafka."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.waiting import wait_for_url
from touchline.devbroker.broker import Broker
from touchline.log.kafka.records import Topics

LIMIT = 60.0


class Running:
    """A running `touchline collector`, with requests to its server."""

    def __init__(self, folder: Path, **settings: str) -> None:
        folder.mkdir()
        self._said = folder / "said"
        with self._said.open("wb") as said:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "touchline.cli",
                    "collector",
                    "--port",
                    "0",
                    "--data",
                    str(folder / "data"),
                ],
                cwd=folder,
                stdout=said,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **settings},
            )
        self.url = wait_for_url(self.process, self._said)

    @property
    def said(self) -> str:
        """All that it wrote so far."""
        return self._said.read_text()

    def ask(self, method: str, path: str, **more: Any) -> urllib3.BaseHTTPResponse:
        """Its answer to a request."""
        return urllib3.request(method, self.url + path, timeout=40, retries=False, **more)

    def ready(self) -> bool:
        """Whether it says that it is."""
        return self.ask("GET", "/readyz").status == 200

    @property
    def peak_bytes(self) -> int:
        """The most memory it had so far."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024

    def end(self, number: int = signal.SIGTERM) -> int:
        """Its exit code after a signal."""
        self.process.send_signal(number)
        return self.process.wait(LIMIT)


@pytest.fixture
def collector(kafka: Broker, topics: Topics, tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts collectors that write to the topics; each is ended, at the latest, with the test."""
    running: list[Running] = []

    def start(**settings: str) -> Running:
        given = {"TOUCHLINE_KAFKA": kafka.bootstrap, "TOUCHLINE_TOPIC_PREFIX": topics.prefix, **settings}
        running.append(Running(tmp_path / f"collector-{len(running)}", **given))
        return running[-1]

    yield start
    for one in running:
        one.process.kill()
        one.process.wait(LIMIT)
