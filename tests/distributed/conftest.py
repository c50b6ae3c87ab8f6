"""The distributed runtime: processes of the `touchline` command, a real broker and one store."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest

from touchline.analysis.replay import replay
from touchline.collector.acceptance import accept_each
from touchline.friction import RuleSet
from touchline.log.contract import Batch
from touchline.log.kafka.brokers import Brokers
from touchline.log.kafka.log import KafkaLog
from touchline.log.kafka.records import Topics
from touchline.simulation import Retailer
from touchline.store import Store, connect_store
from touchline.store.address import Address
from touchline.vocabulary.event import Event

LONG_AGO = 1_780_000_000_000
"""The time (ms) of the last events: every deadline has passed, so results do not depend on the clock."""

DAY = 86_400_000

Rows = dict[str, list[list[Any]]]
LinesOf = Callable[..., list[bytes]]
Offline = Callable[[Sequence[bytes], RuleSet], Rows]
Tables = Callable[[Store], Rows]

SIGNALS = """
SELECT toString(customer), toString(id), rule, anchor, toUnixTimestamp64Milli(opened_at),
    toUnixTimestamp64Milli(resolved_at), evidence
FROM current_frictions ORDER BY toString(customer), toString(id)
"""
JOURNEYS = """
SELECT toString(customer), toString(id), first, toUnixTimestamp64Milli(start), toUnixTimestamp64Milli(last),
    events, path, strikes
FROM current_journeys ORDER BY toString(customer), toString(id)
"""
CUSTOMERS = """
SELECT id, toString(customer) FROM events INNER JOIN current_identities USING (entity) ORDER BY id
"""


def _lines_of(rate: float, days: int = 2) -> list[bytes]:
    """Events of the simulated retailer, accepted by the collector's own code."""
    touchpoints = Retailer(4, LONG_AGO, history=days * DAY, rate=rate).until(LONG_AGO)
    raws = [orjson.dumps(touchpoint.envelope()) for touchpoint in touchpoints]
    return list(accept_each(raws, received_at_ms=LONG_AGO, producer="shop").batch.touchpoints)


def _offline(lines: Sequence[bytes], rules: RuleSet) -> Rows:
    """The offline result of the same events, in the form of `_tables`."""
    events = [msgspec.json.decode(line, type=Event) for line in lines]
    result = replay(events, rules, int(time.time() * 1000))
    names = ("customer", "id", "rule", "anchor", "opened_at", "resolved_at", "evidence")
    parts = ("customer", "id", "first", "start", "last", "events", "path", "strikes")
    return {
        "signals": sorted([signal[name] for name in names] for signal in result["signals"]),
        "journeys": sorted([journey[name] for name in parts] for journey in result["journeys"]),
        "customers": sorted([event, customer] for event, customer in result["customers"].items()),
    }


def _tables(store: Store) -> Rows:
    """The rows of the views that panels read."""
    found = {"signals": SIGNALS, "journeys": JOURNEYS, "customers": CUSTOMERS}
    return {name: store.query(sql).result_rows for name, sql in found.items()}


class Deployment:
    """Processes of the command with their own topics and store."""

    def __init__(
        self, folder: Path, brokers: Brokers, topics: Topics, address: Address, settings: dict[str, str]
    ) -> None:
        self._folder = folder
        self.broker: Any = None
        self.store: Any = None
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.log = KafkaLog(brokers, topics)
        self.environment = {
            **os.environ,
            **settings,
            "TOUCHLINE_TOPIC_PREFIX": topics.prefix,
            "TOUCHLINE_STORE": str(address.url),
            "TOUCHLINE_STORE_USER": address.user,
            "TOUCHLINE_STORE_PASSWORD": address.password,
        }

    def start(self, name: str, *arguments: str) -> None:
        """Start `touchline` with these arguments; `name` identifies the process."""
        with (self._folder / f"{name}.output").open("ab") as output:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "touchline.cli", *arguments],
                cwd=self._folder,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def kill(self, name: str) -> None:
        """Kill a process (SIGKILL)."""
        process = self.processes.pop(name)
        process.kill()
        process.wait(30)

    def end(self, name: str) -> int:
        """Terminate a process (SIGTERM); return its exit code."""
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        return process.wait(60)

    def output(self, name: str) -> str:
        """The output of a process so far."""
        return (self._folder / f"{name}.output").read_text()

    def produce(self, lines: Sequence[bytes], batch: int = 100) -> None:
        """Write accepted events to Kafka as a collector does, in batches."""
        for start in range(0, len(lines), batch):
            self.log.append(Batch(list(lines[start : start + batch]), [], LONG_AGO))

    def close(self) -> None:
        """Kill the remaining processes."""
        for name in [*self.processes]:
            self.kill(name)
        self.log.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


@pytest.fixture
def free_port() -> int:
    """A port on which nothing listens."""
    return _free_port()


@pytest.fixture
def deployment(
    tmp_path: Path, kafka: Any, kafka_settings: Any, topics: Topics, serve_store: Any
) -> Iterator[Deployment]:
    """A running broker, which asks for a password, and a running store; tests start the rest."""
    # The same port at every start.
    store = serve_store("--port", str(_free_port()))
    brokers = kafka.by_password if kafka.secure else kafka.brokers
    deployment = Deployment(tmp_path, brokers, topics, store.address("writer"), kafka_settings(brokers))
    deployment.broker, deployment.store = kafka, store
    yield deployment
    deployment.close()


@pytest.fixture
def stored(deployment: Deployment) -> Iterator[Store]:
    """The deployment's store."""
    environment = deployment.environment
    address = Address(
        environment["TOUCHLINE_STORE"],
        environment["TOUCHLINE_STORE_USER"],
        environment["TOUCHLINE_STORE_PASSWORD"],
    )
    with connect_store(address) as store:
        yield store


@pytest.fixture
def lines_of() -> LinesOf:
    """Builds accepted events of the simulated retailer."""
    return _lines_of


@pytest.fixture
def offline() -> Offline:
    """Computes the offline result of accepted events."""
    return _offline


@pytest.fixture
def tables() -> Tables:
    """Reads a store's views."""
    return _tables
