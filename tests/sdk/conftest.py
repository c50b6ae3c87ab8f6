"""A collector to test the SDK against: a real HTTP server that keeps the collector's contract."""

import gzip
import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic
from typing import Any

import pytest

from touchline.sdk import Limits


class Collector:
    """Stores events by id. `script` holds handlers for the next requests, in order."""

    def __init__(self, port: int = 0) -> None:
        self.events: list[dict[str, Any]] = []
        self.requests: list[tuple[float, dict[str, str], list[dict[str, Any]]]] = []
        self.script: deque[Callable[[Any, list[dict[str, Any]]], None]] = deque()
        self.refused_types: dict[str, str] = {}
        self.most_events = 5_000
        self.connections = 0
        self._known: set[str] = set()
        self._lock = threading.Lock()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 10
            wbufsize = -1

            def setup(self) -> None:
                collector.connections += 1
                super().setup()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                events = [json.loads(line) for line in body.splitlines()]
                headers = {"path": self.path} | {name.lower(): value for name, value in self.headers.items()}
                collector.requests.append((monotonic(), headers, events))
                if collector.script:
                    collector.script.popleft()(self, events)
                elif len(events) > collector.most_events:
                    collector.answer(self, 413)
                else:
                    collector.take(self, events)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def answer(
        self, handler: Any, status: int, body: bytes = b"{}", headers: dict[str, str] | None = None
    ) -> None:
        handler.send_response(status)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def take(self, handler: Any, events: list[dict[str, Any]]) -> None:
        """Store the events and respond with a result for each."""
        results = self.store(events)
        self.answer(handler, 200, json.dumps({"results": results}).encode())

    def store(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        results = []
        with self._lock:
            for event in events:
                result = {"id": event["id"], "status": "stored", "reason": None}
                if reason := self.refused_types.get(event["type"]):
                    result |= {"status": "quarantined", "reason": reason, "field": "type"}
                elif event["id"] in self._known:
                    result["status"] = "duplicate"
                else:
                    self._known.add(event["id"])
                    self.events.append(event)
                results.append(result)
        return results

    def will_answer(self, status: int, body: bytes = b"{}", headers: dict[str, str] | None = None) -> None:
        self.script.append(lambda handler, events: self.answer(handler, status, body, headers))

    def will_reset(self, *, after_storing: bool = False) -> None:
        def reset(handler: Any, events: list[dict[str, Any]]) -> None:
            if after_storing:
                self.store(events)
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.close_connection = True

        self.script.append(reset)

    def will_hang(self, until: threading.Event) -> None:
        def hang(handler: Any, events: list[dict[str, Any]]) -> None:
            until.wait(10)
            handler.close_connection = True

        self.script.append(hang)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join(5)


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.close()


@pytest.fixture
def quick() -> Limits:
    """Default limits with waits short enough for a test."""
    return Limits(batch_seconds=0.01, retry_least=0.005, retry_most=0.05, retry_seconds=5, request_seconds=5)
