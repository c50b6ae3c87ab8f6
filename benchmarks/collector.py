"""`collector`: the events and requests that one collector makes durable per second, and their latency."""

import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final, NamedTuple

from benchmarks.support.bodies import bytes_per_event, native_bodies, segment_bodies
from benchmarks.support.load import Load, post
from benchmarks.support.processes import Program, metric
from benchmarks.support.report import Report

SECONDS: Final = 20
BATCH: Final = 100
_BODIES: Final = 200
_JSON: Final = "Content-Type: application/json"
_MEGABYTE: Final = 1024**2
_EVERY_SECONDS: Final = 0.5

_PRIVACY: Final = """
identifiers: {email: hash, phone: hash}
fields:
  - deny: [context.ip, data.**.password]
  - redact: [data.comment]
consent: {purpose: analytics}
"""


class _Way(NamedTuple):
    """A way to send.

    Attributes:
        path: Where to.
        events: Events in a request.
        connections: Requests under way at a time.
        target: Events per second that the collector should take at least; 0 for none.
        privacy: Whether there are privacy rules.
    """

    path: str
    events: int
    connections: int
    target: int
    privacy: bool = False

    @property
    def bodies(self) -> list[bytes]:
        """The bodies of its requests."""
        make = native_bodies if self.path == "/v1/events" else segment_bodies
        return make(_BODIES, self.events)


_WAYS: Final = {
    "native": _Way("/v1/events", BATCH, 8, 20_000),
    "native_with_privacy": _Way("/v1/events", BATCH, 8, 0, privacy=True),
    "segment": _Way("/v1/batch", BATCH, 8, 10_000),
    "single": _Way("/v1/events", 1, 32, 2_000),
}


def measure(seconds: int = SECONDS, ways: Sequence[str] = tuple(_WAYS)) -> Report:
    """Send in each way, as fast as the answers come, to a collector that writes to a log in a file.

    Args:
        seconds: How long requests are timed in each way.
        ways: Names of the ways.
    """
    report = Report("collector", {}, {})
    for name in ways:
        way = _WAYS[name]
        with tempfile.TemporaryDirectory() as folder:
            figures = _figures(name, way, Path(folder), seconds, report)
        report.figures[name] = figures
        if way.target:
            report.ratios[f"{name}/target"] = round(figures["events_per_second"] / way.target, 2)
    return report


def _figures(name: str, way: _Way, folder: Path, seconds: int, report: Report) -> dict[str, Any]:
    environment = {}
    if way.privacy:
        (folder / "privacy.yaml").write_text(_PRIVACY)
        environment = {"TOUCHLINE_PRIVACY": str(folder / "privacy.yaml"), "TOUCHLINE_PRIVACY_KEY": "0" * 32}
    arguments = ["touchline.cli", "collector", "--port", "0", "--data", str(folder / "data")]
    program = Program(arguments, folder, "collector", environment)
    try:
        url = program.wait_for_output(r"is up: (\S+)")
        bodies = way.bodies
        memory = _Memory(program)
        memory.start()
        cpu = program.cpu_seconds()
        load = post(f"{url}{way.path}", [_JSON], bodies, connections=way.connections, seconds=seconds)
        cpu = program.cpu_seconds() - cpu
        memory.end()
        _check(name, way, url, load, report)
        return {
            "events_per_second": round(load.timed * way.events / load.seconds),
            "requests_per_second": round(load.timed / load.seconds),
            "p50_ms": round(median(load.latencies) * 1_000, 1),
            "p99_ms": round(quantiles(load.latencies, n=100)[98] * 1_000, 1),
            "cpu_us_per_event": round(cpu / (load.answered * way.events) * 1e6, 1),
            "bytes_per_event": round(bytes_per_event(bodies, way.events)),
            "memory_mb_early": round(memory.early / _MEGABYTE, 1),
            "memory_mb_late": round(memory.late / _MEGABYTE, 1),
        }
    finally:
        program.stop()


def _check(name: str, way: _Way, url: str, load: Load, report: Report) -> None:
    """Add why the result is void."""
    stored = metric(url, "touchline_events_total", result="stored")
    if stored != load.answered * way.events:
        report.failed.append(f"{name}: {load.answered * way.events:,} events sent, {stored:,.0f} stored")
    report.failed += [f"{name}: {answer}" for answer in sorted(load.unexpected)]


class _Memory(threading.Thread):
    """Samples the resident memory of a program while it is under load."""

    def __init__(self, program: Program) -> None:
        super().__init__(daemon=True)
        self._program, self._ending = program, threading.Event()
        self._samples: list[int] = []

    def run(self) -> None:
        while not self._ending.wait(_EVERY_SECONDS):
            self._samples.append(self._program.resident_bytes())

    def end(self) -> None:
        """Stop sampling."""
        self._ending.set()
        self.join()

    @property
    def early(self) -> float:
        """The median of the second quarter of the samples, in bytes: after the warm-up."""
        count = len(self._samples)
        return median(self._samples[count // 4 : count // 2])

    @property
    def late(self) -> float:
        """The median of the last quarter of the samples, in bytes."""
        return median(self._samples[-(len(self._samples) // 4) :])
