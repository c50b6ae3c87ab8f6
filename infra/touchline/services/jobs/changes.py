"""The job that announces deployed changes to PagerDuty, which shows them beside incidents."""

from collections.abc import Callable
from typing import Final

import structlog

from touchline.alerts.addresses import PagerDuty
from touchline.alerts.channels import Undelivered
from touchline.alerts.channels.pagerduty import announce_deployment
from touchline.config.alerts_files import load_alerts
from touchline.config.settings import Settings
from touchline.engine.batch import columns
from touchline.friction import RuleSet
from touchline.runtime.alerting.context import deployments_since
from touchline.runtime.alerting.queries import Insert, Query
from touchline.services.jobs.job import Job
from touchline.tables import OutboxRow
from touchline.vocabulary.durations import DAY, MINUTE
from touchline.vocabulary.ids import derived_id

ANNOUNCED_WITHIN: Final = DAY
"""A change that was deployed longer ago (ms) is not announced: an import of the past is no news."""

_logger = structlog.get_logger(__name__)

_ANNOUNCED = """
SELECT toString(fingerprint) FROM outbox FINAL
WHERE channel = {channel:String} AND told = 'resolved' AND told_at > fromUnixTimestamp64Milli({since:Int64})
"""
_MARK = "SELECT count() FROM events WHERE type = 'change.deployed'"


def changes(settings: Settings, rules: Callable[[], RuleSet]) -> Job:
    """The job `changes`: after each deployment, and again while PagerDuty is away.

    A row of the outbox says that a channel took a change. After a crash before that row, it gets it again.
    """

    def run(query: Query, insert: Insert, now: int) -> None:
        pagers = {
            name: address
            for name, address in load_alerts(settings.alerts).channels.items()
            if isinstance(address, PagerDuty) and address.changes
        }
        since = now - ANNOUNCED_WITHIN
        found = deployments_since(query, since, settings.public_url) if pagers else ()
        for name, address in pagers.items():
            parameters = {"channel": name, "since": str(since)}
            announced = {row[0] for row in query(_ANNOUNCED, parameters)} if found else set()
            for deployment in found:
                identity = derived_id(f"change:{deployment.change}")
                if str(identity) in announced:
                    continue
                try:
                    announce_deployment(address, deployment)
                except Undelivered as error:
                    _logger.warning("change.unannounced", channel=name, why=str(error))
                    break
                row = OutboxRow(
                    channel=name,
                    fingerprint=identity,
                    alert=identity,
                    told="resolved",
                    told_at=now,
                    version=1,
                )
                insert("outbox", columns([row]), f"outbox:{name}:{identity}")

    return Job("changes", 5 * MINUTE, run, by_time=True, mark=_MARK)
