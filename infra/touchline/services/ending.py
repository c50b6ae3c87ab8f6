"""How a process ends: the first signal requests it, a second Ctrl-C ends it at once.

Ending at once loses nothing: accepted events are durable.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

CUT_OFF = 130
"""The exit code after a second Ctrl-C, as shells have it."""


class Ending:
    """Handles the first signal: calls the last function given to `on_signal`, or else ends the command."""

    def __init__(self, at_once: Callable[[], None]) -> None:
        self._at_once = at_once
        self._stop: Callable[[], None] | None = None
        self._signalled = False

    def on_signal(self, stop: Callable[[], None]) -> None:
        """From now on a signal calls `stop`, in the main thread between any two steps."""
        self._stop = stop

    def signalled(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal."""
        if self._signalled and number == signal.SIGINT:
            self._at_once()
            os._exit(CUT_OFF)
        first, self._signalled = not self._signalled, True
        if self._stop is not None:
            self._stop()
        elif first:
            raise SystemExit(0)


@contextmanager
def ending(at_once: Callable[[], None] = lambda: None) -> Iterator[Ending]:
    """Handle SIGINT and SIGTERM within the block; a second Ctrl-C runs `at_once` alone and exits."""
    handler = Ending(at_once)
    before = {number: signal.signal(number, handler.signalled) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield handler
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
