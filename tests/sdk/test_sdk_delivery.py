"""Delivery never blocks the application, and every event is settled exactly once."""

import logging
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchline.sdk import (
    Accepted,
    Batch,
    Limits,
    Memory,
    Outcome,
    Problem,
    Refused,
    Retry,
    TooLarge,
    Touchline,
)
from touchline.sdk.delivery.buffer import Buffer, Level, due
from touchline.sdk.delivery.pace import Timing, backoff
from touchline.sdk.delivery.problem import Problems
from touchline.sdk.delivery.sender import Delivery, Options


class Gate(Memory):
    """A transport that blocks until it is opened, and then returns scripted outcomes first."""

    def __init__(self, *script: Outcome | Exception, open: bool = True) -> None:
        super().__init__()
        self.script = list(script)
        self.open = threading.Event()
        self.entered = threading.Event()
        if open:
            self.open.set()

    def send(self, batch: Batch) -> Outcome:
        self.entered.set()
        self.open.wait(10)
        if not self.script:
            return super().send(batch)
        outcome = self.script.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        if isinstance(outcome, Accepted):
            super().send(batch)
            return Accepted({"time": len(batch.lines)} if outcome.quarantined else {})
        return outcome


def page(tl: Touchline, count: int = 1, **data: Any) -> None:
    for number in range(count):
        tl.track("page.viewed", {"account": "u"}, number=number, **data)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.sampled_from(["good", "set", "naive", "huge", "flush"]), max_size=40),
    st.lists(
        st.sampled_from(
            [
                Accepted(),
                Accepted({"time": 1}),
                Retry("r"),
                Retry("r", 0.0),
                TooLarge(),
                Refused("no"),
                OSError(),
            ]
        ),
        max_size=12,
    ),
    st.integers(1, 8),
    st.booleans(),
)
def test_every_event_is_accounted_for_once(
    calls: list[str], answers: list[Outcome | Exception], bound: int, cut: bool
) -> None:
    """For any calls and outcomes: emitted = accepted + quarantined + lost."""
    gate = Gate(*answers)
    called_back: Counter[str] = Counter()
    tl = Touchline(
        gate,
        source="shop",
        on_loss=lambda reason, count: called_back.update({reason: count}),
        limits=Limits(
            queue_events=bound,
            batch_events=3,
            batch_seconds=0.001,
            event_bytes=1000,
            retry_least=0.0005,
            retry_most=0.001,
            retry_seconds=0.004,
        ),
    )
    emitted = 0
    for call in calls:
        match call:
            case "good":
                page(tl)
            case "set":
                tl.track("page.viewed", {"account": "u"}, id={1, object()})  # type: ignore[arg-type]
            case "naive":
                tl.track("page.viewed", {"account": "u"}, time="noon")  # type: ignore[arg-type]
            case "huge":
                page(tl, text="x" * 1000)
            case "flush":
                assert tl.flush(5)
        emitted += call != "flush"
    closed = tl.close(0 if cut else 5)
    page(tl)
    stats = tl.stats
    assert stats.pending == 0
    assert stats.accepted + stats.quarantined + sum(stats.lost.values()) == emitted + 1 == stats.emitted
    assert stats.lost["closed"] == 1
    if closed:
        assert stats.accepted + stats.quarantined == len(gate.events)
    if not cut:
        heard: Counter[str] = Counter({"quarantined": stats.quarantined})
        heard.update(stats.lost)
        assert called_back == heard - Counter({"closed": 1})


def test_track_does_not_wait_for_a_transport_that_stands_still(quick: Limits) -> None:
    """While the transport blocks, `track` returns at once; events past the bound are counted as lost."""
    gate = Gate(open=False)
    tl = Touchline(
        gate, source="shop", limits=replace(quick, queue_events=50, batch_events=10, batch_seconds=30)
    )
    page(tl, 10)
    assert gate.entered.wait(5)
    began = monotonic()
    page(tl, 1_000)
    assert monotonic() - began < 1
    assert tl.stats.lost == {"queue_full": 950}
    assert not tl.flush(0.01)
    gate.open.set()
    assert tl.flush(5)
    assert tl.stats.accepted == 60
    assert [event["data"]["number"] for event in gate.events] == [*range(10), *range(50)]
    tl.close()


