"""A small real site to walk through, which notes every request that it gets."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

_SCRIPT = """
<script src="/touchline.js"></script>
<script>
fetch('/v1/events?key=k', {method: 'POST', body: '{}'}).catch(() => {});
addEventListener('pagehide', () => {
  navigator.sendBeacon('/v1/events?key=k', '{}');
  fetch('/v1/events?key=k', {method: 'POST', body: '{}', keepalive: true}).catch(() => {});
});
new Worker(URL.createObjectURL(new Blob([`fetch('${location.origin}/v1/events')`])));
</script>
<iframe src="/frame"></iframe>
"""

PAGES = {
    "/": f"<h1>Shop</h1><a href='/help'>Help</a> <a href='/manual.pdf'>Price list (PDF)</a>"
    f"<a href='http://localhost:1/contact' style='display:none'>Contact</a>{_SCRIPT}",
    "/help": "<a href='/'>Home</a> <a href='/reach'>Write to our team</a>",
    "/reach": "<a href='tel:+4930123400'>Call us</a>",
    "/frame": "<script>new Image().src = '/v1/events?from=frame'</script>",
    "/form": """<form method=post action=/sent><input id=name name=name>
        <input id=token name=token type=password>
        <select id=topic name=topic><option value=a>Returns</option><option value=b>Delivery</option></select>
        <input id=agreed name=agreed type=checkbox><button id=send>Send</button></form>
        <button id=hidden style="display:none">Send</button>""",
    "/alert": "<script>setTimeout(() => alert('hello'), 0)</script><p>Still here</p>",
}


class Site(ThreadingHTTPServer):
    """The site: its address, the requests so far, and the last form that was sent."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing: a browser that gives up closes its connections."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.requests: list[str] = []
        self.agents: set[str] = set()
        self.form: dict[str, list[str]] = {}
        self.release = threading.Event()
        """Lets answers of /slow go."""


class _Answers(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.server.requests.append(path)
        self.server.agents.add(self.headers["User-Agent"])
        if path == "/slow":
            self.server.release.wait(20)
        if path == "/away":
            self.send_response(302)
            self.send_header("Location", self.server.url.replace("127.0.0.1", "localhost") + "/?token=secret")
            self.end_headers()
            return
        self._answer(200 if path in PAGES else 404, PAGES.get(path, "<h1>Not found</h1>"))

    def do_POST(self) -> None:
        self.server.requests.append(self.path.partition("?")[0])
        sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path != "/sent":
            return self._answer(200, "")
        self.server.form = parse_qs(sent)
        return self._answer(200, "<p>Thank you</p>")

    def _answer(self, status: int, body: str) -> None:
        content = f"<!doctype html><title>Shop</title>{body}".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served() -> Iterator[Site]:
    """The site, served until the end of the block."""
    with Site() as site:
        thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield site
        finally:
            site.release.set()
            site.shutdown()
            thread.join(10)
