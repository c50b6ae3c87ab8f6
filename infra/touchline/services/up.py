"""All of Touchline in one process on one port: collector, worker, alerting, store and live page."""

import asyncio
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from touchline.collector.dialects import DIALECTS
from touchline.collector.inboxes.sqlite import keep_draining
from touchline.collector.ingress.answers import router_error
from touchline.collector.ingress.app import Collector
from touchline.collector.webhooks.receiver import Webhooks
from touchline.config.alerts_files import load_alerts
from touchline.config.folders import make_folder
from touchline.config.settings import Settings
from touchline.config.stores import folding_store
from touchline.config.validator_in_force import ValidatorInForce, keep_current
from touchline.config.webhook_sources import SourcesInForce, keep_sources_current
from touchline.engine.engine import Flushed
from touchline.engine.identity.decider import RefoldProgress
from touchline.friction import RuleSet
from touchline.log.contract import LogFull, LogUnavailable
from touchline.log.sqlite import SqliteLog
from touchline.runtime.alerting.loop import Alerting
from touchline.runtime.alerting.metrics import AlertMetrics
from touchline.runtime.alerting.queries import query_of
from touchline.runtime.embedded import Embedded
from touchline.runtime.garbage import search_seldom
from touchline.runtime.metrics import WorkerMetrics
from touchline.runtime.outlet.metrics import WebhookMetrics
from touchline.runtime.outlet.webhooks import FrictionWebhooks, Work
from touchline.services.cases import StaffLog
from touchline.services.ending import Ending
from touchline.services.explaining import Explainer, cause_sentences
from touchline.services.jobs.metrics import JobMetrics
from touchline.services.jobs.runner import Workplace
from touchline.services.jobs.table import jobs_of
from touchline.services.web.action_links import ActionLinks
from touchline.services.web.alert_acts import AlertActs
from touchline.services.web.frictions_stream import DESCRIBED, FrictionsStream
from touchline.services.web.front import Front, guarded
from touchline.services.web.late_page import LatePage, PageInputs, mount_page
from touchline.services.web.probes import register_files, register_process, register_webhooks, store_warning
from touchline.services.web.serving import (
    CannotServe,
    Serving,
    draining,
    keys_for,
    listening_on,
    url_of,
    warn_without_keys,
)
from touchline.store import Store, StoreUnavailable
from touchline.store.clickhouse_http.front import clickhouse_mount
from touchline.store.server_file import announced

STOP_SECONDS = 5
"""How long each part may take to finish its current work. Unfinished work is repeated at the next start."""

PAGE_AFTER_SECONDS = 2.0
"""How long the worker may use the processor alone at the start, before the live page loads."""

_ANY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class Companion(Protocol):
    """A task that runs while the process serves, such as a simulation."""

    def start(self) -> None: ...
    def stop(self, timeout: float) -> object: ...


def _nothing(log: SqliteLog, store: Store) -> None:
    """Do nothing before the start."""


@dataclass(frozen=True)
class Hooks:
    """What a command adds to the process.

    Args:
        ready: Called with the URL once requests are answered.
        before: Called before the start, once the process owns port, log and store.
        refolding: Called with the progress of a refold of every customer; logged without it.
        tour: Title, text and link of each step of a guided tour of the live page.
        companion: Makes a companion from the URL; it starts after `ready` and stops before the server.
        clock: Returns the time by which deadlines are due, in seconds since 1970.
    """

    ready: Callable[[str], None]
    before: Callable[[SqliteLog, Store], None] = _nothing
    tour: Sequence[tuple[str, str, str]] = ()
    refolding: RefoldProgress | None = None
    companion: Callable[[str], Companion] | None = None
    clock: Callable[[], float] = time.time


