"""What cannot be sent goes to disk, and whichever process is up sends it."""

import sqlite3
import stat
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchline.sdk import (
    Accepted,
    Account,
    Batch,
    Limits,
    Memory,
    Outcome,
    Refused,
    Retry,
    TooLarge,
    Touchline,
)
from touchline.sdk.delivery.pace import Timing
from touchline.sdk.delivery.sender import Delivery, Options
from touchline.sdk.delivery.spool import LONGEST_LEASE_MS, Spool, Spooled, SpoolError, spool_path


class Fickle(Memory):
    """A transport that does not accept events until it is `up`, then returns scripted outcomes first.

    One that is `stuck` blocks until its `release`.
    """

    def __init__(self, *script: Outcome, up: bool = False, stuck: bool = False) -> None:
        super().__init__()
        self.script = list(script)
        self.up = up
        self.batches: list[Batch] = []
        self.entered, self.release = threading.Event(), threading.Event()
        if not stuck:
            self.release.set()

    def send(self, batch: Batch) -> Outcome:
        self.entered.set()
        self.release.wait(10)
        if not self.up:
            return Retry("down")
        self.batches.append(batch)
        outcome = self.script.pop(0) if self.script else Accepted()
        return super().send(batch) if isinstance(outcome, Accepted) else outcome

    def numbers(self) -> list[int]:
        return [event["data"]["number"] for event in self.events]


@pytest.fixture
def limits(quick: Limits) -> Limits:
    return replace(quick, request_seconds=0.05, exit_seconds=5)


def page(tl: Touchline, *numbers: int) -> None:
    for number in numbers:
        tl.track("page.viewed", {"account": "u"}, number=number)


def batch(*lines: bytes, number: int = 1) -> Batch:
    return Batch(lines, {}, Account("c-1", number, 0, len(lines), len(lines), {"invalid": 1}))


def test_batches_leave_a_spool_in_order_and_one_at_a_time(tmp_path: Path, limits: Limits) -> None:
    """A claimed batch is leased: another process gets the next one, and this one again after the lease."""
    one, other = (Spool(tmp_path / "s.sqlite", limits) for _ in range(2))
    assert one.claim(0) is None
    assert not one.path.exists()
    one.add([batch(b"{}", number=1), batch(b"{}", b"[]", number=2)], 1_000)
    first, second = one.claim(2_000), other.claim(2_000)
    assert isinstance(first, Spooled)
    assert isinstance(second, Spooled)
    assert (first.batch, second.batch) == (batch(b"{}", number=1), batch(b"{}", b"[]", number=2))
    assert one.claim(2_000) is None
    other.release(second)
    again = one.claim(2_000)
    assert isinstance(again, Spooled)
    assert again.batch == second.batch
    one.remove(again)
    late = other.claim(2_000 + 200)
    assert isinstance(late, Spooled)
    assert late.batch == first.batch
    assert one.claim(2_001 + 200) is None
    set_back = one.claim(2_000 - LONGEST_LEASE_MS)
    assert set_back is not None, "the clock was set back: the lease does not hold for hours"
    one.remove(late)
    assert (one.events(), other.claim(10_000)) == (0, None)
    assert stat.S_IMODE(one.path.stat().st_mode) == 0o600
    one.close()
    other.close()


def test_a_file_that_is_no_spool_is_an_error_of_the_spool(tmp_path: Path, limits: Limits) -> None:
    """A broken file, and a folder that cannot be made, raise SpoolError alone."""
    (tmp_path / "s.sqlite").write_bytes(b"not SQLite" * 1000)
    for path in (tmp_path / "s.sqlite", tmp_path / "s.sqlite" / "x.sqlite"):
        with pytest.raises(SpoolError):
            Spool(path, limits).add([batch(b"{}")], 0)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("account", "{"),
        ("account", '{"client": "c"}'),
        ("account", ""),
        ("lost", "3"),
        ("spooled_at", "noon"),
        ("body", "text"),
    ],
)
def test_a_damaged_batch_is_lost_alone(
    tmp_path: Path, limits: Limits, wait_for: Callable[..., None], column: str, value: str
) -> None:
    """A batch on disk that cannot be read is counted as lost; the client goes on, and sends the next ones."""
    transport, heard = Fickle(), Counter[str]()
    slow = replace(limits, retry_least=1)
    with Touchline(
        transport,
        source="shop",
        spool=tmp_path,
        limits=slow,
        on_loss=lambda reason, count: heard.update({reason: count}),
    ) as tl:
        page(tl, 1, 2)
        assert tl.flush(5)
        page(tl, 3)
        assert tl.flush(5)
        (path,) = tmp_path.glob("*.sqlite")
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(f"UPDATE batches SET {column} = ? WHERE id = 1", (value,))
        transport.up = True
        wait_for(lambda: tl.stats.forwarded == 1)
        page(tl, 4)
        assert tl.flush(5)
    assert heard == {"damaged": 2}
    assert sorted(transport.numbers()) == [3, 4]


