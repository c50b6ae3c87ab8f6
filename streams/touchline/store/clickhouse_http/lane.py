"""Where queries wait for their turn: a few run, a bounded number waits for a bounded time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import CapacityLimiter

from touchline.store.clickhouse_http.refusal import refusal

RUNNING = 4
WAITING = 64
WAIT_SECONDS = 10.0


class Lane:
    """Turns of queries. `threads` limits the threads that run them."""

    def __init__(self) -> None:
        self.threads = CapacityLimiter(RUNNING)
        self._turns = asyncio.Semaphore(RUNNING)
        self._waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """A turn for the duration of the context.

        Raises:
            QueryError: 202: too many queries wait, or no turn became free in time.
        """
        busy = refusal(202, "Too many simultaneous queries: try again soon", "TOO_MANY_SIMULTANEOUS_QUERIES")
        if self._waiting >= WAITING:
            raise busy
        self._waiting += 1
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._turns.acquire()
        except TimeoutError:
            raise busy from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._turns.release()