def serve(settings: Settings, rules: RuleSet, ending: Ending, hooks: Hooks) -> None:
    """Run until a signal ends it.

    Args:
        settings: Where the data is, where to listen, and how to compute.
        rules: The rules in force.
        ending: Takes the signals.
        hooks: What the command adds.

    Raises:
        CannotServe: the port, the host or the folder cannot be used, or a part failed for good.
        StoreError, LogUnavailable: the data folder cannot be used.
    """
    if settings.kafka and settings.store:
        raise CannotServe(
            "kafka and store are set, so workers may write to the same store: leave kafka empty"
            " (TOUCHLINE_KAFKA=), or run `touchline collector` and `touchline worker` instead"
        )
    search_seldom()
    data = settings.data
    alerts = load_alerts(settings.alerts)
    keys = keys_for(settings)

    def failed(reason: str) -> None:
        server.fail(reason)

    with ExitStack() as parts:
        listening = parts.enter_context(listening_on(settings.host, settings.port))
        url = url_of(settings.host, listening.getsockname()[1])
        make_folder(data)
        store = parts.enter_context(folding_store(settings))
        log = parts.enter_context(closing(SqliteLog(data / "log.sqlite")))
        hooks.before(log, store)
        token = parts.enter_context(announced(data, url))
        # Not before the folder is this process's own: an error stands alone.
        warn_without_keys(settings, keys)

        damaged = store_warning(store)
        in_force = ValidatorInForce(settings)
        sources = SourcesInForce(settings.webhooks)
        webhooks = Webhooks(lambda: sources.sources)
        collector = Collector(
            log,
            keys,
            ready=lambda: worker.error or log.health_error(),
            warning=lambda: damaged or in_force.warning or sources.warning,
            validator=lambda: in_force.validator,
            dialects=(*DIALECTS, webhooks.dialect()),
            beside=DESCRIBED,
        )
        registry = register_files(in_force, register_process(collector.metrics.registry))
        register_webhooks(sources, webhooks, collector.metrics.registry)
        count_flush = WorkerMetrics(registry).count

        def flushed(flush: Flushed, seconds: float) -> None:
            count_flush(flush, seconds)
            alerting.touched()
            friction_webhooks.touched()

        worker = Embedded(
            log,
            store,
            rules,
            journey_gap=settings.journey_gap,
            limits=settings.limits,
            grace=settings.grace,
            retriable=(StoreUnavailable, LogFull, LogUnavailable),
            on_flush=flushed,
            on_refold=hooks.refolding,
            on_end=failed,
            clock=hooks.clock,
        )
        link_key = settings.link_key.get_secret_value().encode() or token.encode()
        alerting = Alerting(
            store,
            alerts,
            url=settings.public_url,
            link_key=link_key,
            zone=settings.zone,
            known=lambda: worker.processed_until,
            metrics=AlertMetrics(registry),
            explain=lambda row, until: cause_sentences(
                Explainer(query_of(store), rules.rules, alerts.rules), row, until
            ),
            clock=hooks.clock,
        )
        friction_webhooks = FrictionWebhooks(
            alerts.webhooks, Work(query_of(store), store.insert, 0, WebhookMetrics(registry))
        )
        jobs = jobs_of(
            settings,
            lambda: rules,
            Workplace(
                query_of(store),
                store.insert,
                JobMetrics(registry),
                ready=lambda: worker.error is None,
                clock=hooks.clock,
            ),
        )
        inputs = PageInputs(
            lambda: in_force.validator.normaliser, StaffLog(log, lambda: in_force.validator), hooks.tour
        )

        def load_page(app: Starlette) -> None:
            worker.caught_up(PAGE_AFTER_SECONDS)
            mount_page(app, store, rules, settings, inputs)

        page = LatePage(load_page, failed)
        stream = FrictionsStream(
            query_of(store), 0, lambda: server.should_exit, lambda: in_force.validator.normaliser
        )
        acts = AlertActs(store, token, alerting.touched)
        links = ActionLinks(store, link_key, settings.zone, alerting.touched)
        routes = [*collector.routes(), stream.route, acts.route, links.route, clickhouse_mount(store, token)]
        app = _app(settings, routes, page, token)
        server = _Server(app, lambda: _start_companion(url, hooks), store.end_queries)

        worker.start()
        parts.callback(worker.stop, STOP_SECONDS)
        alerting.start()
        parts.callback(alerting.stop, STOP_SECONDS)
        friction_webhooks.start()
        parts.callback(friction_webhooks.stop, STOP_SECONDS)
        jobs.start()
        parts.callback(jobs.stop, STOP_SECONDS)
        options = {
            "clock": time.time,
            "count": collector.metrics.count,
            "validator": lambda: in_force.validator,
        }
        parts.enter_context(draining(failed, STOP_SECONDS, keep_current, in_force))
        parts.enter_context(draining(failed, STOP_SECONDS, keep_sources_current, sources))
        inbox = data / "inbox.sqlite"
        parts.enter_context(draining(failed, STOP_SECONDS, keep_draining, inbox, log, **options))
        parts.callback(collector.close)
        ending.on_signal(server.end)
        server.run(sockets=[listening])
    if server.failure is not None:
        raise CannotServe(f"{server.failure}. No accepted event is lost: start it again")


class _Server(Serving):
    """A server that starts a companion once it answers, and stops it while it still does."""

    def __init__(
        self,
        app: ASGIApp,
        start_companion: Callable[[], Companion | None],
        stopped: Callable[[], None],
    ) -> None:
        super().__init__(app, self._on_ready, stop_seconds=STOP_SECONDS, stopped=stopped, websockets=True)
        self._start_companion = start_companion
        self._companion: Companion | None = None

    def _on_ready(self) -> None:
        self._companion = self._start_companion()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._companion is not None:
            await asyncio.to_thread(self._companion.stop, STOP_SECONDS)
        await super().shutdown(sockets)


def _start_companion(url: str, hooks: Hooks) -> Companion | None:
    hooks.ready(url)
    if hooks.companion is None:
        return None
    companion = hooks.companion(url)
    companion.start()
    return companion


def _app(settings: Settings, routes: list[Route], page: LatePage, token: str) -> Front:
    """All routes of the process, behind the checks that the listening address needs."""
    app = Starlette(
        routes=[
            *routes,
            Route("/v1/{below:path}", _not_found, methods=_ANY_METHOD),
            Mount("/", page),
        ],
        lifespan=page.lifespan,
        exception_handlers={HTTPException: router_error},
    )
    return guarded(app, settings.host, settings.allowed_hosts, token)


async def _not_found(request: Request) -> Response:
    """Answer an unknown path below /v1 in JSON, not with the live page."""
    raise HTTPException(404)
