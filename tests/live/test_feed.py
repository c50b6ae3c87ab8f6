"""Feeds: one load for all who watch, none while nobody does, and failures that keep the last value."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from touchline.live.feed import Feeds, Reading


async def until(condition: Callable[[], bool], limit: float = 5.0) -> None:
    """Wait for a condition, at most `limit` seconds."""
    async with asyncio.timeout(limit):
        while not condition():
            await asyncio.sleep(0.005)


async def test_all_watchers_of_a_key_share_its_loads() -> None:
    """Ten watchers of one key see the same values, from loads that run one at a time."""
    loads: list[str] = []

    def load(key: str) -> int:
        loads.append(key)
        return len(loads)

    feeds = Feeds(load, every=0.02, limit=5)
    seen: list[list[int | None]] = [[] for _ in range(10)]

    def hear(number: int) -> Callable[[Reading[int]], None]:
        return lambda reading: seen[number].append(reading.value)

    for number in range(10):
        feeds.watch("a", hear(number))
    await until(lambda: len(loads) >= 3)
    await feeds.close()
    assert all(one == seen[0] for one in seen)
    assert seen[0] == list(range(1, len(seen[0]) + 1))


async def test_nothing_is_loaded_while_nobody_watches() -> None:
    """Before the first watcher comes and after the last has left, no load starts."""
    loads: list[str] = []
    feeds = Feeds(loads.append, every=0.01, limit=5)
    await asyncio.sleep(0.05)
    assert not loads
    leave = feeds.watch("a", lambda _: None)
    await until(lambda: len(loads) >= 2)
    leave()
    leave()
    assert feeds.watched == 0
    await asyncio.sleep(0.05)
    before = len(loads)
    await asyncio.sleep(0.1)
    assert len(loads) == before
    await feeds.close()


async def test_a_failed_load_keeps_the_last_value_and_says_why() -> None:
    """While loads fail the last good value and its time stay; the next good load clears the error."""
    failing = threading.Event()

    def load(_: str) -> str:
        if failing.is_set():
            raise ConnectionError("the store is away\nand more")
        return "figures"

    feeds = Feeds(load, every=0.01, limit=5)
    seen: list[Reading[str]] = []
    feeds.watch("a", seen.append)
    await until(lambda: bool(seen))
    failing.set()
    await until(lambda: bool(seen[-1].error))
    assert (seen[-1].value, seen[-1].error) == ("figures", "the store is away")
    assert 0 < seen[-1].loaded_at <= seen[0].loaded_at + 60_000
    failing.clear()
    await until(lambda: not seen[-1].error)
    await feeds.close()


async def test_a_load_that_hangs_is_reported_and_never_started_twice() -> None:
    """A load past its limit is a failure that the page hears of, and is not asked for again until it ends."""
    started: list[str] = []
    release = threading.Event()

    def load(key: str) -> str:
        started.append(key)
        release.wait(10)
        return "late"

    feeds = Feeds(load, every=0.01, limit=0.05)
    seen: list[Reading[str]] = []
    feeds.watch("a", seen.append)
    await until(lambda: len(seen) >= 2)
    assert seen[0].error == "no answer within 0.05 s"
    assert started == ["a"]
    release.set()
    await until(lambda: seen[-1].value == "late")
    await feeds.close()


async def test_a_new_watcher_gets_the_last_reading_at_once() -> None:
    """Who comes later sees what the others see without waiting for the next load."""
    feeds = Feeds(str.upper, every=60, limit=5)
    first: list[Reading[str]] = []
    feeds.watch("a", first.append)
    await until(lambda: bool(first))
    second: list[Reading[str]] = []
    feeds.watch("a", second.append)
    assert second == first
    await feeds.close()


async def test_a_watcher_that_raises_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    """One page's failure is logged and the other pages go on."""

    def broken(_: Reading[str]) -> None:
        raise RuntimeError("no such page")

    feeds = Feeds(str.upper, every=0.01, limit=5)
    seen: list[Reading[str]] = []
    feeds.watch("a", broken)
    feeds.watch("a", seen.append)
    await until(lambda: len(seen) >= 2)
    await feeds.close()
    assert "could not take a new reading" in caplog.text
