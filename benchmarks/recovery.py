"""`recovery`: from the start of the process to the first event worked off, with so many customers stored."""

import time
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import orjson

from benchmarks.filling import OBLIGED, fill, in_force
from benchmarks.report import Report
from benchmarks.running import Running, until
from touchline.collector.acceptance import accept
from touchline.config.rule_packs import load_rules
from touchline.log.sqlite import SqliteLog
from touchline.store import open_store

CUSTOMERS = 1_000_000
STARTS = 5


def measure(customers: int = CUSTOMERS, starts: int = STARTS) -> Report:
    """Fill a store, and start `touchline up` on it again and again, killed each time."""
    with TemporaryDirectory() as name:
        data = Path(name) / "data"
        with open_store(data / "store") as store:
            now = int(time.time() * 1000)
            fill(data / "store", 0, customers, now)
            in_force(store, load_rules(), now)
        full = [_start(Path(name), data, number) for number in range(starts)]
        none = [_start(Path(name), Path(name) / "empty", number) for number in range(starts)]
    figures = {
        "customers": customers,
        "with_an_obligation": -(-customers // OBLIGED),
        "starts": starts,
        **{
            what: {
                "seconds_median": round(median(seconds for seconds, _ in taken), 2),
                "seconds_most": round(max(seconds for seconds, _ in taken), 2),
                "cpu_seconds_median": round(median(cpu for _, cpu in taken), 2),
            }
            for what, taken in (("full", full), ("empty", none))
        },
    }
    notes = [
        "from the process's start to the commit of a record that waits in the log, the start of Python and "
        "its packages included; cpu is of all its threads in that time. Killed (SIGKILL) before each start",
    ]
    ratio = {"full/empty": round(median(cpu for _, cpu in full) / median(cpu for _, cpu in none), 2)}
    return Report("recovery", figures, ratio, notes)


def _start(folder: Path, data: Path, number: int) -> tuple[float, float]:
    """Seconds, and processor time, until an event that was there before is worked off."""
    with closing(SqliteLog(data / "log.sqlite")) as log:
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        event = {
            "id": f"waiting-{number}",
            "type": "identity.linked",
            "time": at,
            "channel": "web",
            "source": "shop",
            "identifiers": {"account": "past-7"},
        }
        now = int(time.time() * 1000)
        log.append(accept(orjson.dumps(event), received_at_ms=now, producer="shop").batch)
        end = log.end()
        began = time.monotonic()
        up = Running(["touchline.cli", "up", "--data", str(data), "--port", "0"], folder, f"up-{number}", {})
        try:
            until(lambda: log.committed() >= end or None, every=0.01)
            return time.monotonic() - began, up.cpu_seconds()
        finally:
            up.process.kill()
            up.process.wait(30)
