"""A process that a supervisor started: it ends when the supervisor ends, even by SIGKILL.

Its standard input is a pipe that only the supervisor holds open.
"""

import os
import signal
import threading
import time

END_SECONDS = 30.0
"""Time to end after SIGTERM; then the process is killed. Nothing accepted is lost by that."""

_VARIABLE = "TOUCHLINE_SUPERVISED"


def environment(*, terminal: bool) -> dict[str, str]:
    """The environment of a supervised process; `terminal` says whether a person reads its output."""
    return {**os.environ, _VARIABLE: "terminal" if terminal else "file", "PYTHONUNBUFFERED": "1"}


def on_terminal() -> bool:
    """Whether the supervisor of this process writes to a terminal."""
    return os.environ.get(_VARIABLE) == "terminal"


def end_with_supervisor() -> None:
    """If this process is supervised, end it when its supervisor ends; else do nothing."""
    if _VARIABLE in os.environ:
        threading.Thread(target=_end_after_supervisor, name="touchline-supervised", daemon=True).start()


def _end_after_supervisor() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(END_SECONDS)
    os._exit(1)
