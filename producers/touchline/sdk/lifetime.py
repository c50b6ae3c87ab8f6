"""How clients live with their process: through a fork, and to the process's end.

| The process | What is done |
|---|---|
| forks | the parent goes on; the child starts with an empty queue, a thread and connections of its own |
| ends normally, or by an exception | all clients are closed; together they have the longest `exit_seconds` |
| is a child of multiprocessing | the same, although such a child skips the interpreter's exit handlers |
| gets SIGTERM | nothing, unless `close_on_sigterm` was called: Python then ends without its exit handlers |
"""

import atexit
import os
import signal
import sys
import threading
from functools import partial
from time import monotonic
from types import FrameType
from typing import Protocol


class Living(Protocol):
    """A client, as this module needs it."""

    @property
    def _exit_seconds(self) -> float:
        """How long the end of the process may wait for this client."""

    def close(self, timeout: float) -> bool:
        """Send or keep what is queued, and stop."""

    def _before_fork(self) -> None:
        """Keep the spool out of a child that is about to be forked."""

    def _after_fork(self, *, in_child: bool) -> None:
        """Go on in the parent, or start again in the child."""


_CLIENTS: set[Living] = set()
"""The open clients. This reference keeps a client alive that the application dropped without closing it."""

_FORKING = threading.RLock()
_FORKED: list[Living] = []
"""The clients that were open when the fork began, whatever other threads open or close meanwhile."""

_LAST_PRIORITY = -100


def add(client: Living) -> None:
    """Look after a client until it is removed."""
    _CLIENTS.add(client)
    _close_with_multiprocessing()


def remove(client: Living) -> None:
    """Stop looking after a client that was closed."""
    _CLIENTS.discard(client)


def clients() -> list[Living]:
    """The clients of this process that are not closed."""
    return list(_CLIENTS)


def close_all() -> None:
    """Close all clients; together they take no longer than the longest `exit_seconds`."""
    began = monotonic()
    for client in list(_CLIENTS):
        client.close(max(0.0, client._exit_seconds - (monotonic() - began)))


def close_on_sigterm() -> None:
    """Close all clients when SIGTERM comes, then end as without this. Call it in the main thread.

    It does nothing if the application handles SIGTERM already: then its handler should end with `sys.exit`.
    """
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _terminate)


def _terminate(number: int, frame: FrameType | None) -> None:
    close_all()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _before_fork() -> None:
    _FORKING.acquire()
    _FORKED[:] = _CLIENTS
    for client in _FORKED:
        client._before_fork()


def _after_fork(*, in_child: bool) -> None:
    for client in _FORKED:
        client._after_fork(in_child=in_child)
    _FORKED.clear()
    _FORKING.release()


def _after_fork_in_child() -> None:
    _after_fork(in_child=True)
    _close_with_multiprocessing(forking=True)


def _close_with_multiprocessing(*, forking: bool = False) -> None:
    """Close all clients at the end of a child process of multiprocessing or of billiard, Celery's copy of it.

    Such a child ends with `os._exit` after its library's own finalizers.
    """
    for library in ("multiprocessing", "billiard"):
        util, process = (sys.modules.get(f"{library}.{name}") for name in ("util", "process"))
        if util is None or process is None:
            continue
        if forking:
            # The library forgets all finalizers at the start of the child, after this.
            util.register_after_fork(close_all, lambda _, util=util: _finalize(util))
        elif process.current_process().name != "MainProcess":
            _finalize(util)


def _finalize(util: object) -> None:
    util.Finalize(None, close_all, exitpriority=_LAST_PRIORITY)  # type: ignore[attr-defined]


atexit.register(close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=partial(_after_fork, in_child=False),
        after_in_child=_after_fork_in_child,
    )
