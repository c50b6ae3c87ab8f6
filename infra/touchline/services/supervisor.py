"""Runs several processes of this command and restarts those that exit, after growing pauses.

A child ends with its supervisor, however that ends: it reads a pipe that only the supervisor holds open (see
`supervised.py`). Each line that a child writes is forwarded with the child's name.
"""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import BinaryIO

import structlog

from touchline.services.supervised import END_SECONDS, environment

PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before an exited process is restarted: the first time, the second, and so on."""

SOUND_SECONDS = 60.0
"""A process that ran for this long starts with the shortest pause again."""

_LOOK_SECONDS = 0.1
_LONGEST_LINE = 65_536

_logger = structlog.get_logger(__name__)


class _Child:
    """A supervised process, restarted when it exits."""

    def __init__(self, name: str, arguments: Sequence[str]) -> None:
        self._name = name
        self._command = [sys.executable, "-m", "touchline.cli", *arguments]
        self._failures = 0
        self._start_at = 0.0
        self._began = 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self._output: threading.Thread | None = None

    def supervise(self) -> None:
        """Start the process if it is time to; notice its exit."""
        now = time.monotonic()
        if self._process is None:
            if now >= self._start_at:
                self._start(now)
        elif (code := self._process.poll()) is not None:
            self._failures = 1 if now - self._began > SOUND_SECONDS else self._failures + 1
            pause = PAUSES[min(self._failures, len(PAUSES)) - 1]
            _logger.warning("process.ended", process=self._name, code=code, again_in_seconds=pause)
            self._start_at, self._process = now + pause, None

    def terminate(self) -> None:
        """Request the end."""
        if self._process is not None:
            self._process.terminate()

    def join(self, give_up_at: float) -> bool:
        """Wait for the end, and kill the process at `give_up_at`; return whether it ended in time."""
        if self._process is None or self._output is None:
            return True
        in_time = True
        try:
            self._process.wait(max(0.1, give_up_at - time.monotonic()))
        except subprocess.TimeoutExpired:
            in_time = False
            self._process.kill()
            self._process.wait()
        self._output.join(1.0)
        return in_time

    def _start(self, now: float) -> None:
        self._began = now
        self._process = subprocess.Popen(  # noqa: S603 - this very command
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment(terminal=sys.stderr.isatty()),
        )
        self._output = threading.Thread(
            target=_forward,
            args=(self._name, self._process.stdout),
            name=f"output of {self._name}",
            daemon=True,
        )
        self._output.start()
        _logger.info("process.started", process=self._name, pid=self._process.pid)


class Supervisor:
    """Runs `touchline` with each of the given arguments, by name, until SIGTERM or SIGINT."""

    def __init__(self, commands: Mapping[str, Sequence[str]]) -> None:
        self._children = [_Child(name, arguments) for name, arguments in commands.items()]
        self._ending = threading.Event()

    def run(self) -> bool:
        """Run until a signal; return whether all processes then ended in time."""
        before = {
            number: signal.signal(number, lambda *_: self._ending.set())
            for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            while not self._ending.is_set():
                for child in self._children:
                    child.supervise()
                self._ending.wait(_LOOK_SECONDS)
        finally:
            in_time = self._end()
            for number, handler in before.items():
                signal.signal(number, handler)
        return in_time

    def _end(self) -> bool:
        for child in self._children:
            child.terminate()
        give_up_at = time.monotonic() + END_SECONDS
        ended = [child.join(give_up_at) for child in self._children]
        return all(ended)


def named(name: str, line: bytes) -> bytes:
    """A line of output with the name of its process: a field of a JSON object, else a prefix."""
    if line.startswith(b'{"'):
        return b'{"process": "%s", ' % name.encode() + line[1:]
    return name.encode() + b" | " + line


def _forward(name: str, output: BinaryIO) -> None:
    with output:
        while line := output.readline(_LONGEST_LINE):
            sys.stderr.buffer.write(named(name, line))
            sys.stderr.buffer.flush()
