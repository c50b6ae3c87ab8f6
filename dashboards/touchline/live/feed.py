"""Feeds: what many pages look at is loaded once an interval for all of them, and only while one looks.

The law: a feed has at most one load under way, whatever happens; it rests at least `every` seconds and
three times as long as the load took; without a watcher there is no load. So the store's share of work is
bounded, however many pages are open.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

REST = 3.0
"""A feed rests at least this many times as long as its load took."""

LONGEST_REST = 60.0
_LONGEST_MESSAGE = 200

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reading(Generic[T]):
    """What a feed knows: the last good value, when it was loaded (ms since 1970), and what fails now."""

    value: T | None = None
    loaded_at: int = 0
    error: str = ""


Listener = Callable[[Reading[T]], None]


class _Feed(Generic[T]):
    def __init__(self, load: Callable[[], T], pool: ThreadPoolExecutor, every: float, limit: float) -> None:
        self._load, self._pool, self._every, self._limit = load, pool, every, limit
        self.listeners: list[Listener[T]] = []
        self.reading: Reading[T] = Reading()
        self.loading: Future[T] | None = None
        self.task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            if self.loading is None:
                self.loading = self._pool.submit(self._load)
            await _ended([self.loading], self._limit)
            self.reading = self._read(self.loading)
            for listener in list(self.listeners):
                try:
                    listener(self.reading)
                except Exception:
                    _log.exception("a page could not take a new reading")
            await asyncio.sleep(min(LONGEST_REST, max(self._every, REST * (loop.time() - began))))

    def _read(self, loading: Future[T]) -> Reading[T]:
        last = self.reading
        if not loading.done():
            return Reading(last.value, last.loaded_at, f"no answer within {self._limit:g} s")
        self.loading = None
        if error := loading.exception():
            message = str(error).strip() or type(error).__name__
            return Reading(last.value, last.loaded_at, message.splitlines()[0][:_LONGEST_MESSAGE])
        return Reading(loading.result(), int(time.time() * 1000))


class Feeds(Generic[K, T]):
    """Feeds by key, each alive while it is watched.

    `load(key)` runs in one thread, one at a time. A load that takes longer than `limit` seconds is
    reported as failing until it ends. Use it on one event loop.
    """

    def __init__(self, load: Callable[[K], T], *, every: float, limit: float) -> None:
        self._load, self._every, self._limit = load, every, limit
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="touchline-live")
        self._feeds: dict[K, _Feed[T]] = {}

    def watch(self, key: K, listener: Listener[T]) -> Callable[[], None]:
        """Tell `listener` each new reading of `key`, at once the last one if there is one.

        Returns what ends it; calling that twice does no harm.
        """
        feed = self._feeds.get(key)
        if feed is None:
            feed = _Feed(lambda: self._load(key), self._pool, self._every, self._limit)
            self._feeds[key] = feed
        elif feed.reading.loaded_at or feed.reading.error:
            listener(feed.reading)
        feed.listeners.append(listener)

        def leave() -> None:
            if listener not in feed.listeners:
                return
            feed.listeners.remove(listener)
            if not feed.listeners:
                if self._feeds.get(key) is feed:
                    del self._feeds[key]
                self._stop(feed)

        return leave

    @property
    def watched(self) -> int:
        """How many feeds are alive."""
        return len(self._feeds)

    async def close(self) -> None:
        """Stop all feeds; waits for loads under way, at most the limit, so that the store can be closed."""
        feeds, self._feeds = list(self._feeds.values()), {}
        for feed in feeds:
            self._stop(feed)
        if loading := [feed.loading for feed in feeds if feed.loading is not None]:
            await _ended(loading, self._limit)
        self._pool.shutdown(wait=False, cancel_futures=True)

    @staticmethod
    def _stop(feed: _Feed[T]) -> None:
        feed.task.cancel()
        if feed.loading is not None:
            feed.loading.cancel()  # one still in the queue never starts; one under way ends by itself


async def _ended(loading: list[Future[T]], limit: float) -> None:
    waiting = [asyncio.wrap_future(one) for one in loading]
    for one in waiting:
        one.add_done_callback(lambda done: done.cancelled() or done.exception())  # read by whoever holds it
    await asyncio.wait(waiting, timeout=limit)
