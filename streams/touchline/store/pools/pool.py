"""A pool of handles: each serves one caller at a time and is opened on first use."""

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from touchline.store.errors import StoreBusy
from touchline.store.handles.handle import Handle


class Pool:
    """A bounded number of handles.

    Args:
        open_handle: Opens a handle.
        size: The most handles.
        wait: How long a caller waits for a free handle, in seconds.
    """

    def __init__(self, open_handle: Callable[[], Handle], size: int, wait: float) -> None:
        self._open = open_handle
        self._size = size
        self._wait = wait
        self._free: queue.LifoQueue[Handle | None] = queue.LifoQueue()
        for _ in range(size):
            self._free.put(None)

    @contextmanager
    def handle(self) -> Iterator[Handle]:
        """A handle for the duration of the context.

        Raises:
            StoreBusy: no handle became free in time.
        """
        try:
            handle = self._free.get(timeout=self._wait)
        except queue.Empty:
            raise StoreBusy(
                f"Code: 202. DB::Exception: {self._size} queries are running: "
                "try again when one of them has ended. (TOO_MANY_SIMULTANEOUS_QUERIES)"
            ) from None
        try:
            handle = handle or self._open()
            yield handle
        finally:
            self._free.put(handle)

    def close(self) -> None:
        """Close every handle after its running statement has ended."""
        for _ in range(self._size):
            handle = self._free.get()
            if handle is not None:
                handle.close()
