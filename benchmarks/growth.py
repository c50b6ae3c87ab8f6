"""`growth`: what an event costs as the store grows."""

import os
import re
import shutil
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from msgspec.structs import replace

from benchmarks.support.fill_store import fill, mark_folded
from benchmarks.support.processes import wait_for
from benchmarks.support.report import Report
from benchmarks.support.traffic import Traffic, demo_traffic
from touchline.config.rule_packs import load_rules
from touchline.engine.worker import Worker
from touchline.log.contract import Batch
from touchline.log.sqlite import SqliteLog
from touchline.store import Store, open_store
from touchline.vocabulary.event import Event

EVENTS = 50_000_000
MEASURED = 100_000
STEPS = (0.02, 0.1, 0.4, 1.0)
"""Shares of `events` at which the cost is measured."""

SETTLE_SECONDS = 1_800
QUIET_SECONDS = 10
"""Merging has ended once no merge has run for this long: one merge may start the next."""

BATCH = 100


def measure(events: int = EVENTS, measured: int = MEASURED, quiet: int = QUIET_SECONDS) -> Report:
    """Fill a store in steps; at each step a new worker processes the same traffic of new customers."""
    traffic, rules = demo_traffic(measured), load_rules()
    now = traffic.end
    figures: dict[str, Any] = {"events": events, "measured": measured}
    costs: list[float] = []
    with TemporaryDirectory() as name, open_store(Path(name) / "store") as store:
        mark_folded(store, rules, now)
        filled = 0
        for number, step in enumerate(STEPS):
            size = int(events * step)
            fill(Path(name) / "store", filled, size - filled, now)
            filled = size
            _settle(store, quiet)
            with closing(SqliteLog(Path(name) / f"log-{number}.sqlite")) as log:
                for lines in _renamed(traffic, number):
                    log.append(Batch(lines, [], traffic.events[-1].time))
                began, cpu = time.monotonic(), time.process_time()
                worker = Worker(log, store, rules)
                started, started_cpu = time.monotonic() - began, time.process_time() - cpu
                merging, wall, cpu = _merging_seconds(), time.monotonic(), time.process_time()
                while records := worker.read():
                    worker.flush(records)
                wall, cpu = time.monotonic() - wall, time.process_time() - cpu
                merging = _merging_seconds() - merging
            costs.append((cpu - merging) / measured * 1e6)
            figures[f"{size:,} events"] = {
                "cpu_us_per_event": round(costs[-1], 1),
                "merging_us_per_event": round(merging / measured * 1e6, 1),
                "wall_us_per_event": round(wall / measured * 1e6, 1),
                "worker_start_seconds": round(started, 2),
                "worker_start_cpu_seconds": round(started_cpu, 2),
                "store_mb": _size(Path(name) / "store") >> 20,
            }
        figures["disk_free_mb"] = shutil.disk_usage(name).free >> 20
    ratios = {"last/first": round(costs[-1] / costs[0], 2), "most/first": round(max(costs) / costs[0], 2)}
    notes = [
        "processor time of the whole process without the engine's merges, which mostly merge filled rows and "
        "are reported apart, as is the start of the worker",
    ]
    return Report("growth", figures, ratios, notes)


def _renamed(traffic: Traffic, number: int) -> list[list[bytes]]:
    """The same traffic with other ids and customers, in batches of lines."""
    encode = msgspec.json.Encoder().encode
    lines = [encode(_other(event, number)) for event in traffic.events]
    return [lines[start : start + BATCH] for start in range(0, len(lines), BATCH)]


def _other(event: Event, number: int) -> Event:
    identifiers = tuple(identifier.replace(":", f":{number}-", 1) for identifier in event.identifiers)
    return replace(event, id=f"{number}-{event.id}", identifiers=identifiers)


def _merging_seconds() -> float:
    """Processor time so far of the engine's threads that merge parts."""
    ticks = 0
    for stat in Path("/proc/self/task").glob("*/stat"):
        _, name, rest = re.split(r" \((.*)\) ", stat.read_text(), maxsplit=1)
        if name.startswith("MergeMutate"):
            ticks += sum(map(int, rest.split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _settle(store: Store, seconds: int) -> None:
    """Wait until the engine has run no merge for `seconds`."""
    merged = time.monotonic()

    def settled() -> bool:
        nonlocal merged
        if int(store.query("SELECT count() FROM system.merges").result_rows[0][0]):
            merged = time.monotonic()
        return time.monotonic() - merged > seconds

    wait_for(settled, SETTLE_SECONDS, every=0.2)


def _size(folder: Path) -> int:
    return sum(os.path.getsize(Path(where) / name) for where, _, names in os.walk(folder) for name in names)
