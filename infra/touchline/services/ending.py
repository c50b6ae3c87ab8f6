"""How a process ends: the first signal requests it, a second Ctrl-C ends it at once.

Ending at once loses nothing: accepted events are durable. So a process that has not ended some seconds after
the first signal, for example because its store computes a query that cannot be interrupted, is ended at once.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

CUT_OFF = 130
"""The exit code after a second Ctrl-C, as shells have it."""

LONGEST_SECONDS = 9.0
"""How long a process may take to end after the first signal."""


class Ending:
    """Handles the first signal: calls the last function given to `on_signal`, or else ends the command."""

    def __init__(self, at_once: Callable[[], None]) -> None:
        self._at_once = at_once
        self._stop: Callable[[], None] | None = None
        self._signalled = False
        self._begun, self._over = threading.Event(), threading.Event()

    def on_signal(self, stop: Callable[[], None]) -> None:
        """From now on a signal calls `stop`, in the main thread between any two steps."""
        self._stop = stop

    def signalled(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal."""
        if self._signalled and number == signal.SIGINT:
            self._at_once()
            os._exit(CUT_OFF)
        first, self._signalled = not self._signalled, True
        self._begun.set()
        if self._stop is not None:
            self._stop()
        elif first:
            raise SystemExit(0)

    def limit(self) -> None:
        """End the process if it has not ended in time after the first signal; for a thread of its own."""
        self._begun.wait()
        if not self._over.wait(LONGEST_SECONDS):
            self._at_once()
            sys.stderr.write(
                f"Ended after {LONGEST_SECONDS:.0f} s although work was still running, such as a query. No "
                "accepted event is lost: unfinished work is repeated at the next start.\n"
            )
            end_now(0)

    def over(self) -> None:
        """End the thread of `limit`: the process ends by itself."""
        self._over.set()
        self._begun.set()


@contextmanager
def ending(at_once: Callable[[], None] = lambda: None) -> Iterator[Ending]:
    """Handle SIGINT and SIGTERM within the block; ending at once runs `at_once` first, and nothing else."""
    handler = Ending(at_once)
    threading.Thread(target=handler.limit, name="touchline-ending", daemon=True).start()
    before = {number: signal.signal(number, handler.signalled) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield handler
    finally:
        handler.over()
        for number, earlier in before.items():
            signal.signal(number, earlier)


def end_now(code: int) -> None:
    """End the process without waiting for its threads."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)
