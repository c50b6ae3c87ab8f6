"""What a job is: a computation over the store that is repeated."""

from collections.abc import Callable
from dataclasses import dataclass

from touchline.config.settings import Settings
from touchline.friction import RuleSet
from touchline.runtime.alerting.queries import Insert, Query


@dataclass(frozen=True, slots=True)
class Job:
    """A computation over the store that is repeated.

    Args:
        name: What metrics and log lines call it.
        every: How long (ms) from the begin of a run to the next one; it runs sooner if the data grow much.
        run: Queries the store, appends rows to its tables, and takes the time (ms). What it raises ends the
            run and nothing else; the next one starts from the store alone.
        by_time: Whether it is due by time alone, also where the data did not change.
        mark: SQL for what else a run depends on, besides events and frictions; '' for nothing. After a
            change of it, the job is due at once.
    """

    name: str
    every: int
    run: Callable[[Query, Insert, int], None]
    by_time: bool = False
    mark: str = ""


JobMaker = Callable[[Settings, Callable[[], RuleSet]], Job]
"""Makes a job from the settings and what returns the rules in force."""
