"""Fixtures that several folders of tests share, which tests run, and how many cases each law tries.

`HYPOTHESIS_PROFILE` sets the number of cases: `dev` (100, the default), `ci` (500, the default where `CI`
is set) or `long` (50,000). Tests marked `slow` run where `CI` is set, with `--slow`, and where a path, `-m`
or `-k` selects tests. Tests marked `long` run with `--long` alone.
"""

import logging
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree, which
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import structlog
from hypothesis import settings

from tests import waiting
from tests.store_process import StoreProcess

settings.register_profile("dev", max_examples=100, deadline=None)
settings.register_profile("ci", max_examples=500, deadline=None)
settings.register_profile("long", max_examples=50_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))

if TYPE_CHECKING:
    from typer.testing import Result

    from touchline.devbroker.broker import Broker
    from touchline.log.kafka.brokers import Brokers
    from touchline.log.kafka.records import About, Topics
    from touchline.store import Store

LEFT_OUT = pytest.StashKey[int]()
"""How many slow and long tests this run leaves out."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--slow` and `--long`."""
    parser.addoption("--slow", action="store_true", help="run the tests marked slow, too")
    parser.addoption("--long", action="store_true", help="run the tests marked long, too")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Run the whole suite in one process more than there are cores, at most four; selected tests in one.

    Tests that share one given store run in one process, since they empty it.
    """
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    shared = "TOUCHLINE_TEST_STORE" in os.environ
    return min(4, 1 + (os.cpu_count() or 1)) if whole and not shared else 0


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Run each file in one process, and all tests of Kafka in two, since each process has its own broker."""
    from xdist.scheduler import LoadFileScheduling

    scheduling = LoadFileScheduling(config, log)
    of_file = scheduling._split_scope
    scheduling._split_scope = lambda nodeid: _kafka_group(of_file(nodeid)) or of_file(nodeid)
    return scheduling


def _kafka_group(file: str) -> str | None:
    """The group of a file whose tests need a broker."""
    if file.startswith("tests/distributed/"):
        return "distributed"
    return "kafka" if "kafka" in file or file.startswith("tests/ingest/") else None


def _kinds_left_out(config: pytest.Config) -> list[str]:
    """The markers of tests to leave out: slow ones only where nothing selects or asks for tests."""
    option = config.option
    selected = (
        config.args_source is not pytest.Config.ArgsSource.TESTPATHS or option.markexpr or option.keyword
    )
    quick = not (selected or option.slow or os.environ.get("CI"))
    return [kind for kind, left_out in (("slow", quick), ("long", not option.long)) if left_out]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Pass the choice on to a worker of pytest-xdist, which gets all tests as paths."""
    node.workerinput["kinds_left_out"] = _kinds_left_out(node.config)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out slow tests of a quick run, and long ones. Begin with slow files, end with those of Kafka.

    So no core idles at the end. A broker and the processes around it need a machine that is not full.
    """
    workerinput = getattr(config, "workerinput", None)
    kinds = _kinds_left_out(config) if workerinput is None else workerinput["kinds_left_out"]
    left_out = [item for item in items if any(item.get_closest_marker(kind) for kind in kinds)]
    config.hook.pytest_deselected(items=left_out)
    config.stash[LEFT_OUT] = len(left_out)
    kept = set(items).difference(left_out)
    slow_files = {item.path for item in kept if item.get_closest_marker("slow")}

    def place(item: pytest.Item) -> tuple[str, bool]:
        return _kafka_group(item.nodeid.partition("::")[0]) or "", item.path not in slow_files

    items[:] = sorted((item for item in items if item in kept), key=place)


def pytest_collection_finish() -> None:
    """Leave what exists now out of the search for garbage, which takes a fifth of a whole run.

    All modules and all tests are in memory to the end.
    """
    from touchline.runtime.garbage import search_only_new

    search_only_new()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Report the number of tests left out to the process that prints the summary."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = session.config.stash.get(LEFT_OUT, 0)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over that number from a worker: each of them has collected every test."""
    node.config.stash[LEFT_OUT] = getattr(node, "workeroutput", {}).get("left_out", 0)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how many tests were left out, and how to run them."""
    if number := config.stash.get(LEFT_OUT, 0):
        terminalreporter.write_line(f"{number} tests left out; run all: uv run pytest --slow --long")


@pytest.fixture(autouse=True)
def _restored_logs() -> Iterator[None]:
    """Undoes what a test's commands set up for logging."""
    handlers = logging.root.handlers[:]
    yield
    logging.root.handlers[:] = handlers
    structlog.reset_defaults()


@pytest.fixture
def touchline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> "Callable[..., Result]":
    """Runs a `touchline` command in this process, in an empty folder and without settings."""
    from typer.testing import CliRunner

    from touchline.cli.main import app

    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("TOUCHLINE_")]:
        monkeypatch.delenv(name)
    # Wide enough to keep each message on one line.
    monkeypatch.setenv("COLUMNS", "300")

    def run(*arguments: object, stdin: bytes | None = None) -> "Result":
        return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)

    return run


