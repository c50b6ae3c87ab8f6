"""A pool of handles: each serves one caller at a time and is opened on first use.

The engine checks its own time limit between blocks of rows, so one expensive block can exceed it for hours.
Therefore each call runs in a thread of its own. A call that exceeds the pool's limit, or that nobody waits
for, is interrupted. If it does not end even then, it is abandoned: its handle is left to it and replaced.
Beyond as many abandoned calls as there are handles, the pool is smaller until a call ends.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from touchline.store.errors import QueryError, StoreBusy, StoreError, StoreUnavailable
from touchline.store.handles.handle import Handle
from touchline.store.pools.apart import run_apart

T = TypeVar("T")

INTERRUPTED_SECONDS = 3.0
"""How long an interrupted call may take to end."""

_LOOK_SECONDS = 0.2
"""How often a caller that waits for a handle checks whether anybody still waits for its result."""

TIMEOUT_EXCEEDED, CANCELLED = 159, 394


class Pool:
    """A bounded number of handles.

    Args:
        open_handle: Opens a handle.
        size: The most handles.
        wait: How long a caller waits for a free handle, in seconds.
        seconds: How long a call may take: a little longer than the engine's own limit.
    """

    def __init__(self, open_handle: Callable[[], Handle], size: int, wait: float, seconds: float) -> None:
        self._open = open_handle
        self._size = size
        self._wait = wait
        self._seconds = seconds
        self._free: queue.LifoQueue[Handle | None] = queue.LifoQueue()
        for _ in range(size):
            self._free.put(None)
        self._lock = threading.Lock()
        self._waiting: set[threading.Event] = set()
        self._abandoned = 0
        self._closing = self._closed = False

    def run(self, call: Callable[[Handle], T], leave: threading.Event | None = None) -> T:
        """The result of a call with a handle.

        Args:
            call: Runs one statement, or several in a row.
            leave: Set it to interrupt the call because nobody waits for its result. One event for each call.

        Raises:
            StoreBusy: no handle became free in time.
            QueryError: the call took too long, or `leave` was set; or what the call raises.
            StoreUnavailable: the pool is being closed; or what the call raises.
        """
        leave = leave or threading.Event()
        with self._awaited(leave):
            handle = self._take(leave)
            future = run_apart(lambda: call(handle))
            future.add_done_callback(lambda _: leave.set())
            was_left = leave.wait(self._seconds)
            if future.done():
                self._return(handle)
                return future.result()
            with suppress(StoreError):
                handle.interrupt()
            if wait([future], INTERRUPTED_SECONDS).done:
                self._return(handle)
            else:
                self._abandon(handle, future)
            raise self._interrupted(was_left=was_left)

    def leave(self) -> None:
        """Interrupt all calls, and refuse further ones."""
        with self._lock:
            self._closing = True
            for event in self._waiting:
                event.set()

    def close(self) -> None:
        """Interrupt all calls and close their handles. Abandoned calls keep theirs until they end."""
        self.leave()
        give_up_at = time.monotonic() + INTERRUPTED_SECONDS + 1
        for _ in range(self._size):
            try:
                handle = self._free.get(timeout=max(0.0, give_up_at - time.monotonic()))
            except queue.Empty:
                break
            if handle is not None:
                handle.close()
        with self._lock:
            self._closed = True

    @contextmanager
    def _awaited(self, leave: threading.Event) -> Iterator[None]:
        with self._lock:
            if self._closing:
                raise _closing()
            self._waiting.add(leave)
        try:
            yield
        finally:
            with self._lock:
                self._waiting.discard(leave)

    def _take(self, leave: threading.Event) -> Handle:
        handle = self._awaited_handle(leave)
        try:
            return handle or self._open()
        except BaseException:
            self._free.put(None)
            raise

    def _awaited_handle(self, leave: threading.Event) -> Handle | None:
        give_up_at = time.monotonic() + self._wait
        while (rest := give_up_at - time.monotonic()) > 0:
            if leave.is_set():
                raise self._interrupted(was_left=True)
            with suppress(queue.Empty):
                return self._free.get(timeout=min(rest, _LOOK_SECONDS))
        raise StoreBusy(
            f"Code: 202. DB::Exception: As many queries as may run at a time ({self._size}) have run for "
            f"{self._wait:.0f} s: try again later. (TOO_MANY_SIMULTANEOUS_QUERIES)"
        )

    def _return(self, handle: Handle) -> None:
        with self._lock:
            if not self._closed:
                self._free.put(handle)
                return
        handle.close()

    def _abandon(self, handle: Handle, future: Future[Any]) -> None:
        with self._lock:
            self._abandoned += 1
            is_replaced = self._abandoned <= self._size

        def ended(_: Future[Any]) -> None:
            handle.close()
            with self._lock:
                self._abandoned -= 1
            if not is_replaced:
                self._free.put(None)

        if is_replaced:
            self._free.put(None)
        future.add_done_callback(ended)

    def _interrupted(self, *, was_left: bool) -> StoreError:
        if self._closing:
            return _closing()
        if was_left:
            return QueryError(
                "Code: 394. DB::Exception: Query was cancelled: its client is gone. (QUERY_WAS_CANCELLED)",
                CANCELLED,
            )
        return QueryError(
            f"Code: 159. DB::Exception: Timeout exceeded: the query was stopped after {self._seconds:.0f} s: "
            "narrow it down. (TIMEOUT_EXCEEDED)",
            TIMEOUT_EXCEEDED,
        )


def _closing() -> StoreUnavailable:
    return StoreUnavailable("the store is being closed")
