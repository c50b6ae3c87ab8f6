"""Touchline's processes as a benchmark starts them: ready when they say so, and what they took."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

import urllib3

from touchline.devbroker.broker import Broker
from touchline.log.kafka.records import Topics
from touchline.log.kafka.topics import bring_about, wanted
from touchline.services.logs import configure_logs
from touchline.store import Store, connect_store
from touchline.store.address import Address

LIMIT_SECONDS: Final = 180.0
_TICKS: Final = os.sysconf("SC_CLK_TCK")

_PYTHON: Final = {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": ""}
"""Modules are compiled once and not at every start, as where nobody has forbidden it."""

T = TypeVar("T")


def until(what: Callable[[], T | None], seconds: float = LIMIT_SECONDS, every: float = 0.05) -> T:
    """What `what` gives as soon as it gives something."""
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        if found := what():
            return found
        time.sleep(every)
    raise TimeoutError(f"not within {seconds:.0f} s")


class Running:
    """A program in a process of its own; what it says goes to a file."""

    def __init__(
        self, arguments: Sequence[str], folder: Path, name: str, environment: Mapping[str, str]
    ) -> None:
        self._said = folder / f"{name}.said"
        with self._said.open("wb") as out:
            self.process = subprocess.Popen(  # noqa: S603 - our own command line
                [sys.executable, "-m", *arguments],
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, **_PYTHON, **environment},
            )

    @property
    def said(self) -> str:
        """All that it wrote so far."""
        return self._said.read_text()

    def says(self, pattern: str) -> str:
        """The first group of a pattern, once it was written; an error if the process ends before."""

        def look() -> str | None:
            if found := re.search(pattern, self.said):
                return found[1]
            if self.process.poll() is not None:
                raise RuntimeError(f"it ended with {self.process.returncode}: {self.said[-2_000:]}")
            return None

        try:
            return until(look)
        except TimeoutError as error:
            raise RuntimeError(f"it did not say so: {self.said[-2_000:]}") from error

    def cpu_seconds(self) -> float:
        """Processor time that it has taken so far, all threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def end(self) -> None:
        """End it in order, or else at once."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(30)


class Distributed:
    """A broker and a `touchline store`, and what is started beside them; ended with the `with` block."""

    def __init__(self, folder: Path, partitions: int) -> None:
        self._folder, self._partitions = folder, partitions
        self._ends = ExitStack()

    def __enter__(self) -> Self:
        configure_logs()
        self.broker = Broker(self._folder / "kafka")
        self._ends.callback(self.broker.stop)
        self.broker.start()
        self.topics = Topics()
        made = wanted(self.topics, partitions=self._partitions, replication=1, retention_ms=86_400_000)
        bring_about(self.broker.brokers, made)
        data = str(self._folder / "data")
        self.store = self._begin("store", ["store", "--data", data, "--port", "0"], {})
        url = self.store.says(r"is up: (\S+)")
        secrets = self._folder / "data" / "secrets"
        self.address = Address(url, "writer", (secrets / "writer").read_text())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.close()

    def connect(self) -> Store:
        """The store, to be closed by whoever asks."""
        return connect_store(self.address)

    def start(self, name: str, *arguments: str, modules: Path | None = None) -> Running:
        """A `touchline` command between Kafka and the store; of the modules in a folder, if one is given."""
        environment = {
            **({"PYTHONPATH": str(modules)} if modules else {}),
            "TOUCHLINE_KAFKA": self.broker.bootstrap,
            "TOUCHLINE_STORE": self.address.url,
            "TOUCHLINE_STORE_USER": self.address.user,
            "TOUCHLINE_STORE_PASSWORD": self.address.password,
        }
        return self._begin(name, arguments, environment)

    def start_other(self, name: str, module: str, *arguments: str) -> Running:
        """Another program."""
        one = Running([module, *arguments], self._folder, name, {})
        self._ends.callback(one.end)
        return one

    def _begin(self, name: str, arguments: Sequence[str], environment: Mapping[str, str]) -> Running:
        one = Running(["touchline.cli", *arguments], self._folder, name, environment)
        self._ends.callback(one.end)
        return one


def metric(url: str, name: str, **labels: str) -> float:
    """A metric's value now, summed over its series with these labels; 0 where there are none."""
    text = urllib3.request("GET", f"{url}/metrics", timeout=20, retries=False).data.decode()
    wanted_labels = [f'{label}="{value}"' for label, value in labels.items()]
    return sum(
        float(line.rpartition(" ")[2])
        for line in text.splitlines()
        if re.match(rf"{name}(\{{|\s)", line) and all(one in line for one in wanted_labels)
    )
