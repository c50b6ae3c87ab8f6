"""Health and metrics of a process that serves nothing else: /healthz, /readyz and /metrics."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

_READ_SECONDS = 10


@contextmanager
def health_served(
    host: str, port: int, registry: CollectorRegistry, trouble: Callable[[], str | None]
) -> Iterator[str]:
    """Answer while it lasts; gives the address. Ready while there is no `trouble`.

    Raises:
        OSError: it cannot listen there.
    """

    class Asked(BaseHTTPRequestHandler):
        timeout = _READ_SECONDS

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                self._answer(200, generate_latest(registry), CONTENT_TYPE_LATEST)
            elif path == "/healthz":
                self._answer(200, b"ok\n")
            elif path == "/readyz":
                why = trouble()
                self._answer(503 if why else 200, f"{why or 'ready'}\n".encode())
            else:
                self._answer(404, b"there is /healthz, /readyz and /metrics\n")

        def _answer(self, status: int, body: bytes, kind: str = "text/plain; charset=utf-8") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is logged of it."""

    server = ThreadingHTTPServer((host, port), Asked)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="touchline-health", daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(_READ_SECONDS)
