"""`growth`: what an event costs a worker as the store grows."""

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

from benchmarks.filling import fill, in_force
from benchmarks.report import Report
from benchmarks.running import until as wait_until
from benchmarks.traffic import Traffic, demo_traffic
from touchline.config.rule_packs import load_rules
from touchline.engine.worker import Worker
from touchline.log.contract import Batch
from touchline.log.sqlite import SqliteLog
from touchline.store import Store, open_store
from touchline.vocabulary.event import Event

EVENTS = 50_000_000
MEASURED = 100_000
STEPS = (0.02, 0.1, 0.4, 1.0)
"""Parts of the whole at which it is measured."""

SETTLE_SECONDS = 1_800
QUIET_SECONDS = 10
"""For so long nothing is merged where all is: one merge may be what the next begins with."""

TOGETHER = 100


def measure(events: int = EVENTS, measured: int = MEASURED, quiet: int = QUIET_SECONDS) -> Report:
    """Fill a store in steps, and at each let a new worker take in the same traffic of other customers."""
    traffic, rules = demo_traffic(measured), load_rules()
    now = traffic.end
    figures: dict[str, Any] = {"events": events, "measured": measured}
    costs: list[float] = []
    with TemporaryDirectory() as name, open_store(Path(name) / "store") as store:
        in_force(store, rules, now)
        filled = 0
        for number, step in enumerate(STEPS):
            until = int(events * step)
            fill(Path(name) / "store", filled, until - filled, now)
            filled = until
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
            figures[f"{until:,} events"] = {
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
        "processor time of the whole process, less what the engine takes to merge parts meanwhile, which is "
        "beside it: most of that is of what was filled in. So is the worker's own start",
    ]
    return Report("growth", figures, ratios, notes)


def _renamed(traffic: Traffic, number: int) -> list[list[bytes]]:
    """The same traffic of other customers, in portions."""
    encode = msgspec.json.Encoder().encode
    lines = [encode(_other(event, number)) for event in traffic.events]
    return [lines[start : start + TOGETHER] for start in range(0, len(lines), TOGETHER)]


def _other(event: Event, number: int) -> Event:
    named = tuple(one.replace(":", f":{number}-", 1) for one in event.identifiers)
    return replace(event, id=f"{number}-{event.id}", identifiers=named)


def _merging_seconds() -> float:
    """Processor time of the engine's threads that merge parts, so far."""
    taken = 0
    for stat in Path("/proc/self/task").glob("*/stat"):
        _, name, rest = re.split(r" \((.*)\) ", stat.read_text(), maxsplit=1)
        if name.startswith("MergeMutate"):
            taken += sum(int(one) for one in rest.split()[11:13])
    return taken / os.sysconf("SC_CLK_TCK")


def _settle(store: Store, seconds: int) -> None:
    """Wait until the engine has merged what was filled in, and merges nothing for so long."""
    merged = time.monotonic()

    def settled() -> bool:
        nonlocal merged
        if int(store.query("SELECT count() FROM system.merges").result_rows[0][0]):
            merged = time.monotonic()
        return time.monotonic() - merged > seconds

    wait_until(settled, SETTLE_SECONDS, every=0.2)


def _size(folder: Path) -> int:
    return sum(os.path.getsize(Path(where) / name) for where, _, names in os.walk(folder) for name in names)
