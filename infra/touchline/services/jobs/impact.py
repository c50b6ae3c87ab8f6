"""The job that estimates what each rule's frictions cost, into the table `rule_impact`."""

from collections.abc import Callable

from touchline.config.settings import Settings
from touchline.engine.batch import columns
from touchline.friction import RuleSet
from touchline.runtime.alerting.queries import Insert, Query
from touchline.services.jobs.job import Job


def impact(settings: Settings, rules: Callable[[], RuleSet]) -> Job:
    """The job `impact`: the span, outcome and prices are those of the settings."""

    def run(query: Query, insert: Insert, now: int) -> None:
        # NumPy takes time and memory to load; a process whose store is empty never needs it.
        from touchline.analysis.reading.extent import extent
        from touchline.analysis.reading.impacts import Span, Surveyor
        from touchline.analysis.reading.stored_impact import impact_rows

        covered = extent(query, now)
        if covered is None:
            return
        _, until = covered
        in_force = {rule.id: rule for rule in rules().rules}
        span = Span(
            until - settings.impact_period,
            until,
            settings.impact_outcome,
            settings.impact_within,
            settings.contact_cost,
        )
        found = Surveyor(query, span, in_force).survey()
        insert("rule_impact", columns(impact_rows(found, in_force, now)), f"impact:{now}")

    return Job("impact", settings.impact_every, run)
