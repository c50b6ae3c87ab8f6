"""Feeds: a value that many open pages show is loaded once for all of them.

The law: a feed runs at most one load at a time. After a load it rests for at least `every` seconds, and at
least nine times as long as one load of each feed takes, unless it is told that its value is stale; after a
final value it rests until then. Without a watcher it does not load; while it rests, its value is kept for the
next watcher, such as the same page after a reload. So the feeds load during at most a tenth of the time,
however many pages are open, however different they are, and however often they are reloaded. A load that
nobody waits for pauses between its queries, so that it never holds up the pipeline for long.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

REST = 9.0
"""A feed rests at least this many times as long as the last loads of all feeds took."""

MAX_REST = 60.0

PAUSE = 3.0
"""After a query of a load that nobody waits for, it pauses this many times as long as the query took."""

KEPT_SECONDS = 10.0
"""How long a value without a watcher is kept, at most."""

MOST_KEPT = 20
"""How many values without a watcher are kept: past it, the oldest feed ends."""

_MAX_MESSAGE = 200

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FeedState(Generic[T]):
    """The last loaded value, the time it was loaded (ms since 1970), and the current error, or ''.

    `final`: the value no longer changes and is loaded again only if it is told to be stale.
    """

    value: T | None = None
    loaded_at: int = 0
    error: str = ""
    final: bool = False


Listener = Callable[[FeedState[T]], None]

Pause = Callable[[float], None]
"""Pauses after a query that took so many seconds, at most until somebody waits for another load."""


class _Queue:
    """The loads that somebody waits for. Used from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._number = 0

    def enter(self) -> None:
        """Another load is waited for."""
        with self._changed:
            self._number += 1
            self._changed.notify_all()

    def leave(self) -> None:
        """One of them ended."""
        with self._changed:
            self._number -= 1

    def pause(self, seconds: float) -> None:
        """Wait, at most until a load is waited for."""
        with self._changed:
            self._changed.wait_for(lambda: self._number > 0, seconds)


@dataclass(frozen=True)
class _Pace(Generic[T]):
    """How often and how long a feed loads, whether a value is its last, and is kept; see `Feeds`."""

    every: float
    limit: float
    final: Callable[[T], bool]
    keeps: bool


class _Feed(Generic[T]):
    def __init__(
        self,
        load: Callable[[], T],
        reload: Callable[[Pause], T],
        queue: _Queue,
        pool: ThreadPoolExecutor,
        pace: "_Pace[T]",
        seconds_of_all: Callable[[], float],
        end: Callable[["_Feed[T]"], None],
    ) -> None:
        self._load, self._reload, self._queue = load, reload, queue
        self._pool, self._pace = pool, pace
        self._seconds_of_all, self._end = seconds_of_all, end
        self.seconds = 0.0
        """How long the last load took, without its wait for others and without pauses."""
        self.listeners: list[Listener[T]] = []
        self.state: FeedState[T] = FeedState()
        self.loading: Future[T] | None = None
        self.stale = asyncio.Event()
        self.task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        while True:
            is_awaited = self.stale.is_set() or not self.state.loaded_at
            self.stale.clear()
            if self.loading is None:
                self.loading = self._submit(is_awaited)
            await _ended([self.loading], self._pace.limit * (1 if is_awaited else 1 + PAUSE))
            self.state = self._read(self.loading)
            for listener in list(self.listeners):
                try:
                    listener(self.state)
                except Exception:
                    _log.exception("a page could not show new data")
            rest = min(MAX_REST, max(self._pace.every, REST * self._seconds_of_all()))
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stale.wait(), None if self.state.final else rest)
            if not self.listeners:
                self._end(self)
                return

    def keep(self) -> bool:
        """Keep a sound value for the next watcher until the feed has rested. Returns whether it is kept."""
        has_value = self.loading is None and self.state.loaded_at > 0 and not self.state.error
        keeps = self._pace.keeps and has_value
        if keeps:
            asyncio.get_running_loop().call_later(KEPT_SECONDS, self._end_unwatched)
        return keeps

    def _end_unwatched(self) -> None:
        if not self.listeners:
            self._end(self)

    def _submit(self, is_awaited: bool) -> Future[T]:
        if not is_awaited:
            return self._pool.submit(self._timed_reload)
        self._queue.enter()
        loading = self._pool.submit(self._timed_load)
        loading.add_done_callback(lambda _: self._queue.leave())
        return loading

    def _timed_load(self) -> T:
        began = time.monotonic()
        try:
            return self._load()
        finally:
            self.seconds = time.monotonic() - began

    def _timed_reload(self) -> T:
        began, paused = time.monotonic(), 0.0

        def pause(seconds: float) -> None:
            nonlocal paused
            since = time.monotonic()
            self._queue.pause(PAUSE * seconds)
            paused += time.monotonic() - since

        try:
            return self._reload(pause)
        finally:
            self.seconds = time.monotonic() - began - paused

    def _read(self, loading: Future[T]) -> FeedState[T]:
        last = self.state
        if not loading.done():
            self.seconds = self._pace.limit
            return FeedState(last.value, last.loaded_at, f"no answer within {self._pace.limit:g} s")
        self.loading = None
        if error := loading.exception():
            message = str(error).strip() or type(error).__name__
            return FeedState(last.value, last.loaded_at, message.splitlines()[0][:_MAX_MESSAGE])
        value = loading.result()
        return FeedState(value, int(time.time() * 1000), final=self._pace.final(value))


