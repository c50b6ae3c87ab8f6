"""`sdk`: what a call and an event cost the application, compared with other libraries; the spool's rate."""

import json
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.support.report import Report

EVENTS = 20_000
ROUNDS = 3
OUTAGE_FACTOR = 10
"""The outage tracks so many times more events: it takes a tenth of the time."""

LIMIT_SECONDS = 300
PEERS = {"segment": "segment", "posthog": "posthog"}
"""Contestants that may not be installed, and their packages."""


def measure(events: int = EVENTS, rounds: int = ROUNDS) -> Report:
    """Each library tracks the same event, in a process of its own, against a server that accepts everything.

    Args:
        events: Events of each run.
        rounds: Runs of each library, in turns; the median of each figure counts.
    """
    missing = [name for name, package in PEERS.items() if find_spec(package) is None]
    names = ["touchline", "touchline_full", *(name for name in PEERS if name not in missing)]
    runs: dict[str, list[Mapping[str, float]]] = {name: [] for name in [*names, "touchline_outage"]}
    sink = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.support.sink"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert sink.stdout is not None  # noqa: S101 - for the type checker
        url = f"http://127.0.0.1:{sink.stdout.readline().strip()}"
        for _ in range(rounds):
            for name in names:
                runs[name].append(_run(name, url, events))
            runs["touchline_outage"].append(_run("touchline_outage", url, events * OUTAGE_FACTOR))
    finally:
        sink.kill()
        sink.wait(10)
    figures = {
        name: {figure: round(median(run[figure] for run in found), 1) for figure in found[0]}
        for name, found in runs.items()
    }
    ours = figures["touchline_full"]
    ratios = {
        f"{name}_to_touchline_full_{figure}": round(figures[name][figure] / ours[figure], 1)
        for name in names
        if name in PEERS
        for figure in ("call_p50_us", "cpu_us_per_event")
    }
    notes = [f"{name} is not installed: run with --group peers" for name in missing]
    return Report("sdk", figures, ratios, notes)


def _run(name: str, url: str, events: int) -> Mapping[str, float]:
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.peers.trackers", name, url, folder, str(events)]
        done = subprocess.run(  # noqa: S603 - our own command line
            command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=True
        )
    found: Mapping[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found
