"""`touchline alerts run`: alerting and jobs in a process of its own, beside others that stand by."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import NamedTuple

import typer
from prometheus_client import CollectorRegistry

from touchline.alerts import AlertsFile
from touchline.config.rule_packs import load_rules
from touchline.config.settings import Settings
from touchline.config.stores import writable_store
from touchline.log.kafka.backlog import Backlog
from touchline.log.kafka.records import Topics
from touchline.runtime.alerting.leader import Leadership
from touchline.runtime.alerting.lease import Lease
from touchline.runtime.alerting.loop import Alerting
from touchline.runtime.alerting.metrics import AlertMetrics, LeaderMetrics
from touchline.runtime.alerting.queries import query_of
from touchline.runtime.outlet.metrics import WebhookMetrics
from touchline.runtime.outlet.reader import LATE
from touchline.runtime.outlet.webhooks import FrictionWebhooks, Work
from touchline.services.ending import Ending
from touchline.services.explaining import Explainer, cause_sentences
from touchline.services.jobs.metrics import JobMetrics
from touchline.services.jobs.runner import Jobs, Workplace
from touchline.services.jobs.table import jobs_of
from touchline.services.web.health import health_served
from touchline.services.web.probes import register_process

FOLLOW_SECONDS = 2.0
"""How often to query a store that other processes write."""

STOP_SECONDS = 5


def run_alerts(settings: Settings, file: AlertsFile, end: Ending, health: int | None) -> None:
    """Evaluate the alert rules, notify the channels and run the jobs while this process leads.

    It runs until a signal ends it.

    Raises:
        CannotServe: health cannot be served at the port.
        StoreError: the store cannot be reached.
    """
    # Its client logs several times a second that a broker is unavailable.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    registry = register_process(CollectorRegistry())
    counted, leader_counted = AlertMetrics(registry), LeaderMetrics(registry)
    webhook_counted, job_counted = WebhookMetrics(registry), JobMetrics(registry)
    ended = threading.Event()
    with ExitStack() as parts:
        store = parts.enter_context(writable_store(settings))
        backlog = Backlog(settings.brokers, Topics(settings.topic_prefix)) if settings.kafka else None
        lease = Lease(query_of(store), store.insert, "alerts")

        def work() -> _Leading:
            outlet = Work(query_of(store), store.insert, LATE, webhook_counted, lease.held)
            alerting = Alerting(
                store,
                file,
                url=settings.public_url,
                link_key=settings.link_key.get_secret_value().encode(),
                zone=settings.zone,
                known=_known(backlog, leader_counted.behind),
                metrics=counted,
                owns=lease.held,
                idle=FOLLOW_SECONDS,
                explain=lambda row, until: cause_sentences(
                    Explainer(query_of(store), load_rules(settings.rules).rules, file.rules), row, until
                ),
            )
            place = Workplace(query_of(store), store.insert, job_counted, owns=lease.held)
            jobs = jobs_of(settings, lambda: load_rules(settings.rules), place)
            return _Leading(alerting, FrictionWebhooks(file.webhooks, outlet), jobs)

        leadership = Leadership(lease, work, leader_counted.leading, STOP_SECONDS)
        if health is not None:

            def not_ready() -> str | None:
                return leadership.error or (backlog.error if backlog is not None else None)

            url = parts.enter_context(health_served(settings.host, health, registry, not_ready))
            typer.echo(f"Health at {url}")
        if backlog is None:
            typer.echo(
                "kafka is not set: producers whose events wait in Kafka look silent. Set it to the brokers",
                err=True,
            )
        typer.echo(f"Alert rules are evaluated: {len(file.rules)}; channels: {', '.join(file.channels)}")
        end.on_signal(ended.set)
        leadership.run(ended)


class _Leading(NamedTuple):
    """What the leader runs."""

    alerting: Alerting
    webhooks: FrictionWebhooks
    jobs: Jobs

    def start(self) -> None:
        self.alerting.start()
        self.webhooks.start()
        self.jobs.start()

    def stop(self, timeout: float) -> None:
        give_up_at = time.monotonic() + timeout
        self.webhooks.stop(timeout)
        self.jobs.stop(max(0.0, give_up_at - time.monotonic()))
        self.alerting.stop(max(0.0, give_up_at - time.monotonic()))


def _known(
    backlog: Backlog | None, behind: Callable[[float], None], clock: Callable[[], float] = time.time
) -> Callable[[], int | None]:
    """Return a function for the time (ms) up to which all events are stored; it also sets the metric."""

    def known() -> int | None:
        now = int(clock() * 1000)
        at = now if backlog is None else backlog.known()
        if at is not None:
            behind(max(0, now - at) / 1000)
        return at

    return known
