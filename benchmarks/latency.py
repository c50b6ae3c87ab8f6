"""`latency`: from accepted by the collector to visible as a friction, at a steady rate of events."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import urllib3

from benchmarks.support.heavy_readers import HeavyReaders
from benchmarks.support.processes import Distributed, Program, metric, wait_for
from benchmarks.support.report import Report
from benchmarks.support.viewers import Viewers
from touchline.panels import DASHBOARDS

RATE = 5_000
SECONDS = 20
ROUNDS = 5
"""Runs without and with readers or viewers, one after the other: single ones differ by a third."""

REQUEST_EVENTS = 100
"""Events per request; the first is a friction at once, and is the one that is timed."""

CUSTOMERS = 20_000
CONNECTIONS = 2
POLL_SECONDS = 0.05
SETTLE_SECONDS = 60.0
LOAD_SECONDS = 120.0

RULE = "request_denied"
_SEEN = f"SELECT anchor FROM current_frictions WHERE rule = '{RULE}' FORMAT TSV"  # noqa: S608 - a constant


class _Load:
    """Posts at a steady rate, and records when each timed event was accepted."""

    def __init__(self, url: str, rate: int, seconds: float) -> None:
        self._url, self._rate, self._seconds = f"{url}/v1/events", rate, seconds
        self.accepted: dict[str, float] = {}
        self.refused = self.events = 0
        self.seconds_taken = 0.0
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
        every = REQUEST_EVENTS * CONNECTIONS / self._rate
        for turn in range(int(self._seconds / every)):
            due = self._began + (turn + number / CONNECTIONS) * every
            time.sleep(max(0.0, due - time.monotonic()))
            timed = f"m-{number}-{turn}"
            answer = pool.request("POST", self._url, body=_body(timed, turn), timeout=30, retries=False)
            if answer.status == 200:
                self.accepted[timed] = time.monotonic()
                self.events += REQUEST_EVENTS
            else:
                self.refused += 1
        self.seconds_taken = max(self.seconds_taken, time.monotonic() - self._began)


def measure(rate: int = RATE, seconds: int = SECONDS, readers: int = 0, viewers: int = 0) -> Report:
    """Measure `touchline up`, and then collector, worker and identity stage with Kafka.

    With `readers`, instead `touchline up` alone, without and with that many heavy queries at a time; with
    `viewers`, without and with that many open pages: medians of `ROUNDS` runs of each, by turns.
    """
    figures: dict[str, Any] = {"asked_events_per_second": rate, "seconds": seconds}
    failed: list[str] = []
    ways: dict[str, Callable[[Path], tuple[dict[str, Any], int]]] = {
        "embedded": lambda folder: _embedded(folder, rate, seconds),
        "distributed": lambda folder: _distributed(folder, rate, seconds),
    }
    if readers:
        ways = {
            "no_readers": lambda folder: _beside_readers(folder, rate, seconds, 0),
            "readers": lambda folder: _beside_readers(folder, rate, seconds, readers),
        }
    elif viewers:
        ways = {
            "no_viewers": lambda folder: _beside_viewers(folder, rate, seconds, 0),
            "viewers": lambda folder: _beside_viewers(folder, rate, seconds, viewers),
        }
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in ways}
    for _ in range(ROUNDS if readers or viewers else 1):
        for name, run in ways.items():
            with TemporaryDirectory() as folder:
                figure, lost = run(Path(folder))
            runs[name].append(figure)
            failed += [f"{name}: {lost} accepted frictions did not become visible"] if lost else []
    for name, found in runs.items():
        figures[name] = {key: round(median(figure[key] for figure in found)) for key in found[0]}
    notes = [
        "from the collector's answer to the first query that shows the friction, including the poll interval "
        f"of {POLL_SECONDS * 1000:.0f} ms. One event in {REQUEST_EVENTS} is timed; the benchmark runs on the "
        "same machine",
    ]
    beside = "readers" if readers else "viewers"
    if beside not in figures:
        return Report("latency", figures, {}, notes, failed)
    each = [f"{name} {', '.join(str(figure['p99_ms']) for figure in found)}" for name, found in runs.items()]
    notes += [
        f"visible is what the worker's metrics count: a query would wait behind the {beside}",
        f"medians of {ROUNDS} runs, by turns; p99_ms of each: {'; '.join(each)}",
    ]
    ratios = {
        f"{name}, {beside}/no_{beside}": round(figures[beside][name] / figures[f"no_{beside}"][name], 2)
        for name in ("p50_ms", "p99_ms")
    }
    return Report("latency", figures, ratios, notes, failed)


def _embedded(folder: Path, rate: int, seconds: int) -> tuple[dict[str, Any], int]:
    up = _up(folder)
    try:
        url = up.wait_for_output(r"is up: (\S+)")
        _ready(url)
        load = _Load(url, rate, seconds)
        return _measured(load, _query(f"{url}/clickhouse", "any", _token(folder)))
    finally:
        up.stop()


def _beside_readers(folder: Path, rate: int, seconds: int, readers: int) -> tuple[dict[str, Any], int]:
    with _loaded_page(folder) as url, HeavyReaders(f"{url}/clickhouse", _token(folder), readers) as heavy:
        figures, lost = _measured_by_metrics(url, rate, seconds)
        return figures | {"queries_ended": heavy.ended, "queries_refused": heavy.refused}, lost


def _beside_viewers(folder: Path, rate: int, seconds: int, viewers: int) -> tuple[dict[str, Any], int]:
    paths = [DASHBOARDS[number % len(DASHBOARDS)].path for number in range(viewers)]
    with _loaded_page(folder) as url, Viewers(url, paths) as pages:
        figures, lost = _measured_by_metrics(url, rate, seconds)
        return figures | {"updates_of_pages": pages.updates}, lost


@contextmanager
def _loaded_page(folder: Path) -> Iterator[str]:
    """The address of a `touchline up` whose page is loaded: that takes seconds after the start."""
    up = _up(folder)
    try:
        url = up.wait_for_output(r"is up: (\S+)")
        _ready(url)
        urllib3.request("GET", url, timeout=LOAD_SECONDS, retries=False)
        yield url
    finally:
        up.stop()


def _measured_by_metrics(url: str, rate: int, seconds: int) -> tuple[dict[str, Any], int]:
    load = _Load(url, rate, seconds)

    def visible() -> list[str]:
        return list(load.accepted)[: int(metric(url, "touchline_frictions_total", rule=RULE))]

    return _measured(load, visible)


def _distributed(folder: Path, rate: int, seconds: int) -> tuple[dict[str, Any], int]:
    with Distributed(folder, partitions=1) as stack:
        stack.start("identity", "identity")
        worker = stack.start("worker", "worker", "--health", "0")
        collector = stack.start("collector", "collector", "--port", "0", "--data", str(folder / "collector"))
        url = collector.wait_for_output(r"is up: (\S+)")
        _ready(url)
        _ready(worker.wait_for_output(r"health at (\S+);"))
        store = f"{stack.address.url}/?database=touchline"
        return _measured(_Load(url, rate, seconds), _query(store, "writer", stack.address.password))


def _up(folder: Path) -> Program:
    return Program(["touchline.cli", "up", "--data", str(folder / "data"), "--port", "0"], folder, "up", {})


def _token(folder: Path) -> str:
    return (folder / "data" / "token").read_text().strip()


def _query(url: str, user: str, password: str) -> Callable[[], list[str]]:
    """Return a function that queries which timed events are visible as frictions."""
    pool = urllib3.PoolManager()
    headers = {"X-ClickHouse-User": user, "X-ClickHouse-Key": password}

    def visible() -> list[str]:
        answer = pool.request("POST", url, body=_SEEN, headers=headers, timeout=30, retries=False)
        if answer.status != 200:
            raise RuntimeError(answer.data[:500])
        return answer.data.decode().split()

    return visible


def _measured(load: _Load, visible: Callable[[], Iterable[str]]) -> tuple[dict[str, Any], int]:
    """The figures of a load, and how many of its timed events never became visible."""
    seen: dict[str, float] = {}

    def poll() -> None:
        names, now = visible(), time.monotonic()
        for name in names:
            seen.setdefault(name, now)
        time.sleep(POLL_SECONDS)

    load.start()
    waiter = threading.Thread(target=load.wait, daemon=True)
    waiter.start()
    while waiter.is_alive():
        poll()
    give_up_at = time.monotonic() + SETTLE_SECONDS
    while len(seen) < len(load.accepted) and time.monotonic() < give_up_at:
        poll()
    found = [seen[name] - accepted for name, accepted in load.accepted.items() if name in seen]
    cut = quantiles(found, n=100, method="inclusive") if len(found) > 1 else [0.0] * 99
    figures = {
        "events": load.events,
        "events_per_second": round(load.events / load.seconds_taken),
        "refused_requests": load.refused,
        "p50_ms": round(cut[49] * 1000),
        "p99_ms": round(cut[98] * 1000),
        "most_ms": round(max(found, default=0.0) * 1000),
    }
    return figures, len(load.accepted) - len(found)


def _ready(url: str) -> None:
    wait_for(lambda: urllib3.request("GET", f"{url}/readyz", timeout=10, retries=False).status == 200 or None)


def _body(timed: str, turn: int) -> bytes:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    events = [
        {
            "id": f"{timed}-{number}" if number else timed,
            "type": "page.viewed" if number else "request.denied",
            "time": at,
            "channel": "web" if number else "store",
            "source": "shop",
            "identifiers": {"account": f"u-{(turn * REQUEST_EVENTS + number) % CUSTOMERS}"},
            "data": {"page": f"/p/{number}"} if number else {"kind": "return"},
        }
        for number in range(REQUEST_EVENTS)
    ]
    return b"\n".join(map(orjson.dumps, events))
