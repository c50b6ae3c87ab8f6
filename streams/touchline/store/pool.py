"""A few handles, shared by all who ask: one at a time each, opened when it is first needed."""

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from touchline.store.engine import Handle
from touchline.store.errors import StoreBusy


class Pool:
    """A bounded number of handles.

    Args:
        open_handle: Opens one.
        count: How many at most.
        wait: How long to wait for a free one, in seconds.
    """

    def __init__(self, open_handle: Callable[[], Handle], count: int, wait: float) -> None:
        self._open = open_handle
        self._count = count
        self._wait = wait
        self._free: queue.LifoQueue[Handle | None] = queue.LifoQueue()
        for _ in range(count):
            self._free.put(None)

    @contextmanager
    def handle(self) -> Iterator[Handle]:
        """A handle, for as long as it lasts.

        Raises:
            StoreBusy: none became free in time.
        """
        try:
            handle = self._free.get(timeout=self._wait)
        except queue.Empty:
            raise StoreBusy(
                f"Code: 202. DB::Exception: {self._count} queries are running already; "
                "try again when one of them has ended. (TOO_MANY_SIMULTANEOUS_QUERIES)"
            ) from None
        try:
            handle = handle or self._open()
            yield handle
        finally:
            self._free.put(handle)

    def close(self) -> None:
        """Close every handle, after what runs on it."""
        for _ in range(self._count):
            handle = self._free.get()
            if handle is not None:
                handle.close()