def test_the_queue_is_bounded_in_bytes(quick: Limits) -> None:
    """The queued bytes never exceed their bound."""
    gate = Gate(open=False)
    tl = Touchline(gate, source="shop", limits=replace(quick, queue_bytes=40_000, batch_bytes=1))
    page(tl)
    assert gate.entered.wait(5)
    page(tl, 10, text="x" * 10_000)
    assert tl.stats.lost == {"queue_full": 7}
    gate.open.set()
    assert tl.close()
    assert len(gate.events) == 4


def test_threads_share_a_client(quick: Limits) -> None:
    """Events of several threads arrive once each, and in order per thread."""
    memory = Memory()
    with Touchline(memory, source="shop", limits=replace(quick, queue_events=100_000)) as tl:
        threads = [threading.Thread(target=page, args=(tl, 500), kwargs={"thread": n}) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for n in range(4):
        mine = [event["data"]["number"] for event in memory.events if event["data"]["thread"] == n]
        assert mine == list(range(500))


def test_nothing_runs_before_the_first_event(quick: Limits) -> None:
    """The thread starts with the first event and ends with close."""
    before = threading.active_count()
    tl = Touchline("memory://", source="shop", limits=quick)
    assert threading.active_count() == before
    assert tl.flush(0)
    page(tl)
    assert threading.active_count() == before + 1
    assert tl.close()
    assert threading.active_count() == before
    assert tl.close()


def test_events_tracked_after_close_are_lost_as_closed(caplog: pytest.LogCaptureFixture) -> None:
    """A closed client does not raise; it counts the losses and logs them once."""
    tl = Touchline("memory://", source="shop")
    tl.close()
    page(tl, 3)
    assert tl.flush(0)
    assert tl.stats.lost == {"closed": 3}
    assert caplog.text.count("events lost, closed") == 1


def test_close_takes_one_more_attempt_at_once(quick: Limits) -> None:
    """`close` ends a long wait: the batch is tried once more, at once."""
    gate = Gate(Retry("away", after=60))
    tl = Touchline(gate, source="shop", limits=replace(quick, retry_most=60, retry_seconds=600))
    page(tl)
    assert gate.entered.wait(5)
    assert tl.close(5)
    assert len(gate.events) == 1


def test_an_outcome_after_close_timed_out_is_not_counted_again(quick: Limits) -> None:
    """Events that `close` counted as undelivered stay so, even if the transport still delivers them."""
    gate = Gate(open=False)
    tl = Touchline(gate, source="shop", limits=replace(quick, batch_events=2))
    page(tl, 3)
    assert gate.entered.wait(5)
    [thread] = [thread for thread in threading.enumerate() if thread.name == "touchline"]
    assert not tl.close(0.01)
    gate.open.set()
    thread.join(5)
    assert not thread.is_alive()
    assert tl.stats.lost == {"undelivered": 3}
    assert tl.stats.accepted == 0


def test_a_full_batch_does_not_wait_for_its_time(wait_for: Callable[..., None]) -> None:
    """A batch is sent as soon as it is full, by events or by bytes."""
    memory = Memory()
    limits = Limits(batch_seconds=60, batch_events=100, batch_bytes=2_000)
    with Touchline(memory, source="shop", limits=limits) as tl:
        tl.track("page.viewed", {"account": "u"}, text="x" * 2_000)
        wait_for(lambda: len(memory.events) == 1)
    limits = replace(limits, batch_bytes=500_000)
    with Touchline(memory, source="shop", limits=limits) as tl:
        page(tl, 100)
        wait_for(lambda: len(memory.events) == 101)


class Clock:
    """A clock that pauses alone move. It records every pause."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.pauses: list[float] = []

    def timing(self, jitter: Callable[[float, float], float]) -> Timing:
        return Timing(now=lambda: self.now, pause=self.pause, jitter=jitter)

    def pause(self, buffer: Buffer, seconds: float) -> None:
        assert seconds > 0
        self.pauses.append(round(seconds, 6))
        self.now += seconds


def pauses(
    outcomes: list[Outcome | Exception], limits: Limits, jitter: Callable[[float, float], float] = max
) -> list[float]:
    """Send one event through `outcomes`; returns the pauses between the attempts."""
    clock = Clock()
    delivery = Delivery(Gate(*outcomes), Options(limits, timing=clock.timing(jitter)))
    delivery.submit(b"{}")
    assert delivery.flushed(delivery.begin_flush(), 5)
    assert delivery.close(5)
    return clock.pauses


RETRIES = Limits(batch_seconds=600, retry_least=0.2, retry_most=3, retry_seconds=60)


@pytest.mark.parametrize(
    ("jitter", "expected"),
    [(max, [0.2, 0.4, 0.8, 1.6, 3.0, 3.0]), (min, [0.1, 0.2, 0.4, 0.8, 1.5, 1.5])],
)
def test_the_wait_before_each_retry_doubles_up_to_its_bound(
    jitter: Callable[[float, float], float], expected: list[float]
) -> None:
    """Each wait lies between half of its bound and its bound, which doubles up to `retry_most`."""
    assert pauses([Retry("down")] * 6, RETRIES, jitter) == expected


@pytest.mark.parametrize(("after", "pause"), [(0.0, 0.2), (1.5, 1.5), (3600.0, 3.0)])
def test_retry_after_replaces_the_backoff_within_the_bounds(after: float, pause: float) -> None:
    """A Retry-After is raised to `retry_least` and cut to `retry_most`."""
    assert pauses([Retry("busy", after)], RETRIES) == [pause]


def test_a_batch_is_retried_until_its_time_is_over() -> None:
    """The last wait ends within `retry_seconds`; then the batch is lost and no attempt follows."""
    assert pauses([Retry("down")] * 100, replace(RETRIES, retry_seconds=10)) == [0.2, 0.4, 0.8, 1.6, 3.0, 3.0]


def test_a_long_wait_is_split_to_announce_losses() -> None:
    """A wait longer than `batch_seconds` is a series of pauses of that length and a rest."""
    assert pauses([Retry("busy", 2.5)], replace(RETRIES, batch_seconds=1)) == [1.0, 1.0, 0.5]


def test_a_transport_that_raises_is_tried_again(quick: Limits) -> None:
    """An exception in a transport counts as `Retry`; the thread goes on."""
    gate = Gate(ValueError("a@b.example"), KeyError("x"))
    with Touchline(gate, source="shop", limits=quick) as tl:
        page(tl)
        assert tl.flush(5)
        assert tl.stats.accepted == 1


def test_losses_are_called_back_on_another_thread(quick: Limits, wait_for: Callable[..., None]) -> None:
    """The callback gets reasons and counts in the SDK's thread; an exception in it is harmless."""
    calls: list[tuple[str, int, str]] = []

    def on_loss(reason: str, count: int) -> None:
        calls.append((reason, count, threading.current_thread().name))
        raise LookupError

    with Touchline("memory://", source="shop", limits=quick, on_loss=on_loss) as tl:
        for _ in range(2):
            tl.track("page.viewed", {"account": "u"}, id=object())  # type: ignore[arg-type]
        wait_for(lambda: sum(count for _, count, _ in calls) == 2)
        page(tl)
        assert tl.flush(5)
    assert {(reason, thread) for reason, _, thread in calls} == {("invalid", "touchline")}


def test_problems_are_called_back_as_they_are_logged(
    collector: Any, quick: Limits, caplog: pytest.LogCaptureFixture
) -> None:
    """`on_error` gets the first problem of each kind and reason; an exception in it is harmless."""
    problems: list[Problem] = []
    threads: set[str] = set()

    def on_error(problem: Problem) -> None:
        problems.append(problem)
        threads.add(threading.current_thread().name)
        raise LookupError

    collector.refused_types = {"no.such": "unknown_type", "old.one": "unknown_version"}
    heard: list[tuple[str, int]] = []
    with Touchline(
        collector.url, source="s", limits=quick, on_error=on_error, on_loss=lambda *loss: heard.append(loss)
    ) as tl:
        for type in ("no.such", "no.such", "old.one"):
            tl.track(type, {"account": "u"})
            assert tl.flush(5)
        page(tl, price=float("nan"))
        assert tl.flush(5)
    by_reason = {(problem.kind, problem.reason): problem for problem in problems}
    unknown = by_reason["quarantined", "unknown_type"]
    assert (unknown.type, unknown.field) == ("no.such", "type")
    assert by_reason["quarantined", "unknown_version"].count == 1
    assert by_reason["omitted", "no_json"].field == "data.price"
    assert sum(problem.count for problem in problems if problem.kind == "quarantined") == 3
    assert sum(count for reason, count in heard if reason == "quarantined") == 3
    assert "touchline" in threads
    assert next(line for line in caplog.messages if "quarantined" in line) == str(unknown)


def test_the_reasons_that_are_held_apart_are_bounded() -> None:
    """However many reasons a collector makes up, few are held; the rest are one."""
    problems = Problems()
    for number in range(1_000):
        problems.add(Problem("quarantined", f"r-{number}", 1))
        problems.report(0.0)
    problems.add(Problem("quarantined", "r-0", 1))
    assert len(problems._next) <= 51
    assert {key[1] for key in problems._held} == {"other", "r-0"}


def test_the_log_is_short_and_holds_no_value(quick: Limits, caplog: pytest.LogCaptureFixture) -> None:
    """A thousand losses make a few log lines, without any value of an event."""
    caplog.set_level(logging.DEBUG)
    gate = Gate(ValueError("u-secret"), Refused("HTTP 401"))
    with Touchline(gate, source="shop", limits=quick) as tl:
        for _ in range(500):
            tl.track("page.viewed", {"email": "u-secret"}, channel=object())  # type: ignore[arg-type]
            tl.track("page.viewed", {"email": "u-secret"}, time="u-secret")  # type: ignore[arg-type]
        tl.track("page.viewed", {"email": "u-secret"})
        tl.flush(5)
    lines = [record.getMessage() for record in caplog.records]
    assert 2 <= len(lines) <= 6
    assert "secret" not in caplog.text
    assert sum(int(line.split()[0]) for line in lines if "lost, invalid" in line) == 1_000
    assert any("1 events lost, refused: " in line and "(HTTP 401)" in line for line in lines)


def test_a_signal_handler_may_track_while_its_thread_tracks() -> None:
    """The buffer's lock is reentrant: a put inside a put does not wait for itself."""
    buffer = Buffer(Limits())
    done = threading.Event()

    class Line(bytes):
        def __len__(self) -> int:
            buffer.put(b"inner")
            return 5

    def put() -> None:
        buffer.put(Line(b"outer"))
        done.set()

    threading.Thread(target=put, daemon=True).start()
    assert done.wait(5)
    assert buffer.added == 2


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (Level(0, 0, 9.0), False),
        (Level(1, 10, 0.4), False),
        (Level(1, 10, 0.5), True),
        (Level(99, 499_999, 0.0), False),
        (Level(100, 10, 0.0), True),
        (Level(2, 500_000, 0.0), True),
    ],
)
def test_a_batch_is_due(level: Level, expected: bool) -> None:
    """Enough events, enough bytes or enough time make a batch; nothing makes none."""
    assert due(level, Limits()) is expected


