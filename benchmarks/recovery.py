"""`recovery`: from the start of the process to the first processed event, with many customers stored."""

import time
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import orjson

from benchmarks.support.fill_store import OBLIGATION_EVERY, fill, mark_folded
from benchmarks.support.processes import Program, wait_for
from benchmarks.support.report import Report
from touchline.collector.acceptance import accept
from touchline.collector.dialects.dialect import Received
from touchline.config.rule_packs import load_rules
from touchline.log.sqlite import SqliteLog
from touchline.store import open_store

CUSTOMERS = 1_000_000
STARTS = 5


def measure(customers: int = CUSTOMERS, starts: int = STARTS) -> Report:
    """Fill a store, then start `touchline up` on it `starts` times, killing it each time."""
    with TemporaryDirectory() as directory:
        folder = Path(directory)
        data = folder / "data"
        with open_store(data / "store") as store:
            now = int(time.time() * 1000)
            fill(data / "store", 0, customers, now)
            mark_folded(store, load_rules(), now)
        full = [_start(folder, data, number) for number in range(starts)]
        empty = [_start(folder, folder / "empty", number) for number in range(starts)]
    figures = {
        "customers": customers,
        "with_an_obligation": -(-customers // OBLIGATION_EVERY),
        "starts": starts,
        **{
            name: {
                "seconds_median": round(median(seconds for seconds, _ in taken), 2),
                "seconds_most": round(max(seconds for seconds, _ in taken), 2),
                "cpu_seconds_median": round(median(cpu for _, cpu in taken), 2),
            }
            for name, taken in (("full", full), ("empty", empty))
        },
    }
    notes = [
        "from the start of the process to the commit of a record that waits in the log, including the start "
        "of Python and the import of packages; cpu is of all threads. Killed (SIGKILL) after each start",
    ]
    ratio = {"full/empty": round(median(cpu for _, cpu in full) / median(cpu for _, cpu in empty), 2)}
    return Report("recovery", figures, ratio, notes)


def _start(folder: Path, data: Path, number: int) -> tuple[float, float]:
    """Wall-clock and processor seconds from the start until a waiting event is processed."""
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
        log.append(accept(Received(orjson.dumps(event), now, "shop")).batch)
        end = log.end()
        began = time.monotonic()
        up = Program(["touchline.cli", "up", "--data", str(data), "--port", "0"], folder, f"up-{number}", {})
        try:
            wait_for(lambda: log.committed() >= end or None, every=0.01)
            return time.monotonic() - began, up.cpu_seconds()
        finally:
            up.kill()