def test_an_emptied_spool_gives_its_space_back(tmp_path: Path, limits: Limits) -> None:
    """Once the last batch is removed, the file and its log are as small as new ones."""
    spool = Spool(tmp_path / "s.sqlite", limits)
    spool.add([batch(b"x" * 100_000, number=number) for number in (1, 2)], 0)
    while found := spool.claim(0):
        spool.remove(found)
    assert sum(file.stat().st_size for file in tmp_path.iterdir() if file.suffix != ".sqlite-shm") < 50_000
    spool.close()


def test_a_spool_that_cannot_be_a_path_is_refused() -> None:
    """The constructor says so, rather than the thread that sends."""
    with pytest.raises(ValueError, match="spool holds a NUL character"):
        Touchline("memory://", source="shop", spool="/tmp/a\0b")


def test_clients_of_other_destinations_use_other_files(tmp_path: Path) -> None:
    """The file depends on the collector and on the source."""
    paths = {
        spool_path(tmp_path, url, source) for url in ("http://a", "http://b") for source in ("s", "../t")
    }
    assert len(paths) == 4
    assert {path.parent for path in paths} == {tmp_path}


def test_what_cannot_be_sent_is_sent_later_under_its_own_number(
    tmp_path: Path, limits: Limits, wait_for: Callable[..., None]
) -> None:
    """While the collector is away every batch goes to disk; afterwards each arrives once, in order."""
    transport = Fickle()
    with Touchline(transport, source="shop", spool=tmp_path, limits=limits) as tl:
        for start in range(0, 50, 10):
            page(tl, *range(start, start + 10))
            assert tl.flush(5)
        assert (tl.stats.spooled, tl.stats.lost) == (50, {})
        transport.up = True
        wait_for(lambda: tl.stats.forwarded == 50)
        assert tl.stats.emitted == 50
    files = [*tmp_path.iterdir()]
    assert files
    assert not any(b"page.viewed" in file.read_bytes() for file in files), "the file keeps no sent event"
    assert transport.numbers() == list(range(50))
    accounts = [batch.account for batch in transport.batches if batch.account]
    assert [(account.first, account.batch) for account in accounts] == sorted(
        (account.first, account.batch) for account in accounts
    )
    assert sum(len(batch.lines) for batch in transport.batches) == 50
    assert (accounts[0].first, accounts[-1].emitted) == (0, 50)


def test_another_process_sends_what_one_left_behind(
    tmp_path: Path, limits: Limits, wait_for: Callable[..., None]
) -> None:
    """A client sends what a closed one left on disk, as that client's batches, and reports its losses."""
    left = Touchline(Fickle(), source="shop", spool=tmp_path, limits=limits)
    page(left, 1, 2)
    left.track("page.viewed", {"account": "u"}, id=object())  # type: ignore[arg-type]
    assert left.close(5)
    assert left.stats.spooled == 2
    transport = Fickle(up=True)
    with Touchline(transport, source="shop", spool=tmp_path, limits=limits) as tl:
        page(tl, 3)
        wait_for(lambda: tl.stats.forwarded == 2)
        assert tl.flush(5)
        assert (tl.stats.emitted, tl.stats.accepted) == (1, 1)
        wait_for(lambda: len(transport.batches) == 3)
    assert sorted(transport.numbers()) == [1, 2, 3]
    clients = {batch.account.client: batch.account for batch in transport.batches if batch.account}
    assert sorted(account.emitted for account in clients.values()) == [1, 3]
    assert [batch.lost for batch in transport.batches if batch.lost] == [{"invalid": 1}]


