"""`identity`: start, memory and cost per new link of the identity stage, with many customers stored."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from benchmarks.support.fill_store import fill
from benchmarks.support.processes import Program
from benchmarks.support.report import Report
from touchline.store import open_store

CUSTOMERS = 1_000_000
LINKS = 10_000

TARGET_START_SECONDS = 2.0
TARGET_MB = 500


def measure(customers: int = CUSTOMERS, links: int = LINKS) -> Report:
    """Fill a store, serve it by `touchline store`, and start an identity stage on it in another process."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        began = time.monotonic()
        with open_store(folder / "data" / "store"):
            fill(folder / "data" / "store", 0, customers, int(time.time() * 1000))
        fill_seconds = time.monotonic() - began
        arguments = ["touchline.cli", "store", "--data", str(folder / "data"), "--port", "0"]
        store = Program(arguments, folder, "store", {})
        try:
            url = store.wait_for_output(r"is up: (\S+)")
            password = (folder / "data" / "secrets" / "writer").read_text()
            before = store.cpu_seconds()
            module = "benchmarks.support.stage_program"
            stage = Program([module, url, password, str(customers), str(links)], folder, "stage", {})
            result = orjson.loads(stage.wait_for_output(r"done (\{.*\})"))
            store_cpu = store.cpu_seconds() - before
        finally:
            store.stop()
    peak = result["peak_bytes"] / 1e6
    figures = {
        "customers": customers,
        "links": result["links"],
        "moves": result["moves"],
        "fill_seconds": round(fill_seconds, 1),
        "start_seconds": round(result["start_seconds"], 3),
        "start_mb": round(result["start_bytes"] / 1e6, 1),
        "peak_mb": round(peak, 1),
        "wall_us_per_link": round(result["wall"] / links * 1e6, 1),
        "cpu_us_per_link": round(result["cpu"] / links * 1e6, 1),
        "store_cpu_us_per_link": round(store_cpu / links * 1e6, 1),
    }
    ratios = {
        "target/start_seconds": round(TARGET_START_SECONDS / max(result["start_seconds"], 0.001), 1),
        "target/peak_mb": round(TARGET_MB / peak, 2),
    }
    notes = [
        "start_seconds: from the connection to the store until the stage can read links. peak_mb: resident "
        "memory of the stage's process; the store is another process, and nothing is sent to Kafka",
        "each link names the account of a stored customer, chosen at random, and a new device, so its "
        "neighbourhood is loaded from the store",
    ]
    failed = [] if result["links"] == links else [f"{result['links']} of {links} links were decided"]
    return Report("identity", figures, ratios, notes, failed)
