"""kill -9 between each two steps of an alert's way: none is lost, and the receiver knows of one incident."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from touchline.store import Store, open_store
from touchline.vocabulary.event import Event

T = 1_795_000_000_000
MINUTE = 60_000

LIFE = """
import os, signal, sys, threading
from pathlib import Path
from prometheus_client import CollectorRegistry
from touchline.config.alerts_files import load_alerts
from touchline.runtime.alerting.metrics import AlertMetrics
from touchline.runtime.alerting.loop import Alerting
from touchline.store import open_store

folder, now, doom = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
done = threading.Event()

class Doomed:
    \"\"\"A store whose process dies before or after a certain write.\"\"\"

    def __init__(self, store):
        self.reply, self._insert = store.reply, store.insert

    def insert(self, table, columns, token):
        step = table
        if table == "outbox":
            step = "expected" if columns["told"][0] == "nothing" else "sent"
        if doom == f"before {step}":
            os.kill(os.getpid(), signal.SIGKILL)
        self._insert(table, columns, token)
        if doom == f"after {step}":
            os.kill(os.getpid(), signal.SIGKILL)
        if step == "sent":
            done.set()

with open_store(folder / "store") as store:
    alerting = Alerting(
        Doomed(store), load_alerts(folder / "alerts.yaml"), url="http://127.0.0.1", known=lambda: now,
        metrics=AlertMetrics(CollectorRegistry()), clock=lambda: now / 1000,
    )
    alerting.evaluate(now)
    assert done.wait(30)
    alerting.stop(5)
print("lived")
"""


ACT = """
import os, signal, sys
from pathlib import Path
from touchline.cli.main import app
from touchline.store import Store

doom, insert = sys.argv[1], Store.insert

def doomed(self, table, columns, token):
    insert(self, table, columns, token)
    if doom == f"after {columns['act'][0]}":
        os.kill(os.getpid(), signal.SIGKILL)

Store.insert = doomed
app(sys.argv[2:], standalone_mode=False)
print("lived")
"""


def _process(script: str, *arguments: str) -> bool:
    """Whether a process of its own ended by itself, and was not killed."""
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.stdout.endswith("lived\n")


@pytest.fixture
def live(tmp_path: Path) -> Callable[[int, str], bool]:
    """Evaluates and notifies once in a process of its own; returns whether the process ended by itself."""

    def run(now: int, doom: str) -> bool:
        return _process(LIFE, str(tmp_path), str(now), doom)

    return run


@pytest.mark.slow
def test_an_alert_survives_a_kill_between_any_two_steps(
    tmp_path: Path,
    receiver: Any,
    live: Callable[[int, str], bool],
    fold: Callable[[Store, Sequence[Sequence[Event]], int], Iterator[None]],
    outage: list[Event],
) -> None:
    """Each process dies one step later; the receiver gets the beginning and the end of one incident."""
    (tmp_path / "alerts.yaml").write_text(
        "extends: default\ndisable: [orders_fail, friction_unusual, producer_silent, strike_outs]\n"
        f"channels: {{hook: {{kind: webhook, url: '{receiver.url}'}}}}\n"
    )
    with open_store(tmp_path / "store") as store:
        for _ in fold(store, [outage], T + 60 * MINUTE):
            pass
    firing, over = T + 4 * MINUTE, T + 30 * MINUTE
    for doom in ("after expected", "after alerts"):
        assert not live(firing, doom)
        assert receiver.got == []
    assert not live(firing, "before sent")
    assert not live(firing, "after sent")
    assert [body["status"] for body in receiver.bodies] == ["firing", "firing"]
    ack = ("alerts", "ack", "payment_outage", "--expect", "fix", "--by", "kim", "--data", str(tmp_path))
    written = []
    for doom in ("after acknowledge", "never"):
        assert _process(ACT, doom, *ack) == (doom == "never")
        with open_store(tmp_path / "store") as store:
            rows = store.query("SELECT act FROM current_alert_acts ORDER BY act").result_rows
            written.append([act for (act,) in rows])
    # The command repeated after the kill replaces what it wrote.
    assert written == [["acknowledge"], ["acknowledge", "acknowledge", "expect"]]
    assert not live(over, "after alerts")
    assert not live(over, "before sent")
    assert live(over, "never")
    payloads = receiver.bodies
    assert [body["status"] for body in payloads] == ["firing", "firing", "resolved", "resolved"]
    assert len({(body["fingerprint"], body["incident"]) for body in payloads}) == 1
    assert {body["customers"] for body in payloads} == {500}
    assert [body["acknowledged_by"] for body in payloads] == ["", "", "kim", "kim"]
    with open_store(tmp_path / "store") as store:
        rows = store.query("SELECT status, customers FROM current_alerts").result_rows
        assert rows == [["resolved", 500]]
