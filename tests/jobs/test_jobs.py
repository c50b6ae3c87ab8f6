"""When jobs run, and what a failing one does to the others."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from tests.waiting import wait_for
from touchline.runtime.alerting.queries import Insert, Query, query_of
from touchline.services.jobs import runner
from touchline.services.jobs.job import Job
from touchline.services.jobs.metrics import JobMetrics
from touchline.services.jobs.runner import RETRY_SECONDS, Jobs, Workplace
from touchline.store import Store, StoreUnavailable

HOUR = 3_600.0
Run = Callable[[Query, Insert, int], None]


@pytest.fixture
def add(store: Store) -> Callable[[int], None]:
    """Stores so many more events."""
    count = [0]

    def insert(more: int) -> None:
        ids = [f"e{count[0] + number}" for number in range(more)]
        count[0] += more
        store.insert("events", {"id": ids, "time": [1_790_000_000_000] * more}, f"events {count[0]}")

    return insert


@pytest.fixture
def registry() -> CollectorRegistry:
    """Where the metrics are."""
    return CollectorRegistry()


@pytest.fixture
def place(store: Store, registry: CollectorRegistry) -> Workplace:
    """A workplace over the store."""
    return Workplace(query_of(store), store.insert, JobMetrics(registry), clock=lambda: 7.0)


def _jobs(place: Workplace, **runs: Run) -> Jobs:
    return Jobs([Job(name, int(HOUR * 1000), run) for name, run in runs.items()], place)


def test_a_job_runs_when_the_data_changed(place: Workplace, store: Store, add: Callable[[int], None]) -> None:
    """It waits for the first event, then runs after its pause if the store changed, and early if it grew."""
    ran: list[int] = []
    jobs = _jobs(place, count=lambda query, insert, now: ran.append(now))
    jobs.look(0.0)
    assert ran == []
    add(100)
    jobs.look(15.0)
    assert ran == [7_000]
    for moment in (30.0, 2 * HOUR):
        jobs.look(moment)
    assert len(ran) == 1
    add(10)
    jobs.look(3 * HOUR)
    assert len(ran) == 2
    add(10)
    jobs.look(3 * HOUR + 60)
    assert len(ran) == 2
    add(20)
    jobs.look(3 * HOUR + 120)
    assert len(ran) == 3
    # A merge changes no event.
    store.insert("identities", {"entity": ["account:1"], "version": [9]}, "merge")
    jobs.look(5 * HOUR)
    assert len(ran) == 4


def test_jobs_use_a_bounded_share_of_the_time(place: Workplace, add: Callable[[int], None]) -> None:
    """After a run, the next job waits as long as it took, and ten times as long once each has run."""
    ran: list[str] = []

    def slow(query: Query, insert: Insert, now: int) -> None:
        ran.append("slow")
        time.sleep(0.2)

    jobs = _jobs(place, slow=slow, quick=lambda query, insert, now: ran.append("quick"))
    add(1)
    for moment in (0.0, 0.3):
        jobs.look(moment)
    assert ran == ["slow"]
    jobs.look(2.0)
    assert ran == ["slow", "quick"]
    add(100)
    jobs.look(10.0)
    assert ran == ["slow", "quick", "slow"]
    jobs.look(11.5)
    assert ran == ["slow", "quick", "slow"]
    jobs.look(30.0)
    assert ran == ["slow", "quick", "slow", "quick"]


def test_a_failing_job_hurts_nothing_else(
    place: Workplace, registry: CollectorRegistry, add: Callable[[int], None]
) -> None:
    """Its failures are counted and it runs again after growing pauses; other jobs run as ever."""
    ran: list[str] = []

    def fail(query: Query, insert: Insert, now: int) -> None:
        ran.append("fail")
        if len(ran) % 2:
            raise StoreUnavailable("no answer")
        raise ZeroDivisionError

    jobs = _jobs(place, fail=fail, work=lambda query, insert, now: ran.append("work"))
    add(1)
    for moment in (0.0, 10.0, RETRY_SECONDS + 1, 2 * RETRY_SECONDS):
        jobs.look(moment)
    assert ran == ["fail", "work", "fail"]
    assert registry.get_sample_value("touchline_job_runs_total", {"job": "fail", "result": "failed"}) == 2
    assert registry.get_sample_value("touchline_job_runs_total", {"job": "work", "result": "done"}) == 1
    jobs.look(4 * RETRY_SECONDS)
    assert ran.count("fail") == 3


def test_who_lost_the_lease_writes_nothing(store: Store, add: Callable[[int], None]) -> None:
    """A job under way in a process that no longer leads cannot write."""
    registry = CollectorRegistry()
    place = Workplace(query_of(store), store.insert, JobMetrics(registry), owns=lambda: False)

    def write(query: Query, insert: Insert, now: int) -> None:
        rows: dict[str, Sequence[Any]] = {"rule": ["x"], "computed_at": [now]}
        insert("rule_impact", rows, "x")

    jobs = _jobs(place, write=write)
    add(1)
    jobs.look(0.0)
    assert store.query("SELECT count() FROM rule_impact").result_rows == [[0]]
    assert registry.get_sample_value("touchline_job_runs_total", {"job": "write", "result": "failed"}) == 1


def test_the_thread_starts_and_ends_during_a_run(
    place: Workplace, add: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of the process ends a run at its next query, and counts no failure."""
    monkeypatch.setattr(runner, "START_SECONDS", 0.01)
    queried, stopped = threading.Event(), threading.Event()
    ends: list[str] = []

    def run(query: Query, insert: Insert, now: int) -> None:
        queried.set()
        stopped.wait(10)
        query("SELECT 1", {})
        ends.append("went on")

    add(1)
    jobs = _jobs(place, run=run)
    jobs.start()
    assert queried.wait(10)
    threading.Timer(0.05, stopped.set).start()
    jobs.stop(10)
    wait_for(lambda: not any(thread.name == "touchline-jobs" for thread in threading.enumerate()))
    assert ends == []
