"""`latency`: from accepted by the collector to visible as a friction, at so many events a second."""

import threading
import time
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import urllib3

from benchmarks.report import Report
from benchmarks.running import Distributed, Running, until

RATE = 5_000
SECONDS = 20
TOGETHER = 100
"""Events of a request; one of them is a friction at once."""

CUSTOMERS = 20_000
CONNECTIONS = 2
POLL_SECONDS = 0.05
SETTLE_SECONDS = 60.0

_SEEN = "SELECT anchor FROM current_frictions WHERE rule = 'request_denied' FORMAT TSV"


class _Load:
    """Posts at a steady rate; remembers when each marked event was accepted."""

    def __init__(self, url: str, rate: int, seconds: float) -> None:
        self._url, self._rate, self._seconds = f"{url}/v1/events", rate, seconds
        self.accepted: dict[str, float] = {}
        self.refused = self.events = 0
        self.took = 0.0
        self._threads = [
            threading.Thread(target=self._post, args=(number,), daemon=True) for number in range(CONNECTIONS)
        ]

    def start(self) -> None:
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()

    def wait(self) -> None:
        for thread in self._threads:
            thread.join(self._seconds + SETTLE_SECONDS)

    def _post(self, number: int) -> None:
        pool = urllib3.PoolManager()
        every = TOGETHER * CONNECTIONS / self._rate
        for turn in range(int(self._seconds / every)):
            due = self._began + (turn + number / CONNECTIONS) * every
            time.sleep(max(0.0, due - time.monotonic()))
            marked = f"m-{number}-{turn}"
            answer = pool.request("POST", self._url, body=_body(marked, turn), timeout=30, retries=False)
            if answer.status == 200:
                self.accepted[marked] = time.monotonic()
                self.events += TOGETHER
            else:
                self.refused += 1
        self.took = max(self.took, time.monotonic() - self._began)


def measure(rate: int = RATE, seconds: int = SECONDS) -> Report:
    """Load `touchline up`, and then collector, worker and identity stage around Kafka."""
    figures: dict[str, Any] = {"asked_events_per_second": rate, "seconds": seconds}
    failed: list[str] = []
    for name, run in (("embedded", _embedded), ("distributed", _distributed)):
        with TemporaryDirectory() as folder:
            figures[name], lost = run(Path(folder), rate, seconds)
        failed += [f"{name}: {lost} accepted frictions were not seen"] if lost else []
    notes = [
        "from the collector's answer to the first query that shows the friction; asked every "
        f"{POLL_SECONDS * 1000:.0f} ms, which is in the figures. One event in {TOGETHER} is marked; sender "
        "and asker run on the same machine",
    ]
    return Report("latency", figures, {}, notes, failed)


def _embedded(folder: Path, rate: int, seconds: int) -> tuple[dict[str, Any], int]:
    up = Running(["touchline.cli", "up", "--data", str(folder / "data"), "--port", "0"], folder, "up", {})
    try:
        url = up.says(r"is up: (\S+)")
        _ready(url)
        token = (folder / "data" / "token").read_text().strip()
        return _measured(url, f"{url}/clickhouse", "any", token, rate, seconds)
    finally:
        up.end()


def _distributed(folder: Path, rate: int, seconds: int) -> tuple[dict[str, Any], int]:
    with Distributed(folder, partitions=1) as stack:
        stack.start("identity", "identity")
        worker = stack.start("worker", "worker", "--health", "0")
        collector = stack.start("collector", "collector", "--port", "0", "--data", str(folder / "door"))
        url = collector.says(r"is up: (\S+)")
        _ready(url)
        _ready(worker.says(r"health at (\S+);"))
        return _measured(url, stack.address.url, "writer", stack.address.password, rate, seconds)


def _measured(
    url: str, store: str, user: str, password: str, rate: int, seconds: int
) -> tuple[dict[str, Any], int]:
    load = _Load(url, rate, seconds)
    seen: dict[str, float] = {}
    pool = urllib3.PoolManager()
    headers = {"X-ClickHouse-User": user, "X-ClickHouse-Key": password}
    where = f"{store}/?database=touchline" if user == "writer" else store

    def look() -> None:
        answer = pool.request("POST", where, body=_SEEN, headers=headers, timeout=30, retries=False)
        if answer.status != 200:
            raise RuntimeError(answer.data[:500])
        now = time.monotonic()
        for anchor in answer.data.decode().split():
            seen.setdefault(anchor, now)

    load.start()
    waiter = threading.Thread(target=load.wait, daemon=True)
    waiter.start()
    while waiter.is_alive():
        look()
        time.sleep(POLL_SECONDS)
    give_up_at = time.monotonic() + SETTLE_SECONDS
    while len(seen) < len(load.accepted) and time.monotonic() < give_up_at:
        look()
        time.sleep(POLL_SECONDS)
    found = [seen[one] - accepted for one, accepted in load.accepted.items() if one in seen]
    cut = quantiles(found, n=100, method="inclusive") if len(found) > 1 else [0.0] * 99
    figures = {
        "events": load.events,
        "events_per_second": round(load.events / load.took),
        "refused_requests": load.refused,
        "p50_ms": round(cut[49] * 1000),
        "p99_ms": round(cut[98] * 1000),
        "most_ms": round(max(found, default=0.0) * 1000),
    }
    return figures, len(load.accepted) - len(found)


def _ready(url: str) -> None:
    until(lambda: urllib3.request("GET", f"{url}/readyz", timeout=10, retries=False).status == 200 or None)


def _body(marked: str, turn: int) -> bytes:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    events = [
        {
            "id": f"{marked}-{place}" if place else marked,
            "type": "page.viewed" if place else "request.denied",
            "time": at,
            "channel": "web" if place else "store",
            "source": "shop",
            "identifiers": {"account": f"u-{(turn * TOGETHER + place) % CUSTOMERS}"},
            "data": {"page": f"/p/{place}"} if place else {"kind": "return"},
        }
        for place in range(TOGETHER)
    ]
    return b"\n".join(map(orjson.dumps, events))
