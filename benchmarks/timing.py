"""Timing: contestants take turns, round after round, on one core; the median of a contestant counts."""

import gc
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter, process_time
from typing import Any


class Stopwatch:
    """Counts wall and processor seconds of what runs inside `running`, all threads."""

    def __init__(self) -> None:
        self.wall = 0.0
        self.cpu = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count what happens inside."""
        wall, cpu = perf_counter(), process_time()
        yield
        self.cpu += process_time() - cpu
        self.wall += perf_counter() - wall


@dataclass
class Turn:
    """One turn of a contestant: its time for `events`, `counts` worth telling, and how to see the outcome."""

    watch: Stopwatch
    events: int
    outcome: Callable[[], Any] = lambda: None
    counts: dict[str, float] = field(default_factory=dict)


@dataclass
class Standing:
    """A contestant after all rounds; `outcome` is that of its first turn."""

    figures: dict[str, float]
    outcome: Any


def compete(contestants: Mapping[str, Callable[[], Turn]], rounds: int) -> dict[str, Standing]:
    """Let each take its turn `rounds` times, in turn."""
    turns: dict[str, list[Turn]] = {name: [] for name in contestants}
    outcomes: dict[str, Any] = {}
    for number in range(rounds):
        for name, take_turn in contestants.items():
            with undisturbed():
                turn = take_turn()
                if number == 0:
                    outcomes[name] = turn.outcome()
            turn.outcome = lambda: None
            turns[name].append(turn)
    return {name: Standing(_figures(taken), outcomes[name]) for name, taken in turns.items()}


@contextmanager
def undisturbed() -> Iterator[None]:
    """For one turn: the garbage collector is on, as in production, and begins it with nothing to do.

    What was prepared before is frozen, and is not walked over again.
    """
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def one_core() -> int | None:
    """Keep this process, and the threads it will start, on one core; which, or None where that cannot be."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core


def _figures(turns: list[Turn]) -> dict[str, float]:
    cpu = median(turn.watch.cpu / turn.events for turn in turns)
    wall = median(turn.watch.wall / turn.events for turn in turns)
    return {
        "events": turns[0].events,
        "events_per_second": round(1 / cpu),
        "cpu_us_per_event": round(cpu * 1e6, 2),
        "wall_us_per_event": round(wall * 1e6, 2),
        "best_cpu_us_per_event": round(min(turn.watch.cpu / turn.events for turn in turns) * 1e6, 2),
        **turns[0].counts,
    }