@pytest.mark.parametrize(
    ("script", "lost"),
    [
        ([TooLarge(), TooLarge()], {}),
        ([Refused("HTTP 400")], {"refused": 4}),
        ([TooLarge(), TooLarge(), Accepted(), TooLarge()], {"too_large": 1}),
    ],
    ids=["halves", "refused", "too_large"],
)
def test_outcomes_of_a_batch_on_disk(
    tmp_path: Path, limits: Limits, wait_for: Callable[..., None], script: list[Outcome], lost: dict[str, int]
) -> None:
    """A batch on disk is halved or lost like one in memory, and its halves have numbers of their own."""
    transport = Fickle(*script)
    with Touchline(transport, source="shop", spool=tmp_path, limits=limits) as tl:
        page(tl, 1, 2, 3, 4)
        assert tl.flush(5)
        transport.up = True
        wait_for(lambda: tl.stats.forwarded + sum(tl.stats.lost.values()) == 4)
        assert tl.stats.lost == lost
        assert tl.stats.emitted == 4
        page(tl, 5)
        assert tl.flush(5)
    numbers = [batch.account.batch for batch in transport.batches if batch.account]
    assert len(set(numbers)) == len(numbers)
    last = transport.batches[-1].account
    assert last is not None
    assert (last.batch, last.lost) == (8, lost)


def test_what_a_wrong_key_refuses_waits_on_disk(
    tmp_path: Path, limits: Limits, wait_for: Callable[..., None]
) -> None:
    """If the collector refuses the client, not the batch, the events wait until that is mended."""
    transport = Fickle(*[Refused("HTTP 401", of_client=True)] * 5, up=True)
    with Touchline(transport, source="shop", spool=tmp_path, limits=limits) as tl:
        page(tl, 1, 2)
        wait_for(lambda: tl.stats.forwarded == 2)
        assert (tl.stats.spooled, tl.stats.lost) == (2, {})
    assert transport.numbers() == [1, 2]


def test_what_is_too_old_is_lost_as_expired(
    tmp_path: Path, limits: Limits, wait_for: Callable[..., None]
) -> None:
    """After `spool_seconds` events on disk are lost; a process that finds another's counts them apart."""
    heard: list[tuple[str, int]] = []
    short = replace(limits, spool_seconds=0.001)
    with Touchline(Fickle(), source="shop", spool=tmp_path, limits=short) as tl:
        page(tl, 1, 2)
    transport = Fickle(up=True)
    with Touchline(
        transport, source="shop", spool=tmp_path, limits=short, on_loss=lambda *loss: heard.append(loss)
    ) as tl:
        page(tl, 3)
        wait_for(lambda: heard == [("expired", 2)])
        page(tl, 4)
        assert tl.flush(5)
        assert (tl.stats.lost, tl.stats.emitted) == ({}, 2)
    assert transport.numbers() == [3, 4]
    assert [batch.lost for batch in transport.batches if batch.lost] == [{"expired": 2}]


def test_a_full_spool_keeps_events_in_memory(
    tmp_path: Path, limits: Limits, caplog: pytest.LogCaptureFixture, wait_for: Callable[..., None]
) -> None:
    """A spool at its bound is like none: events wait in memory, and all arrive."""
    transport = Fickle()
    tight = replace(limits, spool_bytes=64 * 1024, batch_events=10, retry_seconds=60)
    with Touchline(transport, source="shop", spool=tmp_path, limits=tight) as tl:
        for number in range(200):
            tl.track("page.viewed", {"account": "u"}, number=number, text="x" * 1_000)
        wait_for(lambda: "cannot be used now (SQLITE_FULL): events stay in memory" in caplog.text)
        assert (tl.stats.lost, tl.stats.spooled < 100, tl.stats.pending > 100) == ({}, True, True)
        transport.up = True
        wait_for(lambda: len(transport.events) == 200)
    assert sorted(transport.numbers()) == list(range(200))
    assert sum(file.stat().st_size for file in tmp_path.glob("*.sqlite")) <= 64 * 1024


