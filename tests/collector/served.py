"""A real collector on a free port of loopback, over a real log."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import urllib3
import uvicorn
from starlette.types import ASGIApp

from touchline.collector import Collector, Keys, Log, create_app
from touchline.log.sqlite import SqliteLog


@dataclass
class Served:
    """A running collector: its address, its log and its keys."""

    url: str
    port: int
    log: SqliteLog
    keys: Keys
    http: urllib3.PoolManager

    def send(
        self, body: bytes | object, headers: dict[str, str] | None = None, method: str = "POST"
    ) -> urllib3.BaseHTTPResponse:
        """Send a body to `/v1/events`; an object is sent as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.request(method, f"{self.url}/v1/events", body=content, headers=headers)

    def lines(self, kind: str) -> list[dict[str, Any]]:
        """The lines of one kind in the log."""
        return [
            json.loads(line)
            for record in self.log.read(0)
            if record.kind == kind
            for line in record.body.splitlines()
        ]

    def metric(self, line: str) -> float:
        """A value of `/metrics` by its name and labels; 0 if missing."""
        text = self.http.request("GET", f"{self.url}/metrics").data.decode()
        return next((float(found.split()[-1]) for found in text.splitlines() if found.startswith(line)), 0.0)


@contextmanager
def serving(
    log: SqliteLog,
    append_to: Log,
    keys: Keys,
    *,
    around: Callable[[ASGIApp], ASGIApp] = lambda app: app,
    **options: Any,
) -> Iterator[Served]:
    """A collector that appends to a log; `around` may put something in front of it."""
    collector = Collector(append_to, keys, **options)
    server = uvicorn.Server(
        uvicorn.Config(
            around(create_app(collector)), host="127.0.0.1", port=0, log_level="critical", ws="none"
        )
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        limit = time.monotonic() + 20
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            assert time.monotonic() < limit, "the server did not start in time"
            thread.join(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        with urllib3.PoolManager(retries=False, timeout=20) as http:
            yield Served(f"http://127.0.0.1:{port}", port, log, keys, http)
    finally:
        server.should_exit = True
        thread.join(20)
    assert not thread.is_alive()
