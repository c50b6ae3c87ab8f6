"""Processes, broker and store are killed at random while events arrive; no event is lost or stored twice.

This is a short run. A long run, which prints figures, takes half an hour on two cores:

    TOUCHLINE_FAULT_EVENTS=1000000 TOUCHLINE_FAULT_KILLS=100 TOUCHLINE_FAULT_SECONDS=120 \
        uv run pytest tests/distributed/test_faults.py -s

Besides the kills, processes are paused until others have taken over, workers are added and removed, the
broker is stopped for `TOUCHLINE_FAULT_SECONDS` and the store for half as long.
"""

import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
import urllib3

from touchline.collector.acceptance import accept_each
from touchline.config.rule_packs import load_rules
from touchline.store import Store, StoreError

EVENTS = int(os.environ.get("TOUCHLINE_FAULT_EVENTS", "6000"))
KILLS = int(os.environ.get("TOUCHLINE_FAULT_KILLS", "6"))
SECONDS = float(os.environ.get("TOUCHLINE_FAULT_SECONDS", "6"))
SETTLE_SECONDS = 1_200
SESSION_SECONDS = 10.0

REQUEST_EVENTS = 500
BEGIN = 1_780_000_000.0
SPAN = 30 * 86_400.0

KINDS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("page.viewed", "web", {"page": "/a"}),
    ("cart.updated", "web", {"cart_id": "c", "value": 10.0, "currency": "EUR"}),
    ("checkout.started", "web", {"cart_id": "c", "value": 10.0, "currency": "EUR"}),
    ("help.searched", "web", {"query": "return"}),
    ("help.failed", "web", {"query": "return"}),
    ("contact.started", "phone", {"contact_id": "k", "reason": "billing"}),
    ("contact.ended", "phone", {"contact_id": "k", "resolved": False}),
)


