"""How a process ends: the first signal asks it to, a second Ctrl-C does not wait for the answer.

Ending at once is safe for what was accepted: it is durable already, as it is when the machine stops.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

CUT_OFF = 130
"""The exit code after a second Ctrl-C, as shells have it."""


class Ending:
    """What the first signal does: what was last given to `asks`, and before that it ends the command."""

    def __init__(self, at_once: Callable[[], None]) -> None:
        self._at_once = at_once
        self._ask: Callable[[], None] | None = None
        self._asked = False

    def asks(self, ask: Callable[[], None]) -> None:
        """From now on a signal calls `ask`, in the main thread between any two steps."""
        self._ask = ask

    def signalled(self, number: int, frame: FrameType | None) -> None:
        """Take a signal."""
        if self._asked and number == signal.SIGINT:
            self._at_once()
            os._exit(CUT_OFF)
        first, self._asked = not self._asked, True
        if self._ask is not None:
            self._ask()
        elif first:
            raise SystemExit(0)


@contextmanager
def ending(at_once: Callable[[], None] = lambda: None) -> Iterator[Ending]:
    """Take SIGINT and SIGTERM while it lasts; `at_once` is all that is still done when there is no time."""
    one = Ending(at_once)
    before = {number: signal.signal(number, one.signalled) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield one
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