class Feeds(Generic[K, T]):
    """Feeds by key. A feed exists while somebody watches it, and for a few seconds longer.

    All loads run in one thread, one at a time. Use it on one event loop.

    Args:
        load: Loads the value of a key.
        every: Minimum seconds between two loads of a key.
        limit: Seconds after which a running load is reported as an error, until it ends.
        reload: Loads it again when nobody waits for it, with pauses; without it, `load` does.
        final: Whether a value no longer changes: it is loaded again only if it is told to be stale.
        keeps: Whether the last value is kept for the next watcher while the feed rests; not if it failed.
    """

    def __init__(
        self,
        load: Callable[[K], T],
        *,
        every: float,
        limit: float,
        reload: Callable[[K, Pause], T] | None = None,
        final: Callable[[T], bool] = lambda _: False,
        keeps: bool = True,
    ) -> None:
        self._load, self._pace = load, _Pace(every, limit, final, keeps)
        self._reload = reload or (lambda key, _: load(key))
        self._queue = _Queue()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="touchline-live")
        self._feeds: dict[K, _Feed[T]] = {}

    def watch(self, key: K, listener: Listener[T]) -> Callable[[], None]:
        """Call `listener` with each new state of `key`, and at once with the last one if there is one.

        Returns a function that ends this; it may be called more than once.
        """
        feed = self._feeds.get(key)
        if feed is None:
            load, reload = partial(self._load, key), partial(self._reload, key)
            end = partial(self._end, key)
            feed = _Feed(load, reload, self._queue, self._pool, self._pace, self._seconds_of_all, end)
            self._feeds[key] = feed
        elif feed.state.loaded_at or feed.state.error:
            listener(feed.state)
        feed.listeners.append(listener)

        def leave() -> None:
            if listener not in feed.listeners:
                return
            feed.listeners.remove(listener)
            if not feed.listeners:
                if not feed.keep():
                    self._end(key, feed)
                self._end_oldest()

        return leave

    def _end(self, key: K, feed: _Feed[T]) -> None:
        if self._feeds.get(key) is feed:
            del self._feeds[key]
            self._stop(feed)

    def _end_oldest(self) -> None:
        kept = [(key, feed) for key, feed in self._feeds.items() if not feed.listeners]
        for key, feed in kept[:-MOST_KEPT]:
            self._end(key, feed)

    def refresh(self) -> None:
        """Load all feeds again without a rest: somebody wrote what they show. Writes are rare and rated."""
        for feed in self._feeds.values():
            feed.stale.set()

    @property
    def watched(self) -> int:
        """The number of feeds with a watcher."""
        return sum(bool(feed.listeners) for feed in self._feeds.values())

    def _seconds_of_all(self) -> float:
        return sum(feed.seconds for feed in self._feeds.values() if feed.listeners and not feed.state.final)

    async def close(self) -> None:
        """Stop all feeds. Waits for running loads, up to the limit, so that the store can then be closed."""
        self._queue.enter()  # ends pauses
        feeds, self._feeds = list(self._feeds.values()), {}
        for feed in feeds:
            self._stop(feed)
        if loading := [feed.loading for feed in feeds if feed.loading is not None]:
            await _ended(loading, self._pace.limit)
        self._pool.shutdown(wait=False, cancel_futures=True)

    @staticmethod
    def _stop(feed: _Feed[T]) -> None:
        feed.task.cancel()
        if feed.loading is not None:
            feed.loading.cancel()  # cancels a queued load; a running one ends by itself


async def _ended(loading: list[Future[T]], limit: float) -> None:
    waiting = [asyncio.wrap_future(future) for future in loading]
    for future in waiting:
        # Marks the exception as retrieved; the owner of the load reads it too.
        future.add_done_callback(lambda done: done.cancelled() or done.exception())
    await asyncio.wait(waiting, timeout=limit)
