"""Health and metrics of a process without an HTTP application: /healthz, /readyz and /metrics."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from touchline.vocabulary.health import ALIVE, error_body, readiness

_READ_SECONDS = 10


@contextmanager
def health_served(
    host: str, port: int, registry: CollectorRegistry, not_ready: Callable[[], str | None]
) -> Iterator[str]:
    """Serve health in a thread, and yield its URL.

    Args:
        host: The address to listen on.
        port: The port; 0 for any free port.
        registry: The metrics of the process.
        not_ready: Returns why the process is not ready; None if it is.

    Raises:
        OSError: it cannot listen there.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = _READ_SECONDS

        def do_GET(self) -> None:
            match self.path.partition("?")[0]:
                case "/metrics":
                    self._answer(200, generate_latest(registry), CONTENT_TYPE_LATEST)
                case "/healthz":
                    self._answer_json(200, ALIVE)
                case "/readyz":
                    self._answer_json(*readiness(not_ready()))
                case path:
                    message = f"Not Found: {path[:80]}; there is /healthz, /readyz and /metrics"
                    self._answer_json(404, error_body("not_found", message))

        def _answer_json(self, status: int, body: Mapping[str, object]) -> None:
            self._answer(status, json.dumps(body).encode(), "application/json")

        def _answer(self, status: int, body: bytes, media_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing: probes come every few seconds."""

    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="touchline-health", daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(_READ_SECONDS)
