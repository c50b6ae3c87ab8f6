"""`alert`: from the tenth customer who cannot pay to the notification at its receiver."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import urllib3

from benchmarks.support.processes import Program, wait_for
from benchmarks.support.report import Report

OUTAGES = 5
CUSTOMERS = 14
CROSSING = 10
"""The customer whose failed payment makes it an outage, by the default rule `payment_outage`."""

PAUSE_SECONDS = 0.1
PROMISED_MS = 10_000


class _Receiver(ThreadingHTTPServer):
    """A webhook's receiver, which keeps when each shop's incident was told first."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.told: dict[str, float] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    server: _Receiver

    def do_POST(self) -> None:
        """Note the shop; answer that it was taken."""
        body = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if body["status"] == "firing":
            self.server.told.setdefault(body["labels"]["source"], time.monotonic())
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


def measure(outages: int = OUTAGES) -> Report:
    """Let the payments of one shop after the other fail, and time each notification."""
    with TemporaryDirectory() as folder, _receiver() as receiver, _up(Path(folder), receiver.url) as url:
        crossed = {f"shop-{number}": _outage(url, f"shop-{number}") for number in range(outages)}
        wait_for(lambda: len(receiver.told) == outages or None)
        taken = [round((receiver.told[shop] - at) * 1000) for shop, at in crossed.items()]
    figures = {"outages": outages, "p50_ms": round(median(taken)), "most_ms": max(taken)}
    notes = [
        f"from the collector's answer to the failed payment of customer {CROSSING} to the webhook's arrival; "
        "the rule waits five seconds, and is evaluated every five"
    ]
    failed = [f"one took {max(taken)} ms: 10 s are promised"] if max(taken) > PROMISED_MS else []
    return Report("alert", figures, {"promised/most": round(PROMISED_MS / max(taken), 2)}, notes, failed)


@contextmanager
def _receiver() -> Iterator[_Receiver]:
    with _Receiver() as receiver:
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        yield receiver
        receiver.shutdown()


@contextmanager
def _up(folder: Path, webhook: str) -> Iterator[str]:
    alerts = folder / "alerts.yaml"
    alerts.write_text(f"extends: default\nchannels: {{receiver: {{kind: webhook, url: '{webhook}'}}}}\n")
    arguments = ["touchline.cli", "up", "--data", str(folder / "data"), "--port", "0"]
    up = Program(arguments, folder, "up", {"TOUCHLINE_ALERTS": str(alerts)})
    try:
        yield up.wait_for_output(r"is up: (\S+)")
    finally:
        up.stop()


def _outage(url: str, shop: str) -> float:
    """Send failed payments of one customer after the other; return when the last needed one was accepted."""
    crossed = 0.0
    for number in range(1, CUSTOMERS + 1):
        event = {
            "id": f"{shop}-{number}",
            "type": "payment.failed",
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "channel": "web",
            "source": shop,
            "identifiers": {"account": f"{shop}-{number}"},
            "data": {"method": "card", "code": "declined"},
        }
        answer = urllib3.request("POST", f"{url}/v1/events", body=orjson.dumps(event), timeout=30)
        if answer.status != 200:
            raise RuntimeError(answer.data[:500])
        if number == CROSSING:
            crossed = time.monotonic()
        time.sleep(PAUSE_SECONDS)
    return crossed
