"""Feeds: watchers share loads, nothing loads without one, and errors keep the last value."""

import asyncio
import threading
import time
from collections.abc import Callable

import pytest

from tests.waiting import until
from touchline.live import feed
from touchline.live.feed import MOST_KEPT, Feeds, FeedState


async def test_all_watchers_of_a_key_share_its_loads() -> None:
    """Ten watchers of one key see the same values."""
    loads: list[str] = []

    def load(key: str) -> int:
        loads.append(key)
        return len(loads)

    feeds = Feeds(load, every=0.02, limit=5)
    seen: list[list[int | None]] = [[] for _ in range(10)]

    def listener(number: int) -> Callable[[FeedState[int]], None]:
        return lambda state: seen[number].append(state.value)

    for number in range(10):
        feeds.watch("a", listener(number))
    await until(lambda: len(loads) >= 3)
    await feeds.close()
    assert all(values == seen[0] for values in seen)
    assert seen[0] == list(range(1, len(seen[0]) + 1))


async def test_nothing_is_loaded_without_a_watcher() -> None:
    """No load starts before the first watcher and after the last one has left."""
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


async def test_many_feeds_rest_as_long_as_all_of_them_load() -> None:
    """Before it loads again, a feed rests nine times as long as the last loads of all feeds took."""
    seconds = 0.004
    loads: list[tuple[str, float, float]] = []

    def load(key: str) -> None:
        began = time.monotonic()
        time.sleep(seconds)
        loads.append((key, began, time.monotonic()))

    keys = "abcd"
    feeds = Feeds(load, every=0.001, limit=5)
    for key in keys:
        feeds.watch(key, lambda _: None)
    await until(lambda: len(loads) >= 12)
    await feeds.close()
    for number, (key, began, _) in enumerate(loads):
        before = loads[:number]
        if (last := next((one for one in reversed(before) if one[0] == key), None)) is None:
            continue
        loaded = {name for name, *_ in loads[: loads.index(last) + 1]}
        assert began - last[2] >= 9 * seconds * len(loaded)


async def test_a_failed_load_keeps_the_last_value() -> None:
    """While loads fail, the last value and its time stay; the next successful load clears the error."""
    failing = threading.Event()

    def load(_: str) -> str:
        if failing.is_set():
            raise ConnectionError("the store is away\nand more")
        return "figures"

    feeds = Feeds(load, every=0.01, limit=5)
    seen: list[FeedState[str]] = []
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
    """A load past its limit is reported as an error, and no second one starts until it ends."""
    started: list[str] = []
    release = threading.Event()

    def load(key: str) -> str:
        started.append(key)
        release.wait(10)
        return "late"

    feeds = Feeds(load, every=0.01, limit=0.05)
    seen: list[FeedState[str]] = []
    feeds.watch("a", seen.append)
    await until(lambda: len(seen) >= 2)
    assert seen[0].error == "no answer within 0.05 s"
    assert started == ["a"]
    release.set()
    await until(lambda: seen[-1].value == "late")
    await feeds.close()


async def test_a_new_watcher_gets_the_last_state_at_once() -> None:
    """A later watcher sees the current value without waiting for the next load."""
    feeds = Feeds(str.upper, every=60, limit=5)
    first: list[FeedState[str]] = []
    feeds.watch("a", first.append)
    await until(lambda: bool(first))
    second: list[FeedState[str]] = []
    feeds.watch("a", second.append)
    assert second == first
    await feeds.close()


async def test_a_watcher_that_raises_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    """The error of one watcher is logged, and the others are still called."""

    def broken(_: FeedState[str]) -> None:
        raise RuntimeError("no such page")

    feeds = Feeds(str.upper, every=0.01, limit=5)
    seen: list[FeedState[str]] = []
    feeds.watch("a", broken)
    feeds.watch("a", seen.append)
    await until(lambda: len(seen) >= 2)
    await feeds.close()
    assert "could not show new data" in caplog.text


async def test_a_final_value_is_loaded_once() -> None:
    """After a value that no longer changes nothing is loaded; a failure before it is repeated."""
    loads: list[str] = []

    def load(key: str) -> str:
        loads.append(key)
        if len(loads) == 1:
            raise ConnectionError("away")
        return key

    feeds = Feeds(load, every=0.01, limit=5, final=lambda value: value == "past")
    states: list[FeedState[str]] = []
    feeds.watch("past", states.append)
    await until(lambda: bool(states) and states[-1].final)
    await asyncio.sleep(0.1)
    assert loads == ["past", "past"]
    late: list[FeedState[str]] = []
    feeds.watch("past", late.append)
    assert [state.value for state in late] == ["past"]
    await feeds.close()


