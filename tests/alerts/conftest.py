"""A store with payments that fail, and receivers that keep what they are sent."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import orjson
import pytest

from touchline.alerts.messages.incident_text import Counts, sentence
from touchline.config.alerts_files import load_alerts
from touchline.config.rule_packs import load_rules
from touchline.engine.memory import MemoryLog
from touchline.engine.worker import Worker
from touchline.store import Store
from touchline.tables import AlertRow
from touchline.vocabulary.event import Event
from touchline.vocabulary.ids import derived_id

T = 1_795_000_000_000
MINUTE = 60_000
DAY = 86_400_000


@dataclass
class Receiver:
    """A server that answers every POST, and what it was sent: path, headers, body."""

    url: str
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    """What it answers next, once each; then `respond`."""
    respond: Callable[[str, dict[str, str], bytes], tuple[int, dict[str, str], bytes]] = (
        lambda path, headers, body: (200, {}, b"ok")
    )

    @property
    def bodies(self) -> list[Any]:
        """What it was sent, as JSON."""
        return [orjson.loads(body) for _, _, body in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A server on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            one.got.append((self.path, dict(self.headers), body))
            status, headers, answer = (
                one.answers.pop(0) if one.answers else one.respond(self.path, dict(self.headers), body)
            )
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *ignored: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    one = Receiver(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield one
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.fixture(scope="session")
def failed() -> Callable[..., Event]:
    """An event of a customer in the web shop."""

    def make(who: str, at: int, kind: str = "payment.failed", source: str = "webshop") -> Event:
        return Event(
            id=f"{kind}-{source}-{who}-{at}",
            type=kind,
            time=at,
            channel="web",
            source=source,
            identifiers=(f"account:{who}",),
            received_at=at,
            producer=source,
        )

    return make


@pytest.fixture(scope="session")
def outage(failed: Callable[..., Event]) -> list[Event]:
    """500 customers whose payments fail twice within three minutes; a shop that is alive for weeks before."""
    alive = [failed("robot", T - day * DAY, "page.viewed") for day in range(30)]
    return alive + [
        failed(f"c{number}", T + number * 360 + again * 1_000) for number in range(500) for again in range(2)
    ]


@pytest.fixture(scope="session")
def fold() -> Callable[[Store, Sequence[Sequence[Event]], int], Iterator[None]]:
    """Lets a worker store portions of events: one more portion at each `next`."""

    def take(store: Store, portions: Sequence[Sequence[Event]], now: int) -> Iterator[None]:
        log = MemoryLog()
        worker = Worker(log, store, load_rules())
        for events in portions:
            log.append("touchpoints", [msgspec.json.encode(event) for event in events], T)
            worker.flush(worker.read(), now)
            yield

    return take


@pytest.fixture
def row() -> AlertRow:
    """An incident that fires, of the default pack's payment outage."""
    rule = next(rule for rule in load_alerts().rules if rule.id == "payment_outage")
    return AlertRow(
        id=derived_id("incident"),
        fingerprint=derived_id("fingerprint"),
        rule=rule.id,
        kind=rule.kind,
        title=rule.title,
        severity=rule.severity,
        labels=("source=webshop",),
        opened_at=T,
        detected_at=T + 1_000,
        resolved_at=None,
        status="firing",
        count=24,
        customers=12,
        usual=0.5,
        evidence=tuple(str(derived_id(f"journey {number}")) for number in range(3)),
        summary=sentence(rule, ("source=webshop",), T, Counts(24, 12, 0.5), "UTC"),
        version=1,
    )
