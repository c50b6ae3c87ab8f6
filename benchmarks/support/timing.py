"""Timing: variants run in turn, round after round, on one core; the median of a variant's runs counts."""

import gc
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter, process_time
from typing import Any


class Stopwatch:
    """Adds up the wall-clock and processor seconds (all threads) spent inside `running`."""

    def __init__(self) -> None:
        self.wall = 0.0
        self.cpu = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Time the block."""
        wall, cpu = perf_counter(), process_time()
        yield
        self.cpu += process_time() - cpu
        self.wall += perf_counter() - wall


@dataclass
class Run:
    """One run of a variant over `events` events.

    `outcome()` returns what the run found; `counts` go into the report beside the times.
    """

    watch: Stopwatch
    events: int
    outcome: Callable[[], Any] = lambda: None
    counts: dict[str, float] = field(default_factory=dict)


Variant = Callable[[], Run]
"""Runs once over the same events."""


@dataclass
class Result:
    """A variant's figures over all rounds, and the outcome of its first run."""

    figures: dict[str, float]
    outcome: Any


def run_rounds(variants: Mapping[str, Variant], rounds: int) -> dict[str, Result]:
    """Run each variant once a round, for `rounds` rounds."""
    runs: dict[str, list[Run]] = {name: [] for name in variants}
    outcomes: dict[str, Any] = {}
    for number in range(rounds):
        for name, variant in variants.items():
            with frozen_garbage():
                run = variant()
                if number == 0:
                    outcomes[name] = run.outcome()
            run.outcome = lambda: None
            runs[name].append(run)
    return {name: Result(_figures(taken), outcomes[name]) for name, taken in runs.items()}


@contextmanager
def frozen_garbage() -> Iterator[None]:
    """Collect and freeze what exists, so that garbage collection inside the block walks new objects only.

    The collector stays on, as in production.
    """
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def pin_to_one_core() -> int | None:
    """Pin this process and its future threads to one core; return its number, or None if unsupported."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core


def _figures(runs: list[Run]) -> dict[str, float]:
    cpu = median(run.watch.cpu / run.events for run in runs)
    wall = median(run.watch.wall / run.events for run in runs)
    return {
        "events": runs[0].events,
        "events_per_second": round(1 / cpu),
        "cpu_us_per_event": round(cpu * 1e6, 2),
        "wall_us_per_event": round(wall * 1e6, 2),
        "best_cpu_us_per_event": round(min(run.watch.cpu / run.events for run in runs) * 1e6, 2),
        **runs[0].counts,
    }
