"""A web site of a shop that uses the script, on another origin than the collector."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.collector.served import Served

PAGES = Path(__file__).parent / "pages"


class Switch:
    """In front of the collector: it notes each request with its body, and answers 503 while `away`."""

    def __init__(self) -> None:
        self.away = threading.Event()
        self.requests: list[tuple[str, str, str]] = []

    def around(self, app: ASGIApp) -> ASGIApp:
        """The application behind the switch."""

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
                await app(scope, receive, send)
                return
            if self.away.is_set():
                self.requests.append((scope["method"], scope["query_string"].decode(), ""))
                await Response(status_code=503)(scope, receive, send)
                return
            body = bytearray()

            async def noted() -> Message:
                message = await receive()
                body.extend(message.get("body", b""))
                return message

            await app(scope, noted, send)
            self.requests.append((scope["method"], scope["query_string"].decode(), body.decode()))

        return answer


@dataclass
class Shop:
    """The site, its collector, and what the collector got."""

    served: Served
    switch: Switch
    key: str = ""
    port: int = 0
    paths: list[str] = field(default_factory=list)

    def url(self, page: str, *, host: str = "localhost", **attributes: str) -> str:
        """The address of a page whose script has these attributes, besides the collector and its key."""
        return f"http://{host}:{self.port}/{page}?{urlencode(attributes)}"

    def events(self, source: str) -> list[dict[str, object]]:
        """The events of a source in the collector's log, each id once, by time."""
        found = {line["id"]: line for line in self.served.lines("touchpoints") if line["source"] == source}
        return sorted(found.values(), key=lambda event: event["time"])

    def tag(self, attributes: dict[str, str]) -> str:
        """The two lines of the installation, with attributes."""
        written = "".join(f' data-{name}="{escape(value)}"' for name, value in attributes.items())
        return f'<script async src="{self.served.url}/touchline.js" data-key="{self.key}"{written}></script>'


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    shop: Shop

    def do_GET(self) -> None:
        """A page, or an answer of the shop's own programs."""
        parts = urlsplit(self.path)
        self.shop.paths.append(self.path)
        values = {name: texts[0] for name, texts in parse_qs(parts.query).items()}
        page = PAGES / parts.path.removeprefix("/")
        match parts.path:
            case "/api/fast":
                self._answer(200, b"{}")
            case "/api/slow":
                time.sleep(0.8)
                self._answer(200, b"{}")
            case "/api/broken":
                self._answer(500, b"{}")
            case "/api/refused":
                self._answer(422, b"{}")
            case "/api/gone":
                self.close_connection = True
            case "/file":
                self._answer(200, b"a,b", "text/csv", {"Content-Disposition": "attachment; filename=a.csv"})
            case _ if page.is_file() and page.parent == PAGES:
                text = page.read_text(encoding="utf-8")
                text = text.replace("<!-- touchline -->", self.shop.tag(values))
                text = text.replace("COLLECTOR", json.dumps(self.shop.served.url))
                text = text.replace("KEY", json.dumps(self.shop.key))
                self._answer(200, text.encode(), "text/html; charset=utf-8")
            case _:
                self._answer(404, b"")

    def do_POST(self) -> None:
        """As GET; the body is ignored."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Write no log."""

    def _answer(
        self, status: int, body: bytes, kind: str = "application/json", more: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        headers = {"Content-Type": kind, "Content-Length": str(len(body)), "Cache-Control": "no-store"}
        for name, value in {**headers, **(more or {})}.items():
            self.send_header(name, value)
        # The browser may be gone already.
        with suppress(BrokenPipeError):
            self.end_headers()
            self.wfile.write(body)


@contextmanager
def open_shop(served: Served, switch: Switch) -> Iterator[Shop]:
    """Serve the pages, with a key for them."""
    shop = Shop(served, switch)
    handler = type("Handler", (_Handler,), {"shop": shop})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    shop.port = server.server_address[1]
    hosts = ("localhost", "*.shop.localhost")
    shop.key = served.keys.create("pages", [f"http://{host}:{shop.port}" for host in hosts])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield shop
    finally:
        server.shutdown()
        thread.join(20)
        server.server_close()
