"""Processes that benchmarks start and measure: `touchline` commands, a broker, other programs."""

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
from touchline.log.kafka.topics import ensure_topics, required_topics
from touchline.services.logs import configure_logs
from touchline.store import Store, connect_store
from touchline.store.address import Address

LIMIT_SECONDS: Final = 180.0
_TICKS: Final = os.sysconf("SC_CLK_TCK")

_PYTHON: Final = {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": ""}
"""Python caches compiled modules, as it does by default, even if the caller's environment forbids it."""

T = TypeVar("T")


def wait_for(condition: Callable[[], T | None], seconds: float = LIMIT_SECONDS, every: float = 0.05) -> T:
    """Wait until a condition returns something true, and return that.

    Raises:
        TimeoutError: `seconds` have passed.
    """
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        if found := condition():
            return found
        time.sleep(every)
    raise TimeoutError(f"not within {seconds:.0f} s")


class Program:
    """A Python module that runs as a child process, with its output in a file."""

    def __init__(
        self, arguments: Sequence[str], folder: Path, name: str, environment: Mapping[str, str]
    ) -> None:
        self._output = folder / f"{name}.output"
        with self._output.open("wb") as out:
            self.process = subprocess.Popen(  # noqa: S603 - our own command line
                [sys.executable, "-m", *arguments],
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, **_PYTHON, **environment},
            )

    def wait_for_output(self, pattern: str) -> str:
        """Wait until its output matches a pattern, and return the pattern's first group.

        Raises:
            RuntimeError: The process ended, or `LIMIT_SECONDS` passed, without a match.
        """

        def match() -> str | None:
            output = self._output.read_text()
            if found := re.search(pattern, output):
                return found[1]
            if self.process.poll() is not None:
                raise RuntimeError(f"exit code {self.process.returncode}: {output[-2_000:]}")
            return None

        try:
            return wait_for(match)
        except TimeoutError as error:
            output = self._output.read_text()[-2_000:]
            raise RuntimeError(f"no output matches {pattern!r}: {output}") from error

    def cpu_seconds(self) -> float:
        """Processor time so far, all threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def resident_bytes(self) -> int:
        """Resident memory now."""
        return memory_bytes(self.process.pid, "VmRSS")

    def stop(self) -> None:
        """Terminate it; kill it if it has not ended after 30 seconds."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Kill it (SIGKILL)."""
        self.process.kill()
        self.process.wait(30)


class Distributed:
    """A broker and a `touchline store`, and the programs started on them; all end with the `with` block."""

    def __init__(self, folder: Path, partitions: int) -> None:
        self._folder, self._partitions = folder, partitions
        self._ends = ExitStack()

    def __enter__(self) -> Self:
        configure_logs()
        self.broker = Broker(self._folder / "kafka")
        self._ends.callback(self.broker.stop)
        self.broker.start()
        self.topics = Topics()
        topics = required_topics(
            self.topics, partitions=self._partitions, replication=1, retention_ms=86_400_000
        )
        ensure_topics(self.broker.brokers, topics)
        data = str(self._folder / "data")
        self.store = self._start("store", ["touchline.cli", "store", "--data", data, "--port", "0"], {})
        url = self.store.wait_for_output(r"is up: (\S+)")
        secrets = self._folder / "data" / "secrets"
        self.address = Address(url, "writer", (secrets / "writer").read_text())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.close()

    def connect(self) -> Store:
        """Open a connection to the store; the caller closes it."""
        return connect_store(self.address)

    def start(self, name: str, *arguments: str, modules: Path | None = None) -> Program:
        """Start a `touchline` command on this broker and store, imported from `modules` if that is given."""
        environment = {
            **({"PYTHONPATH": str(modules)} if modules else {}),
            "TOUCHLINE_KAFKA": self.broker.bootstrap,
            "TOUCHLINE_STORE": self.address.url,
            "TOUCHLINE_STORE_USER": self.address.user,
            "TOUCHLINE_STORE_PASSWORD": self.address.password,
        }
        return self._start(name, ["touchline.cli", *arguments], environment)

    def start_module(self, name: str, module: str, *arguments: str) -> Program:
        """Start another Python module."""
        return self._start(name, [module, *arguments], {})

    def _start(self, name: str, arguments: Sequence[str], environment: Mapping[str, str]) -> Program:
        program = Program(arguments, self._folder, name, environment)
        self._ends.callback(program.stop)
        return program


def metric(url: str, name: str, **labels: str) -> float:
    """A metric's current value, summed over the series with these labels; 0 if there are none."""
    text = urllib3.request("GET", f"{url}/metrics", timeout=20, retries=False).data.decode()
    wanted_labels = [f'{label}="{value}"' for label, value in labels.items()]
    return sum(
        float(line.rpartition(" ")[2])
        for line in text.splitlines()
        if re.match(rf"{name}(\{{|\s)", line) and all(label in line for label in wanted_labels)
    )


def memory_bytes(pid: int, field: str) -> int:
    """A size from the kernel's status of a process: `VmRSS` is resident memory now, `VmHWM` its peak."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition(f"{field}:")[2].split()[0]) * 1024
