"""A running Touchline whose rules find, change, resolve and retract frictions; and programs for them."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.process.conftest import Running, start

__all__ = ["start"]

RULES = Path(__file__).with_name("rules.yaml")

STREAM = "/v1/frictions/stream"


class Program:
    """A program that reads the stream in a thread: the events it was sent, and the id of the last."""

    def __init__(self, url: str, last: str | None = None, **headers: str) -> None:
        self.events: list[dict[str, Any]] = []
        self.last, self.lines = last, 0
        to = urlsplit(url)
        self._connection = HTTPConnection(str(to.hostname), to.port, timeout=60)
        sent = {**headers, **({"Last-Event-ID": last} if last else {})}
        self._connection.request("GET", f"{to.path}?{to.query}", headers=sent)
        self._socket = self._connection.sock
        self._response = self._connection.getresponse()
        assert self._response.status == 200, self._response.read()
        assert self._response.headers["Content-Type"].startswith("text/event-stream")
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        lines: list[str] = []
        with suppress(OSError, HTTPException, ValueError, AttributeError):
            for line in self._response:
                if line.strip():
                    lines.append(line.decode().rstrip("\n"))
                else:
                    self._take("\n".join(lines))
                    lines = []

    def _take(self, event: str) -> None:
        fields = dict(line.split(": ", 1) for line in event.split("\n") if ": " in line)
        self.lines += 1
        self.last = fields.get("id", self.last)
        if "data" in fields:
            cloud_event = json.loads(fields["data"])
            assert fields["event"] == cloud_event["type"]
            self.events.append(cloud_event)

    @property
    def listens(self) -> bool:
        """Whether the stream has begun."""
        return self.last is not None and self.lines > 0

    @property
    def kinds(self) -> list[str]:
        """The kinds of changes, in order."""
        return [event["type"].rpartition(".")[2] for event in self.events]

    def close(self) -> None:
        """Cut the connection."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        assert not self._thread.is_alive()


class Shop:
    """Sends events of customers to a running process."""

    def __init__(self, running: Running) -> None:
        self._running, self._number = running, 0

    def send(self, *events: tuple[str, str, float], **data: Any) -> None:
        """Events as type, account and seconds before now."""
        now = time.time()
        body = []
        for kind, account, ago in events:
            self._number += 1
            at = datetime.fromtimestamp(now - ago, UTC).isoformat(timespec="milliseconds")
            body.append(
                {
                    "id": f"{account}-{self._running.process.pid}-{self._number}",
                    "type": kind,
                    "time": at.replace("+00:00", "Z"),
                    "channel": "web",
                    "source": "shop",
                    "identifiers": {"account": account},
                    "data": DATA[kind] | data,
                }
            )
        status, answer = self._running.post(json.dumps(body).encode())
        assert status == 200, answer
        assert {result["status"] for result in answer["results"]} == {"stored"}, answer


DATA: dict[str, dict[str, Any]] = {
    "payment.failed": {"reason": "card declined"},
    "cart.updated": {"cart_id": "c-1"},
    "order.placed": {"order_id": "o-1"},
    "search.performed": {"query": "refund"},
}


class Receiver:
    """An HTTP server that takes webhooks, and at times does not."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.refuse: Callable[[int], int] = lambda number: 200
        """The status of the answer to a request, by its number; only with 200 it is kept."""
        self.requests = 0
        self.lock = threading.Lock()

    @property
    def events(self) -> list[dict[str, Any]]:
        """What was taken, in order."""
        with self.lock:
            return [json.loads(body) for _, body in self.got]

    @contextmanager
    def serve(self, port: int = 0) -> Iterator[str]:
        """Its address, while it serves."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver.lock:
                    receiver.requests += 1
                    status = receiver.refuse(receiver.requests)
                    if status == 200:
                        receiver.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *ignored: Any) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_address[1]}/frictions"
            finally:
                server.shutdown()
                thread.join(5)


@pytest.fixture
def receiver() -> Receiver:
    """A receiver of webhooks that does not serve yet."""
    return Receiver()


def last_states(events: list[dict[str, Any]]) -> dict[str, tuple[str, Any]]:
    """Rule and status of each subject, to a program that ignores what it has had."""
    found: dict[str, tuple[str, str, str]] = {}
    for event in events:
        before = found.get(event["subject"])
        if before is None or before[0] < event["sequence"]:
            found[event["subject"]] = event["sequence"], event["data"]["rule"], event["data"]["status"]
    return {subject: state[1:] for subject, state in found.items() if state[2] != "retracted"}