def test_close_leaves_on_disk_what_is_not_sent_in_time(
    tmp_path: Path, limits: Limits, wait_for: Callable[..., None]
) -> None:
    """`close` keeps its time; the rest is on disk, and an event that is sent twice has one id."""
    stuck = Fickle(up=True, stuck=True)
    tl = Touchline(stuck, source="shop", spool=tmp_path, limits=replace(limits, batch_events=2))
    page(tl, 1, 2)
    assert stuck.entered.wait(5)
    page(tl, 3, 4, 5)
    began = monotonic()
    assert tl.close(0.05)
    assert monotonic() - began < 2
    assert (tl.stats.spooled, tl.stats.pending, tl.stats.lost) == (5, 0, {})
    stuck.release.set()
    transport = Fickle(up=True)
    with Touchline(transport, source="shop", spool=tmp_path, limits=limits) as other:
        page(other, 6)
        wait_for(lambda: other.stats.forwarded == 5)
    wait_for(lambda: len(stuck.events) == 2)
    assert sorted(transport.numbers()) == [1, 2, 3, 4, 5, 6]
    assert {event["id"] for event in stuck.events} < {event["id"] for event in transport.events}
    assert tl.stats.spooled == 5


def test_a_full_queue_goes_to_disk(tmp_path: Path, limits: Limits, wait_for: Callable[..., None]) -> None:
    """While the transport stands still, `track` writes what the queue cannot hold to disk."""
    stuck = Fickle(up=True, stuck=True)
    small = replace(limits, queue_events=50, batch_events=10, batch_seconds=30)
    tl = Touchline(stuck, source="shop", spool=tmp_path, limits=small)
    page(tl, *range(10))
    assert stuck.entered.wait(5)
    page(tl, *range(10, 500))
    assert tl.stats.lost == {}
    assert tl.stats.spooled >= 400
    stuck.release.set()
    assert tl.flush(10)
    wait_for(lambda: len(stuck.events) == 500)
    tl.close()
    assert sorted(event["data"]["number"] for event in stuck.events) == list(range(500))


def test_a_spool_that_fails_does_not_lose_what_the_queue_holds(tmp_path: Path, limits: Limits) -> None:
    """If the disk fails while the queue is full, the queue stays as it is and new events are lost."""
    (tmp_path / "file").write_text("no folder")
    stuck = Fickle(up=True, stuck=True)
    small = replace(limits, queue_events=50, batch_events=10, batch_seconds=30)
    tl = Touchline(stuck, source="shop", spool=tmp_path / "file", limits=small)
    page(tl, *range(10))
    assert stuck.entered.wait(5)
    page(tl, *range(10, 70))
    assert tl.stats.lost == {"queue_full": 10}
    stuck.release.set()
    assert tl.close(5)
    assert [event["data"]["number"] for event in stuck.events] == list(range(60))


def test_a_spool_without_a_broken_collector_is_not_created(tmp_path: Path, limits: Limits) -> None:
    """While the collector takes the events, no file is made."""
    with Touchline(Memory(), source="shop", spool=tmp_path / "new", limits=limits) as tl:
        page(tl, 1)
    assert not (tmp_path / "new").exists()


