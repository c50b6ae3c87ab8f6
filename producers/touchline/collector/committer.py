"""Group commit: one thread appends all waiting batches at once; then their requests get a response."""

import threading
from collections import deque
from concurrent.futures import Future
from typing import Final

from touchline.log.contract import Batch, Log, LogUnavailable

_WAITING_BYTES: Final = 32 * 1024**2
_TOGETHER_BYTES: Final = 4 * 1024**2


class Committer:
    """A bounded queue of batches for the log.

    `waiting_bytes` counts batches that wait or are being written; past the bound `submit` raises.
    """

    def __init__(self, log: Log, *, most_waiting_bytes: int = _WAITING_BYTES) -> None:
        self._log = log
        self._most = most_waiting_bytes
        self._waiting: deque[tuple[Batch, int, Future[None]]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self.waiting_bytes = 0
        self._thread = threading.Thread(target=self._run, name="touchline-committer", daemon=True)
        self._thread.start()

    def submit(self, batch: Batch) -> "Future[None]":
        """A future that completes when the batch is durable, or fails with the log's exception.

        Raises:
            LogUnavailable: the queue is full or closed; the batch was not queued.
        """
        size = batch.bytes
        with self._changed:
            if self._closed:
                raise LogUnavailable("the collector is shutting down")
            if self.waiting_bytes and self.waiting_bytes + size > self._most:
                raise LogUnavailable("the log cannot keep up")
            done: Future[None] = Future()
            self._waiting.append((batch, size, done))
            self.waiting_bytes += size
            self._changed.notify()
        return done

    def close(self, seconds: float = 10) -> None:
        """Reject new batches, and wait at most `seconds` until the queued ones are written."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(seconds)

    def _run(self) -> None:
        while group := self._next_group():
            failure: Exception | None = None
            try:
                self._log.append(Batch.joined(batch for batch, _, _ in group))
            except Exception as error:  # The thread must survive any exception of the log.
                failure = error
            with self._changed:
                self.waiting_bytes -= sum(size for _, size, _ in group)
            for _, _, done in group:
                if not done.set_running_or_notify_cancel():
                    continue  # The request was cancelled.
                if failure is None:
                    done.set_result(None)
                else:
                    done.set_exception(failure)

    def _next_group(self) -> list[tuple[Batch, int, "Future[None]"]]:
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            group: list[tuple[Batch, int, Future[None]]] = []
            size = 0
            while self._waiting and (not group or size + self._waiting[0][1] <= _TOGETHER_BYTES):
                group.append(self._waiting.popleft())
                size += group[-1][1]
            return group
