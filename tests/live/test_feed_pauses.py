"""Pauses of feeds: reloads that nobody waits for leave the store to others between queries."""

import threading
import time

import pytest

from tests.waiting import until
from touchline.live.feed import Feeds, FeedState, Pause
from touchline.live.queries import Answer, Paced


async def test_only_loads_that_nobody_waits_for_pause() -> None:
    """The first load does not pause, later ones do; for the time of pauses a feed need not rest."""
    paused: list[float] = []

    def reload(key: str, pause: Pause) -> str:
        began = time.monotonic()
        pause(0.02)
        paused.append(time.monotonic() - began)
        return key

    feeds = Feeds(lambda key: key, every=0.01, limit=5, reload=reload)
    seen: list[FeedState[str]] = []
    feeds.watch("a", seen.append)
    await until(lambda: len(seen) == 1)
    assert not paused
    await until(lambda: len(seen) == 3)
    assert min(paused) >= 0.06
    # Rested is for work alone: nine times as long as the pauses would be a second.
    began = time.monotonic()
    await until(lambda: len(seen) == 5)
    assert time.monotonic() - began < 1
    await feeds.close()


async def test_who_wrote_waits_for_no_pause() -> None:
    """The load after a write does not pause."""
    reloaded: list[str] = []

    def reload(key: str, _: Pause) -> str:
        reloaded.append(key)
        return key

    feeds = Feeds(lambda key: key, every=60, limit=5, reload=reload)
    seen: list[FeedState[str]] = []
    feeds.watch("a", seen.append)
    await until(lambda: len(seen) == 1)
    feeds.refresh()
    await until(lambda: len(seen) == 2)
    await feeds.close()
    assert not reloaded


class _Refresh:
    """Reloads a key with a pause of a minute; `began` is set when it starts."""

    def __init__(self) -> None:
        self.began = threading.Event()

    def __call__(self, key: str, pause: Pause) -> str:
        self.began.set()
        pause(20)
        return key


async def test_a_pause_ends_when_somebody_waits() -> None:
    """A page that opens does not wait for the pauses of the refresh before it."""
    refresh = _Refresh()
    feeds = Feeds(lambda key: key, every=0.01, limit=5, reload=refresh)
    opened: list[FeedState[str]] = []
    feeds.watch("a", lambda _: None)
    await until(refresh.began.is_set)
    feeds.watch("b", opened.append)
    await until(lambda: bool(opened), limit=2)
    assert opened[0].value == "b"
    await feeds.close()


async def test_pauses_end_with_the_page() -> None:
    """Feeds that are closed wait for no pause."""
    refresh = _Refresh()
    feeds = Feeds(lambda key: key, every=0.01, limit=30, reload=refresh)
    feeds.watch("a", lambda _: None)
    await until(refresh.began.is_set)
    began = time.monotonic()
    await feeds.close()
    assert time.monotonic() - began < 2


async def test_pauses_are_no_delay_of_the_store() -> None:
    """A refresh that takes long because it pauses is not reported as a query without an answer."""

    def reload(key: str, pause: Pause) -> str:
        pause(0.05)
        return key

    feeds = Feeds(lambda key: key, every=0.01, limit=0.1, reload=reload)
    seen: list[FeedState[str]] = []
    feeds.watch("a", seen.append)
    await until(lambda: len(seen) == 3)
    await feeds.close()
    assert [state.error for state in seen] == ["", "", ""]


def test_a_paced_store_pauses_after_each_query() -> None:
    """Each query is followed by a pause, also one that fails."""
    paused: list[float] = []

    class Failing:
        def query(self, sql: str, parameters: dict[str, object]) -> Answer:
            raise ConnectionError(sql)

    paced = Paced(Failing(), paused.append)
    for sql in ("one", "two"):
        with pytest.raises(ConnectionError, match=sql):
            paced.query(sql, {})
    assert len(paused) == 2
    assert min(paused) >= 0
