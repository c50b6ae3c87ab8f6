"""The jobs that make the audit and the weekly digest, and send the digest."""

from collections.abc import Callable
from typing import Final

import structlog

from touchline.config.settings import Settings
from touchline.friction import RuleSet
from touchline.runtime.alerting.queries import Insert, Query
from touchline.services.jobs.job import Job
from touchline.vocabulary.durations import DAY, HOUR

AUDITED: Final = 30 * DAY
"""How long a time (ms) the audit covers."""

SETTLED: Final = 6 * HOUR
"""How long (ms) after a week its digest is made: by then, late events have come."""

_logger = structlog.get_logger(__name__)


def audit(settings: Settings, rules: Callable[[], RuleSet]) -> Job:
    """The job `audit`: once a day, from a day of data on. It compares itself with one of a week ago."""

    def run(query: Query, insert: Insert, now: int) -> None:
        # NumPy takes time and memory to load; a process whose store is empty never needs it.
        from touchline.analysis.reading.extent import extent
        from touchline.reports.audit.audit import Audit
        from touchline.reports.saved import AUDIT, COMPARED, last_report, save
        from touchline.services.reporting.auditing import Audited, make_audit
        from touchline.services.reporting.insight import computed_costs, terms_of

        covered = extent(query, now)
        if covered is None or covered[1] - covered[0] < DAY:
            return
        oldest, end = covered
        what = Audited(
            since=end - AUDITED,
            until=end,
            oldest=oldest,
            end=end,
            zone=settings.zone,
            rules=rules(),
            last=last_report(query, AUDIT, end - COMPARED, Audit),
        )
        found = make_audit(
            query, what, computed_costs(query, terms_of(settings, what.since, end), what.rules)
        )
        save(insert, AUDIT, found, found.since, found.until, now)

    return Job("audit", DAY, run)


def weekly(settings: Settings, rules: Callable[[], RuleSet]) -> Job:
    """The job `weekly`: makes the digest of a week once it is over, and sends it to each channel once."""

    def run(query: Query, insert: Insert, now: int) -> None:
        from touchline.analysis.reading.extent import extent
        from touchline.config.alerts_files import load_alerts
        from touchline.reports.saved import WEEKLY, last_report, save
        from touchline.reports.weekly.digest import Digest
        from touchline.reports.weekly.verbatims import without_words
        from touchline.reports.weekly.weeks import last_week
        from touchline.services.reporting.sending import send_digest
        from touchline.services.reporting.weekly import digest_of

        covered = extent(query, now)
        if covered is None:
            return
        week = last_week(now - SETTLED, settings.zone)
        if covered[0] >= week.until:
            return
        digest = last_report(query, WEEKLY, week.until, Digest)
        if digest is None or digest.week != week.name:
            digest = digest_of(query, settings, rules(), week, *covered)
            save(insert, WEEKLY, without_words(digest), week.since, week.until, now)
        file = load_alerts(settings.alerts)
        failed = send_digest(query, insert, digest, file, settings.public_url, now)
        for channel, why in failed.items():
            _logger.warning("digest.undelivered", channel=channel, why=why)

    return Job("weekly", HOUR, run, by_time=True)
