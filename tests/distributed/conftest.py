"""The distributed runtime as it runs: processes of the `touchline` command, a real broker, one store."""

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
"""When the events end: every deadline of theirs is over, so that the clock decides nothing."""

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
    """Events of the simulated retailer, as the collector accepts them."""
    touchpoints = Retailer(4, LONG_AGO, history=days * DAY, history_rate=rate).until(LONG_AGO)
    raws = [orjson.dumps(touchpoint.envelope()) for touchpoint in touchpoints]
    return list(accept_each(raws, received_at_ms=LONG_AGO, producer="shop").batch.touchpoints)


def _offline(lines: Sequence[bytes], rules: RuleSet) -> Rows:
    """What the tables must say."""
    events = [msgspec.json.decode(line, type=Event) for line in lines]
    result = replay(events, rules, int(time.time() * 1000))
    names = ("customer", "id", "rule", "anchor", "opened_at", "resolved_at", "evidence")
    parts = ("customer", "id", "first", "start", "last", "events", "path", "strikes")
    return {
        "signals": sorted([one[name] for name in names] for one in result["signals"]),
        "journeys": sorted([one[name] for name in parts] for one in result["journeys"]),
        "customers": sorted([event, customer] for event, customer in result["customers"].items()),
    }


def _tables(store: Store) -> Rows:
    """What the tables say, as the panels read them."""
    found = {"signals": SIGNALS, "journeys": JOURNEYS, "customers": CUSTOMERS}
    return {name: store.query(sql).result_rows for name, sql in found.items()}


class Deployment:
    """Some processes of the command, between topics and a store of their own."""

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
        """Start `touchline` with these arguments, under a name."""
        with (self._folder / f"{name}.said").open("ab") as said:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "touchline.cli", *arguments],
                cwd=self._folder,
                env=self.environment,
                stdout=said,
                stderr=subprocess.STDOUT,
            )

    def kill(self, name: str) -> None:
        """End a process as a machine does that stops."""
        process = self.processes.pop(name)
        process.kill()
        process.wait(30)

    def end(self, name: str) -> int:
        """Ask a process to end; its exit code."""
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        return process.wait(60)

    def said(self, name: str) -> str:
        """What a process wrote."""
        return (self._folder / f"{name}.said").read_text()

    def produce(self, lines: Sequence[bytes], together: int = 100) -> None:
        """Put accepted events into Kafka as a collector does, so many a request."""
        for start in range(0, len(lines), together):
            self.log.append(Batch(list(lines[start : start + together]), [], LONG_AGO))

    def close(self) -> None:
        """Kill what still runs."""
        for name in [*self.processes]:
            self.kill(name)
        self.log.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


@pytest.fixture
def free_port() -> int:
    """A port that nothing listens on."""
    return _free_port()


@pytest.fixture
def deployment(
    tmp_path: Path, kafka: Any, kafka_settings: Any, topics: Topics, serve_store: Any
) -> Iterator[Deployment]:
    """Nothing runs of it yet but the broker, which asks for a password, and the store."""
    # On one port, however often it is started.
    store = serve_store("--port", str(_free_port()))
    brokers = kafka.by_password if kafka.secure else kafka.brokers
    deployment = Deployment(tmp_path, brokers, topics, store.address("writer"), kafka_settings(brokers))
    deployment.broker, deployment.store = kafka, store
    yield deployment
    deployment.close()
    # Whoever killed it starts it again: others use it as well.
    kafka.start()


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
    """Accepted events of a simulated retailer."""
    return _lines_of


@pytest.fixture
def offline() -> Offline:
    """The offline result of accepted events."""
    return _offline


@pytest.fixture
def tables() -> Tables:
    """What a store's tables say."""
    return _tables
