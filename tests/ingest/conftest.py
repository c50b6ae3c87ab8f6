"""Topics of others, a schema registry, and `touchline ingest` in a process of its own."""

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import pytest
from kafka import KafkaAdminClient, KafkaProducer

from touchline.devbroker.broker import Broker

Message = bytes | None | tuple[bytes | None, bytes | None]
"""A value, or a key and a value."""


class SchemaRegistry:
    """A small server with the documented API of a schema registry: no real one comes as a small artefact.

    `status` is what it answers instead, if set; `requests` are the paths that were asked for.
    """

    def __init__(self) -> None:
        self.by_id: dict[int, dict[str, Any]] = {}
        self.by_subject: dict[tuple[str, int], dict[str, Any]] = {}
        self.requests: list[str] = []
        self.authorizations: list[str | None] = []
        self.status: int | None = None
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                registry.requests.append(self.path)
                registry.authorizations.append(self.headers["Authorization"])
                status, body = registry.answer(self.path)
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: Any) -> None:
                """Write nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def answer(self, path: str) -> tuple[int, dict[str, Any]]:
        """The answer to a GET."""
        if self.status is not None:
            return self.status, {"error_code": self.status, "message": "not now"}
        match path.strip("/").split("/"):
            case ["schemas", "ids", number]:
                found = self.by_id.get(int(number))
            case ["subjects", subject, "versions", version]:
                found = self.by_subject.get((subject, int(version)))
            case _:
                return 404, {"error_code": 404, "message": "HTTP 404 Not Found"}
        return (200, found) if found else (404, {"error_code": 40403, "message": "Schema not found"})

    def add(self, number: int, schema: Any, **more: Any) -> None:
        """Register a schema under an id."""
        self.by_id[number] = {"schema": json.dumps(schema), **more}

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def registry() -> Iterator[SchemaRegistry]:
    """A schema registry without schemas."""
    made = SchemaRegistry()
    yield made
    made.close()


@pytest.fixture
def topic(kafka: Broker) -> Iterator[str]:
    """A new topic of others, with three partitions. Deleted when the test ends."""
    name = f"shop-{uuid4().hex[:8]}"
    with KafkaAdminClient(bootstrap_servers=kafka.bootstrap) as admin:
        admin.create_topics({name: {"num_partitions": 3, "replication_factor": 1}})
        yield name
        admin.delete_topics([name])


@pytest.fixture
def produce(kafka: Broker) -> Callable[..., None]:
    """Writes messages to a topic, in order, to one of its partitions."""

    def write(
        topic: str,
        messages: Iterable[Message],
        *,
        partition: int | None = None,
        compression: str | None = None,
    ) -> None:
        producer = KafkaProducer(bootstrap_servers=kafka.bootstrap, compression_type=compression, linger_ms=5)
        try:
            for message in messages:
                key, value = message if isinstance(message, tuple) else (None, message)
                producer.send(topic, value, key=key, partition=partition)
            producer.flush(30)
        finally:
            producer.close(5)

    return write