def test_the_folder_may_come_from_the_environment(
    tmp_path: Path, limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TOUCHLINE_SPOOL is the folder if the application passes none."""
    monkeypatch.setenv("TOUCHLINE_SPOOL", str(tmp_path))
    with Touchline(Fickle(), source="shop", limits=limits) as tl:
        page(tl, 1)
    assert tl.stats.spooled == 1
    assert len([*tmp_path.glob("shop-*.sqlite")]) == 1


def test_while_the_collector_is_down_attempts_are_few(tmp_path: Path) -> None:
    """During an outage batches go to disk without an attempt each: attempts keep to the backoff."""
    attempts: list[float] = []
    clock = [1_000.0]

    class Down(Memory):
        def send(self, batch: Batch) -> Outcome:
            attempts.append(clock[0])
            return Retry("down")

    limits = Limits(batch_events=10, batch_seconds=600, retry_least=1, retry_most=100)
    timing = Timing(now=lambda: clock[0], jitter=max, wall=lambda: clock[0])
    delivery = Delivery(Down(), Options(limits, timing=timing), Spool(tmp_path / "s.sqlite", limits))
    for _ in range(100):
        for _ in range(10):
            delivery.submit(b"{}")
        assert delivery.flushed(delivery.begin_flush(), 5)
        clock[0] += 1
    delivery.close(5)
    assert delivery.stats().spooled == 1_000
    assert 4 <= len(attempts) <= 10


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(["page", "page", "bad", "flush", "turn"]), max_size=40),
    st.lists(
        st.sampled_from([Accepted(), Retry("r"), TooLarge(), Refused("no")]),
        max_size=12,
    ),
    st.integers(1, 8),
    st.booleans(),
)
def test_with_a_spool_every_event_is_accounted_for_once(
    tmp_path_factory: pytest.TempPathFactory, calls: list[str], script: list[Outcome], bound: int, cut: bool
) -> None:
    """For any calls, outcomes and outages: what a second process finds on disk completes the account."""
    folder = tmp_path_factory.mktemp("spool")
    limits = Limits(
        queue_events=bound, batch_events=3, batch_seconds=0.001, retry_least=0.0005, retry_most=0.001
    )
    transport = Fickle(*script, up=True)
    tl = Touchline(transport, source="shop", spool=folder, limits=limits)
    emitted = 0
    for call in calls:
        match call:
            case "page":
                page(tl, emitted)
            case "bad":
                tl.track("page.viewed", {"account": "u"}, id=object())  # type: ignore[arg-type]
            case "flush":
                assert tl.flush(5)
            case "turn":
                transport.up = not transport.up
        emitted += call in ("page", "bad")
    assert tl.close(0 if cut else 5)
    # What the thread does after a close that did not wait: it may be sending from disk.
    for thread in threading.enumerate():
        if thread.name == "touchline":
            thread.join(10)
    stats = tl.stats
    assert (stats.emitted, stats.pending) == (emitted, 0)
    file = next(folder.glob("*.sqlite"), None)
    left = 0
    if file is not None:
        # `close` may write what the sending thread writes at the same moment: under the same number.
        connection = sqlite3.connect(file)
        left = sum(dict(connection.execute("SELECT account ->> 'batch', events FROM batches")).values())
        connection.close()
    lost_on_disk = stats.lost.get("refused", 0) + stats.lost.get("too_large", 0)
    assert stats.spooled <= left + stats.forwarded <= stats.spooled + lost_on_disk
    assert len({event["id"] for event in transport.events}) + left >= emitted - sum(stats.lost.values())


CRASH = """
import os, signal, sys
from touchline.sdk import Accepted, Limits, Retry, Touchline
from touchline.sdk.delivery.spool import Spool
point, folder, url = sys.argv[1:]
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
def dying(name, *, after):
    method = getattr(Spool, name)
    def replacement(self, *arguments):
        if after:
            method(self, *arguments)
        die()
    setattr(Spool, name, replacement)
if point == "before the write":
    dying("add", after=False)
elif point == "after the write":
    dying("add", after=True)
else:
    dying("remove", after=False)
tl = Touchline(url, source="shop", spool=folder, limits=Limits(batch_seconds=0.01, request_seconds=0.5))
for number in range(10):
    tl.track("page.viewed", {"account": "u"}, number=number)
tl.flush(10)
import time
time.sleep(10)
"""


@pytest.mark.parametrize(
    ("point", "arrives"),
    [("before the write", False), ("after the write", True), ("between sending and deleting", True)],
)
def test_a_killed_process_loses_what_it_held_in_memory_alone(
    tmp_path: Path, collector: Any, limits: Limits, wait_for: Callable[..., None], point: str, arrives: bool
) -> None:
    """Killed before the write, a process loses its batch; after it, the batch arrives, and counts once."""
    if point == "between sending and deleting":
        left = Touchline(collector.url, source="shop", spool=tmp_path, limits=limits)
        for _ in range(1_000):
            collector.will_answer(503)
        page(left, *range(10))
        assert left.flush(5)
        assert left.close(5)
        assert (left.stats.spooled, left.stats.forwarded) == (10, 0)
        collector.script.clear()
    else:
        collector.will_answer(503)
    done = subprocess.run(
        [sys.executable, "-c", CRASH, point, str(tmp_path), collector.url], timeout=30, check=False
    )
    assert done.returncode == -9
    with Touchline(collector.url, source="shop", spool=tmp_path, limits=limits) as tl:
        page(tl, 99)
        assert tl.flush(5)
        if arrives:
            wait_for(lambda: tl.stats.forwarded >= 10)
    numbers = [event["data"]["number"] for event in collector.events]
    assert len({event["id"] for event in collector.events}) == len(numbers)
    expected = set(range(10)) | {99} if arrives else {99}
    assert set(numbers) == expected
