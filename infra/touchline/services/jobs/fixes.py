"""The job that compares the time before and after each deployed change, into the table `change_effects`."""

from collections.abc import Callable

from touchline.config.settings import Settings
from touchline.engine.batch import columns
from touchline.friction import RuleSet
from touchline.runtime.alerting.queries import Insert, Query
from touchline.services.jobs.job import Job


def fixes(settings: Settings, rules: Callable[[], RuleSet]) -> Job:
    """The job `fixes`; the price of a friction is that of the last run of `impact`."""

    def run(query: Query, insert: Insert, now: int) -> None:
        # SciPy takes time and memory to load; a process whose store is empty never needs it.
        from touchline.analysis.periods import Extent
        from touchline.analysis.reading.extent import extent
        from touchline.analysis.reading.fixes import effect_rows

        covered = extent(query, now)
        if covered is None:
            return
        if rows := effect_rows(query, Extent(*covered, rules().reaches), now):
            insert("change_effects", columns(rows), f"fixes:{now}")

    return Job("fixes", settings.impact_every, run)