def _events(count: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    """Events of customers that are anonymous at first; some are late, and one device in twenty is shared."""
    customers = max(10, count // 40)
    for number in range(count):
        who = chance.randrange(customers)
        device = f"shared-{who % 100 // 20}" if who % 20 == 0 else f"own-{who}"
        named = chance.choice([{}, {}, {"account": f"a-{who}"}])
        kind, channel, data = chance.choice(KINDS)
        late = chance.random() * SPAN / 4 if chance.random() < 0.05 else 0
        at = max(BEGIN - SPAN, BEGIN - SPAN + number * SPAN / count - late)
        yield {
            "id": f"f-{number}",
            "type": kind,
            "time": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds"),
            "channel": channel,
            "source": "shop",
            "identifiers": chance.choice([named or {"device": device}, {**named, "device": device}]),
            "data": data,
        }


class Producer(threading.Thread):
    """Sends every event to the collector until it is accepted, up to an allowed share of all events."""

    def __init__(self, url: str, raws: list[bytes]) -> None:
        super().__init__(daemon=True)
        self._url, self._raws = f"{url}/v1/events", raws
        self._pause = threading.Event()
        self._share = 0.0
        self.acked = 0
        self.repeats = 0

    def allow(self, share: float) -> None:
        """Allow this share of the events to be sent, so that events arrive between all kills."""
        self._share = share

    def run(self) -> None:
        with urllib3.PoolManager(retries=False, timeout=30) as http:
            for start in range(0, len(self._raws), REQUEST_EVENTS):
                while start > self._share * len(self._raws):
                    self._pause.wait(0.05)
                body = b"\n".join(self._raws[start : start + REQUEST_EVENTS])
                while not self._sent(http, body):
                    self.repeats += 1
                    self._pause.wait(0.2)
                self.acked += body.count(b"\n") + 1

    def _sent(self, http: urllib3.PoolManager, body: bytes) -> bool:
        try:
            answer = http.request(
                "POST", self._url, body=body, headers={"Content-Type": "application/x-ndjson"}
            )
        except urllib3.exceptions.HTTPError:
            return False
        if answer.status != 200:
            return False
        statuses = {result["status"] for result in answer.json()["results"]}
        assert statuses <= {"stored", "duplicate"}, answer.data[:500]
        return True


class Keeper:
    """Restarts processes that ended, as an orchestrator does."""

    def __init__(self, deployment: Any, commands: dict[str, list[str]]) -> None:
        self._deployment, self.commands = deployment, commands
        self.ended: Counter[str] = Counter()

    def restart_ended(self) -> None:
        """Start every process that should run and does not."""
        for name, process in [*self._deployment.processes.items()]:
            if process.poll() is not None:
                self.ended[name.partition("-")[0]] += 1
                del self._deployment.processes[name]
        for name in self.commands.keys() - self._deployment.processes.keys():
            self._deployment.start(name, *self.commands[name])


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_whatever_dies(
    deployment: Any, stored: Store, offline: Any, tables: Any, free_port: int
) -> None:
    """After kills and outages, accepted events are stored once, and the tables equal the offline result."""
    chance = random.Random(EVENTS)
    raws = [orjson.dumps(event) for event in _events(EVENTS, chance)]
    accepted = accept_each(raws, received_at_ms=int(BEGIN * 1000), producer="shop").batch
    assert len(accepted.touchpoints) == EVENTS
    expected = offline(accepted.touchpoints, load_rules())
    keeper = Keeper(
        deployment,
        {
            "collector": ["collector", "--port", str(free_port), "--data", "ingress"],
            "identity": ["identity"],
            "worker-0": ["worker"],
        },
    )
    producer = Producer(f"http://127.0.0.1:{free_port}", raws)
    pause = threading.Event()
    kills: Counter[str] = Counter()
    began = time.monotonic()

    def wait(seconds: float) -> None:
        give_up_at = time.monotonic() + seconds
        while time.monotonic() < give_up_at:
            keeper.restart_ended()
            pause.wait(0.2)

    wait(5)
    producer.start()
    while kills.total() < KILLS:
        number = kills.total()
        producer.allow((number + 1) / KILLS)
        if number == KILLS // 4:
            keeper.commands |= {"worker-1": ["worker"], "worker-2": ["worker"]}
        if number == KILLS // 2:
            deployment.broker.stop()
            wait(SECONDS)
            deployment.broker.start()
        if number == KILLS * 3 // 5:
            deployment.store.kill()
            wait(SECONDS / 2)
            deployment.store.start()
        if number == KILLS * 3 // 4:
            del keeper.commands["worker-2"]
            if "worker-2" in deployment.processes:
                deployment.end("worker-2")
        wait(chance.uniform(1, 12))
        victim = chance.choice([*deployment.processes, *deployment.processes, "broker"])
        if victim == "broker":
            deployment.broker.kill()
            wait(chance.uniform(0, 5))
            deployment.broker.start()
        elif not victim.startswith("collector") and chance.random() < 0.25:
            # Longer than its Kafka session: other workers have its partitions when it resumes.
            process = deployment.processes[victim]
            process.send_signal(signal.SIGSTOP)
            wait(SESSION_SECONDS * 1.5)
            process.send_signal(signal.SIGCONT)
            victim = f"{victim.partition('-')[0]} paused"
        else:
            deployment.kill(victim)
        kills[victim.partition("-")[0]] += 1
    give_up_at = time.monotonic() + SETTLE_SECONDS
    differing: list[str] = ["all"]
    while differing and time.monotonic() < give_up_at:
        wait(2)
        if producer.is_alive():
            continue
        try:
            if _count(stored, "count()") < EVENTS:
                continue
            found = tables(stored)
        except StoreError:
            continue
        differing = [name for name in expected if found[name] != expected[name]]
    seconds = time.monotonic() - began
    assert differing == []
    assert _count(stored, "count()") == _count(stored, "uniqExact(id)") == producer.acked == EVENTS
    figures = {
        "events": EVENTS,
        "kills": dict(kills),
        "ended by themselves": dict(keeper.ended),
        "requests repeated": producer.repeats,
        "seconds": round(seconds),
        "signals": len(expected["signals"]),
    }
    print(json.dumps(figures))  # noqa: T201 - what this run is for


def _count(store: Store, what: str) -> int:
    return int(store.query(f"SELECT toUInt32({what}) FROM events").result_rows[0][0])
