"""Keeps some processes of this command running: one that ends is started again, later each time."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence

import structlog

PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before one that ended is started again: the first time, the second, and so on."""

SOUND_SECONDS = 60.0
"""One that ran for so long begins with the shortest pause again."""

END_SECONDS = 30.0
"""How long they may take to end when they are asked to."""

_LOOK_SECONDS = 0.1

_logger = structlog.get_logger(__name__)


class _Kept:
    """One process."""

    def __init__(self, name: str, arguments: Sequence[str]) -> None:
        self._name = name
        self._command = [sys.executable, "-m", "touchline.cli", *arguments]
        self._failures = 0
        self._start_at = 0.0
        self._began = 0.0
        self.process: subprocess.Popen[bytes] | None = None

    def look_after(self) -> None:
        """Start it if it is time to; see whether it ended."""
        now = time.monotonic()
        if self.process is None:
            if now >= self._start_at:
                self._began = now
                self.process = subprocess.Popen(self._command)  # noqa: S603 - this very command
                _logger.info("process.started", process=self._name, pid=self.process.pid)
        elif (code := self.process.poll()) is not None:
            self._failures = 1 if now - self._began > SOUND_SECONDS else self._failures + 1
            pause = PAUSES[min(self._failures, len(PAUSES)) - 1]
            _logger.warning("process.ended", process=self._name, code=code, again_in_seconds=pause)
            self._start_at, self.process = now + pause, None


class Supervisor:
    """Runs `touchline` with each of the given arguments, by name, until SIGTERM or SIGINT."""

    def __init__(self, commands: Mapping[str, Sequence[str]]) -> None:
        self._kept = [_Kept(name, arguments) for name, arguments in commands.items()]
        self._ending = threading.Event()

    def run(self) -> bool:
        """Keep them running; whether all of them ended in time when that was asked for."""
        before = {
            number: signal.signal(number, lambda *_: self._ending.set())
            for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            while not self._ending.is_set():
                for one in self._kept:
                    one.look_after()
                self._ending.wait(_LOOK_SECONDS)
        finally:
            in_time = self._end()
            for number, handler in before.items():
                signal.signal(number, handler)
        return in_time

    def _end(self) -> bool:
        running = [one.process for one in self._kept if one.process is not None]
        for process in running:
            process.terminate()
        give_up_at = time.monotonic() + END_SECONDS
        in_time = True
        for process in running:
            try:
                process.wait(max(0.1, give_up_at - time.monotonic()))
            except subprocess.TimeoutExpired:
                in_time = False
                process.kill()
                process.wait()
        return in_time