@given(st.lists(st.integers(1, 60), max_size=50), st.integers(1, 10), st.integers(1, 100))
def test_what_is_put_is_taken_in_order(sizes: list[int], most_events: int, most_bytes: int) -> None:
    """Every line is taken once and in order, in batches within both bounds, or alone."""
    buffer = Buffer(Limits())
    lines = [bytes([number]) * size for number, size in enumerate(sizes)]
    for line in lines:
        assert buffer.put(line) is None
    batches = []
    while batch := buffer.take(most_events, most_bytes):
        batches.append(batch)
    assert [line for batch in batches for line in batch] == lines
    assert all(len(b) == 1 or (len(b) <= most_events and sum(map(len, b)) <= most_bytes) for b in batches)
    assert buffer.level()[:2] == (0, 0)


def test_what_is_put_back_counts_as_never_taken() -> None:
    """Lines that are put back are the next ones again, under the numbers that they had."""
    buffer = Buffer(Limits())
    for line in (b"a", b"bc", b"d"):
        buffer.put(line)
    buffer.put_back(buffer.take(2, 100))
    assert (buffer.taken, buffer.level()[:2]) == (0, (3, 4))
    assert buffer.take(3, 100) == [b"a", b"bc", b"d"]


def test_waits_double_up_to_their_bound() -> None:
    """The bound of a wait doubles with each attempt, up to `retry_most`."""
    waits = [backoff(attempt, Limits(retry_least=0.2, retry_most=30)) for attempt in range(3)]
    assert waits == [0.2, 0.4, 0.8]
    assert backoff(10_000, Limits(retry_most=30)) == 30
