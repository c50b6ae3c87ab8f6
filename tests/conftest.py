"""Fixtures that several folders of tests use, and how many cases a law is tried on.

`HYPOTHESIS_PROFILE` chooses: `dev` (the default: quick), `ci` (the default where CI is set: at least 2,000
cases a law) or `long` (on demand).
"""

import logging
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import structlog
from hypothesis import settings

settings.register_profile("dev", max_examples=100, deadline=None)
settings.register_profile("ci", max_examples=2_000, deadline=None)
settings.register_profile("long", max_examples=50_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))

if TYPE_CHECKING:
    from typer.testing import Result

    from touchline.cli.broker import Broker
    from touchline.log.kafka.brokers import Brokers
    from touchline.log.kafka.records import About, Topics
    from touchline.store import Store
    from touchline.store.address import Address


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """All tests run in a process a core, four at most.

    In pytest's own run a few that were asked for, and what empties a store that was given.
    """
    everything = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    shared = "TOUCHLINE_TEST_STORE" in os.environ
    return min(4, os.cpu_count() or 1) if everything and not shared else 0


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """A command that sends the logs to its own standard error does so for its own test alone."""
    handlers = logging.root.handlers[:]
    yield
    logging.root.handlers[:] = handlers
    structlog.reset_defaults()


class StoreProcess:
    """A `touchline store` on a data folder of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder, self._options = folder, options
        self.start()

    def start(self, port: int = 0) -> None:
        """Begin, on any free port if none is named; returns when it answers."""
        said = self._folder / "said"
        command = [sys.executable, "-m", "touchline.cli", "store", "--data", str(self._folder / "data")]
        with said.open("wb") as output:
            self.process = subprocess.Popen(
                [*command, "--port", str(port), *self._options],
                cwd=self._folder,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        give_up_at = time.monotonic() + 60
        while (found := re.search(r"is up: (\S+)", said.read_text())) is None:
            assert self.process.poll() is None, said.read_text()
            assert time.monotonic() < give_up_at, said.read_text()
            time.sleep(0.05)
        self.url = found[1]

    def password(self, role: str) -> str:
        """The password of a role."""
        return (self._folder / "data" / "secrets" / role).read_text()

    def address(self, role: str) -> "Address":
        """Where it is, for a role."""
        from touchline.store.address import Address

        return Address(self.url, role, self.password(role))

    def kill(self) -> None:
        """End it at once, as a machine does that stops."""
        self.process.kill()
        self.process.wait(30)


@pytest.fixture
def touchline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> "Callable[..., Result]":
    """Runs a command in this process, in a folder without settings."""
    from typer.testing import CliRunner

    from touchline.cli.main import app

    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("TOUCHLINE_")]:
        monkeypatch.delenv(name)
    # Wide enough that no message is broken into lines.
    monkeypatch.setenv("COLUMNS", "300")

    def run(*arguments: object, stdin: bytes | None = None) -> "Result":
        return CliRunner().invoke(app, [str(one) for one in arguments], input=stdin)

    return run


@pytest.fixture
def store(tmp_path: Path) -> Iterator["Store"]:
    """A fresh, empty store. A process has one store open at a time."""
    from touchline.store import open_store

    with open_store(tmp_path / "store") as opened:
        yield opened


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Broker"]:
    """A real broker, the same for all tests: each uses topics of its own, and starts again what it kills."""
    from touchline.cli.broker import Broker, ToolMissing

    broker = Broker(tmp_path_factory.mktemp("kafka"), secure=which("openssl") is not None)
    try:
        broker.start()
    except ToolMissing as missing:
        pytest.skip(str(missing))
    yield broker
    broker.stop()


@pytest.fixture(scope="session")
def kafka_settings() -> Callable[["Brokers"], dict[str, str]]:
    """The environment in which a process is told of Kafka's servers."""

    def told(brokers: "Brokers") -> dict[str, str]:
        settings = {
            "kafka": brokers.bootstrap,
            "kafka_security": brokers.security,
            "kafka_mechanism": brokers.mechanism,
            "kafka_user": brokers.user,
            "kafka_password": brokers.password,
            "kafka_ca": brokers.ca,
            "kafka_certificate": brokers.certificate,
            "kafka_certificate_key": brokers.certificate_key,
        }
        return {f"TOUCHLINE_{name.upper()}": str(value) for name, value in settings.items() if value}

    return told


@pytest.fixture(scope="session")
def store_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    """A `touchline store`, the same for all tests."""
    served = StoreProcess(tmp_path_factory.mktemp("served"))
    yield served
    served.kill()


@pytest.fixture
def serve_store(tmp_path: Path) -> Iterator[Callable[..., StoreProcess]]:
    """Starts a `touchline store` of the test's own, with options; ended with the test."""
    started: list[StoreProcess] = []

    def begin(*options: str) -> StoreProcess:
        folder = tmp_path / f"served-{len(started)}"
        folder.mkdir()
        started.append(StoreProcess(folder, *options))
        return started[-1]

    yield begin
    for one in started:
        one.kill()


@pytest.fixture
def topics(kafka: "Broker") -> "Topics":
    """New topics, of four partitions where the load is shared."""
    from touchline.log.kafka.records import Topics
    from touchline.log.kafka.topics import bring_about, wanted

    made = Topics(f"test-{uuid4().hex[:8]}.")
    bring_about(kafka.brokers, wanted(made, partitions=4, replication=1, retention_ms=86_400_000))
    return made


@dataclass(frozen=True)
class Read:
    """A record of a topic, and its lines."""

    partition: int
    about: "About"
    body: bytes
    lines: list[dict[str, Any]]


@pytest.fixture
def read(kafka: "Broker") -> Callable[[str], list[Read]]:
    """Reads every record of a topic, in the order of each partition."""
    import orjson
    from kafka import KafkaConsumer, TopicPartition

    from touchline.log.kafka.records import About

    def read_all(topic: str) -> list[Read]:
        with KafkaConsumer(bootstrap_servers=kafka.bootstrap, group_id=None) as consumer:
            partitions = [TopicPartition(topic, one) for one in consumer.partitions_for_topic(topic)]
            consumer.assign(partitions)
            consumer.seek_to_beginning(*partitions)
            ends = consumer.end_offsets(partitions)
            found = []
            give_up_at = time.monotonic() + 30
            while any(consumer.position(one) < ends[one] for one in partitions):
                assert time.monotonic() < give_up_at
                for records in consumer.poll(timeout_ms=200).values():
                    for one in records:
                        lines = [orjson.loads(line) for line in one.value.splitlines()]
                        found.append(Read(one.partition, About.read(one.headers), one.value, lines))
        return found

    return read_all


@pytest.fixture
def soon() -> Callable[..., Any]:
    """Waits, within a limit, until what is asked gives something; returns that."""

    def wait(asked: Callable[[], object], seconds: float = 90) -> object:
        give_up_at = time.monotonic() + seconds
        while not (found := asked()):
            assert time.monotonic() < give_up_at, f"not within {seconds:.0f} s"
            time.sleep(0.01)
        return found

    return wait
