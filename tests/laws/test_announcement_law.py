"""The announced changes of frictions, applied one after the other, give the offline result: none is lost."""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.laws.announced import check_kinds, everything_announced, in_order, signals
from tests.laws.arrivals import END, Arrived, Decision, interleaved, some_decisions, some_events
from tests.laws.cluster import CrashError as ClusterCrashError
from tests.laws.mortal_worker import CrashError, crash_lists, work
from tests.laws.test_partition_law import run_cluster
from touchline.engine import flush
from touchline.engine.flush import CUSTOMER_STEPS, STEPS, CustomerStep, Step
from touchline.engine.memory import MemoryStore
from touchline.vocabulary.event import Event

FEWER = settings(max_examples=settings().max_examples // 5)
"""The laws of workers and clusters try the same flushes, many more times."""


@pytest.fixture(scope="module", autouse=True)
def announced() -> Iterator[None]:
    """All frictions are announced, in portions of two customers."""
    with everything_announced(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush, "FOLDED_TOGETHER", 2)
        yield


@FEWER
@given(some_events, some_decisions, st.randoms(use_true_random=True), crash_lists, st.booleans())
def test_changes_of_a_worker_end_with_the_offline_result(
    events: list[Event], decisions: list[Decision], random: Any, crashes: list[int], aimed: bool
) -> None:
    """With crashes at any write, with splits and erasures, the changes lead to what the store holds."""
    arrived, store = Arrived(), MemoryStore()
    for arrival in interleaved(random, events, decisions):
        arrived.add(arrival)
    work(arrived.log, store, random, crashes, END, aimed)
    arrived.check(store, END)
    _check(store)


@FEWER
@given(
    st.sampled_from([*STEPS, *CUSTOMER_STEPS]),
    some_events,
    some_decisions,
    st.randoms(use_true_random=True),
    st.integers(1, 6),
    st.booleans(),
)
def test_a_crash_at_any_step_loses_no_change(
    step: Step | CustomerStep,
    events: list[Event],
    decisions: list[Decision],
    random: Any,
    turn: int,
    after: bool,
) -> None:
    """A worker that dies before or after any step, those of each portion included, loses no change."""
    arrived, store = Arrived(), MemoryStore()
    for arrival in interleaved(random, events, decisions):
        arrived.add(arrival)
    countdown = [turn]

    def crash(*arguments: Any) -> None:
        countdown[0] -= 1
        if after:
            step.write(*arguments)
        if countdown[0] == 0:
            raise CrashError
        if not after:
            step.write(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        _replace(patch, step, crash)
        work(arrived.log, store, random, [0], END)
    arrived.check(store, END)
    _check(store)


@FEWER
@given(st.sampled_from([None, *STEPS, *CUSTOMER_STEPS]), st.integers(0, 2**32))
def test_changes_of_a_cluster_end_with_the_offline_result(
    step: Step | CustomerStep | None, seed: int
) -> None:
    """Topic and table, each read in its order, lead to the offline result; a repeat is no other change."""
    random = Random(seed)
    crashes = [None] * 8

    def crash(*arguments: Any) -> None:
        assert step is not None
        if crashes and random.random() < 0.3:
            crashes.pop()
            if random.random() < 0.5:
                step.write(*arguments)
            raise ClusterCrashError
        step.write(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        if step is not None:
            _replace(patch, step, crash)
        cluster, offline = run_cluster(random)
    _check(cluster.store, opened_once=False)
    published = [announcement.change for announcement in cluster.topic]
    check_kinds(published, opened_once=False)
    assert signals(published) == offline["signals"]
    assert {change.id for change in in_order(cluster.store)} <= {change.id for change in published}


def _replace(patch: pytest.MonkeyPatch, step: Step | CustomerStep, write: Any) -> None:
    for name, table in (("STEPS", STEPS), ("CUSTOMER_STEPS", CUSTOMER_STEPS)):
        steps = tuple(one._replace(write=write) if one is step else one for one in table)
        patch.setattr(flush, name, steps)


def _check(store: MemoryStore, *, opened_once: bool = True) -> None:
    """The stored changes lead to the stored frictions."""
    changes = in_order(store)
    check_kinds(changes, opened_once=opened_once)
    assert signals(changes) == sorted(
        [
            str(row["customer"]),
            str(row["id"]),
            row["rule"],
            row["anchor"],
            row["opened_at"],
            row["resolved_at"],
            list(row["evidence"]),
        ]
        for row in store.tables["frictions"].values()
        if row["status"] != "retracted"
    )