async def test_a_value_is_kept_for_the_next_watcher_while_its_feed_rests() -> None:
    """A watcher soon after the last one has left sees the value at once, and it is not loaded again."""
    loads: list[str] = []

    def load(key: str) -> str:
        loads.append(key)
        return key

    feeds = Feeds(load, every=60, limit=5)
    seen: list[FeedState[str]] = []
    leave = feeds.watch("a", seen.append)
    await until(lambda: bool(seen))
    leave()
    assert feeds.watched == 0
    feeds.watch("a", seen.append)
    assert [state.value for state in seen] == ["a", "a"]
    assert loads == ["a"]
    feeds.refresh()
    await until(lambda: len(loads) == 2)
    await feeds.close()


async def test_a_kept_value_ends_with_the_rest_a_write_or_too_many_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After its rest, after what people wrote, past a time, and past a number of values, none is kept."""
    feeds = Feeds(str.upper, every=60, limit=5)
    seen: list[FeedState[str]] = []

    async def visit(key: str) -> None:
        seen.clear()
        leave = feeds.watch(key, seen.append)
        await until(lambda: bool(seen))
        leave()

    def is_kept(key: str) -> bool:
        before = len(seen)
        feeds.watch(key, seen.append)()
        return len(seen) > before

    await visit("a")
    assert is_kept("a")
    feeds.refresh()
    await asyncio.sleep(0.05)
    assert not is_kept("a")
    for number in range(MOST_KEPT + 1):
        await visit(str(number))
    assert [number for number in range(MOST_KEPT + 1) if not is_kept(str(number))] == [0]
    monkeypatch.setattr(feed, "KEPT_SECONDS", 0.01)
    await visit("b")
    await asyncio.sleep(0.05)
    assert not is_kept("b")
    await feeds.close()
    resting = Feeds(str.upper, every=0.01, limit=5)
    leave = resting.watch("a", seen.append)
    await until(lambda: bool(seen))
    leave()
    await asyncio.sleep(0.05)
    seen.clear()
    resting.watch("a", seen.append)
    assert not seen
    await resting.close()


@pytest.mark.parametrize("keeps", [False, True])
async def test_an_error_is_not_kept(keeps: bool) -> None:
    """Who comes after a failure, or to a feed that keeps nothing, waits for a load of their own."""
    loads: list[str] = []

    def load(key: str) -> str:
        loads.append(key)
        if keeps:
            raise ConnectionError("away")
        return key

    feeds = Feeds(load, every=60, limit=5, keeps=keeps)
    seen: list[FeedState[str]] = []
    for number in (1, 2):
        leave = feeds.watch("a", seen.append)
        await until(lambda number=number: len(seen) == number)  # type: ignore[misc]
        leave()
    assert loads == ["a", "a"]
    await feeds.close()


async def test_a_value_whose_reload_failed_is_not_kept() -> None:
    """After a failure, the next watcher does not get the old value: it is loaded anew."""
    failing = threading.Event()
    loads: list[str] = []

    def load(key: str) -> int:
        loads.append(key)
        if failing.is_set():
            raise ConnectionError("away")
        return len(loads)

    feeds = Feeds(load, every=60, limit=5)
    seen: list[FeedState[int]] = []
    leave = feeds.watch("a", seen.append)
    await until(lambda: bool(seen))
    failing.set()
    feeds.refresh()
    await until(lambda: bool(seen[-1].error))
    leave()
    failing.clear()
    again: list[FeedState[int]] = []
    feeds.watch("a", again.append)
    assert not again
    await until(lambda: bool(again))
    assert (again[0].value, again[0].error) == (3, "")
    await feeds.close()


async def test_nobody_rests_for_a_final_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value that is not loaded again, however long it took, holds up no other."""
    monkeypatch.setattr(feed, "REST", 1_000)
    loads: list[str] = []

    def load(key: str) -> str:
        if key == "past":
            threading.Event().wait(0.05)
        loads.append(key)
        return key

    feeds = Feeds(load, every=0.01, limit=5, final=lambda value: value == "past")
    feeds.watch("past", lambda _: None)
    await until(lambda: loads == ["past"])
    feeds.watch("now", lambda _: None)
    # To rest a thousand times as long as both take would be 50 seconds.
    await until(lambda: loads.count("now") >= 3)
    await feeds.close()