@pytest.fixture(scope="session")
def new_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an empty store, to be copied: to create the tables takes three times as long."""
    from touchline.store import open_store

    folder = tmp_path_factory.mktemp("new") / "store"
    with open_store(folder):
        return folder


@pytest.fixture(scope="session")
def with_store(new_store: Path) -> Callable[[Path], Path]:
    """Puts an empty store into a data folder, which it creates, and returns the folder."""

    def put(folder: Path) -> Path:
        folder.mkdir(mode=0o700, exist_ok=True)
        copytree(new_store, folder / "store", symlinks=True)
        return folder

    return put


@pytest.fixture
def store(new_store: Path, tmp_path: Path) -> Iterator["Store"]:
    """An empty store, opened in this process. A process can open only one store at a time."""
    from touchline.store import open_store

    copytree(new_store, tmp_path / "store", symlinks=True)
    with open_store(tmp_path / "store") as opened:
        yield opened


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Broker"]:
    """A real broker that all tests share: each uses its own topics and restarts the broker if it kills it."""
    from touchline.devbroker.broker import Broker, ToolMissing

    broker = Broker(tmp_path_factory.mktemp("kafka"), secure=which("openssl") is not None)
    try:
        broker.start()
    except ToolMissing as missing:
        pytest.skip(str(missing))
    yield broker
    broker.stop()


@pytest.fixture(scope="session")
def kafka_settings() -> Callable[["Brokers"], dict[str, str]]:
    """Builds the environment variables that connect a process to Kafka."""

    def environment(brokers: "Brokers") -> dict[str, str]:
        values = {
            "kafka": brokers.bootstrap,
            "kafka_security": brokers.security,
            "kafka_mechanism": brokers.mechanism,
            "kafka_user": brokers.user,
            "kafka_password": brokers.password,
            "kafka_ca": brokers.ca,
            "kafka_certificate": brokers.certificate,
            "kafka_certificate_key": brokers.certificate_key,
        }
        return {f"TOUCHLINE_{name.upper()}": str(value) for name, value in values.items() if value}

    return environment


@pytest.fixture(scope="session")
def store_process(
    tmp_path_factory: pytest.TempPathFactory, with_store: Callable[[Path], Path]
) -> Iterator[StoreProcess]:
    """A `touchline store` that all tests share."""
    folder = tmp_path_factory.mktemp("served")
    with_store(folder / "data")
    served = StoreProcess(folder)
    yield served
    served.kill()


@pytest.fixture
def serve_store(tmp_path: Path, with_store: Callable[[Path], Path]) -> Iterator[Callable[..., StoreProcess]]:
    """Starts a `touchline store` for this test alone, with options; killed when the test ends.

    It finds an empty store, unless `new` says that it creates the folder.
    """
    started: list[StoreProcess] = []

    def start(*options: str, new: bool = False) -> StoreProcess:
        folder = tmp_path / f"served-{len(started)}"
        folder.mkdir()
        if not new:
            with_store(folder / "data")
        started.append(StoreProcess(folder, *options))
        return started[-1]

    yield start
    for process in started:
        process.kill()


@pytest.fixture
def topics(kafka: "Broker") -> Iterator["Topics"]:
    """New topics: those that workers share have four partitions. Deleted when the test ends."""
    from kafka import KafkaAdminClient

    from touchline.log.kafka.records import Topics
    from touchline.log.kafka.topics import ensure_topics, required_topics

    made = Topics(f"test-{uuid4().hex[:8]}.")
    # Kafka deletes what is older, and events of tests are of any time.
    required = required_topics(made, partitions=4, replication=1, retention_ms=100 * 365 * 86_400_000)
    ensure_topics(kafka.brokers, required)
    yield made
    # All tests share the broker: restart it if the test has stopped it. With the topics of all tests, that
    # would take a minute.
    kafka.start()
    with KafkaAdminClient(bootstrap_servers=kafka.bootstrap) as admin:
        admin.delete_topics([topic.name for topic in required])


@dataclass(frozen=True)
class TopicRecord:
    """A record of a topic, with its body decoded line by line."""

    partition: int
    about: "About"
    body: bytes
    lines: list[dict[str, Any]]


@pytest.fixture
def read_topic(kafka: "Broker") -> Callable[[str], list[TopicRecord]]:
    """Reads every record of a topic, in order within each partition."""
    import orjson
    from kafka import KafkaConsumer, TopicPartition

    from touchline.log.kafka.records import About

    def read_all(topic: str) -> list[TopicRecord]:
        with KafkaConsumer(bootstrap_servers=kafka.bootstrap, group_id=None) as consumer:
            partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
            consumer.assign(partitions)
            consumer.seek_to_beginning(*partitions)
            ends = consumer.end_offsets(partitions)
            found = []
            give_up_at = time.monotonic() + 30
            while any(consumer.position(partition) < ends[partition] for partition in partitions):
                assert time.monotonic() < give_up_at
                for records in consumer.poll(timeout_ms=200).values():
                    for record in records:
                        lines = [orjson.loads(line) for line in record.value.splitlines()]
                        about = About.read(record.headers)
                        found.append(TopicRecord(record.partition, about, record.value, lines))
        return found

    return read_all


@pytest.fixture
def wait_for() -> Callable[..., Any]:
    """Waits until a condition returns something true, and returns that; fails after `seconds`."""
    return waiting.wait_for
