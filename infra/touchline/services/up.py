"""All of Touchline in one process on one port: collector, worker, store and live page."""

import asyncio
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from touchline.alerts import AlertsFile
from touchline.collector.inboxes.sqlite import keep_draining
from touchline.collector.ingress.app import Collector
from touchline.collector.keys import Keys
from touchline.config.alerts_files import load_alerts
from touchline.config.settings import Settings
from touchline.config.stores import writable_store
from touchline.engine.engine import Flushed
from touchline.friction import RuleSet
from touchline.log.contract import LogFull, LogUnavailable
from touchline.log.sqlite import SqliteLog
from touchline.runtime.alerting.loop import Alerting
from touchline.runtime.alerting.metrics import AlertMetrics
from touchline.runtime.embedded import Embedded
from touchline.runtime.garbage import search_seldom
from touchline.runtime.metrics import WorkerMetrics
from touchline.services.ending import Ending
from touchline.services.front import Front, LatePage, guarded, not_found, refused
from touchline.services.serving import (
    CannotServe,
    Serving,
    draining,
    keys_for,
    listening_on,
    make_folder,
    url_of,
)
from touchline.store import Store, StoreUnavailable
from touchline.store.clickhouse_http import clickhouse_mount
from touchline.store.server_file import announced

STOP_SECONDS = 5
"""How long each part may take to end what it is doing; what it does not end is repeated, or kept."""

PAGE_AFTER_SECONDS = 2.0
"""How long the live page, which takes a while to load, leaves the processor to the worker that begins."""

_ANY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class Beside(Protocol):
    """What runs beside the process for as long as it serves, such as a simulation."""

    def start(self) -> None: ...
    def stop(self, timeout: float) -> object: ...


def serve(
    settings: Settings,
    rules: RuleSet,
    ending: Ending,
    *,
    ready: Callable[[str], None],
    before: Callable[[SqliteLog, Store], None] = lambda log, store: None,
    beside: Callable[[str], Beside] | None = None,
    clock: Callable[[], float] = time.time,
) -> None:
    """Run until a signal ends it.

    Args:
        settings: Where the data is, where to listen, and how to compute.
        rules: The rules in force.
        ending: Takes the signals.
        ready: Told the address, once requests are answered.
        before: Done first, once port, log and store are ours.
        beside: Makes what runs beside, from the address; begun after `ready`, ended before the server.
        clock: By which deadlines fall due, in seconds since 1970.

    Raises:
        CannotServe: the port, the host or the folder cannot be used, or a part failed for good.
        StoreError, LogUnavailable: the data folder cannot be used.
    """
    search_seldom()
    data = settings.data
    alerts = load_alerts(settings.alerts)
    keys = keys_for(settings.host, data)

    def failed(why: str) -> None:
        server.fail(why)

    with ExitStack() as parts:
        listening = parts.enter_context(listening_on(settings.host, settings.port))
        url = url_of(settings.host, listening.getsockname()[1])
        make_folder(data)
        store = parts.enter_context(writable_store(settings))
        log = parts.enter_context(closing(SqliteLog(data / "log.sqlite")))
        before(log, store)
        token = parts.enter_context(announced(data, url))

        collector, worker, alerting = _pipeline(
            settings, rules, alerts, log, store, keys, failed, clock, settings.public_url or url
        )
        page = LatePage(lambda app: _mount_page(app, store, rules, settings, worker), failed)
        app = _app(settings, collector, clickhouse_mount(store, token), page, token)
        server = _Server(app, lambda: _begin(url, ready, beside))
        worker.start()
        parts.callback(worker.stop, STOP_SECONDS)
        alerting.start()
        parts.callback(alerting.stop, STOP_SECONDS)
        told = {"clock": time.time, "count": collector.metrics.count, "region": settings.region}
        parts.enter_context(draining(failed, STOP_SECONDS, keep_draining, data / "inbox.sqlite", log, **told))
        parts.callback(collector.close)
        ending.asks(server.end)
        server.run(sockets=[listening])
    if server.failure is not None:
        raise CannotServe(f"{server.failure}. Nothing accepted is lost; the next start goes on from here")


class _Server(Serving):
    """Begins what runs beside it once it answers, and ends that while it still does."""

    def __init__(self, app: ASGIApp, begin: Callable[[], Beside | None]) -> None:
        super().__init__(app, self._start, stop_seconds=STOP_SECONDS, ws="websockets-sansio")
        self._begin = begin
        self._beside: Beside | None = None

    def _start(self) -> None:
        self._beside = self._begin()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._beside is not None:
            await asyncio.to_thread(self._beside.stop, STOP_SECONDS)
        await super().shutdown(sockets)


def _begin(url: str, ready: Callable[[str], None], beside: Callable[[str], Beside] | None) -> Beside | None:
    ready(url)
    if beside is None:
        return None
    one = beside(url)
    one.start()
    return one


def _pipeline(
    settings: Settings,
    rules: RuleSet,
    alerts: AlertsFile,
    log: SqliteLog,
    store: Store,
    keys: Keys,
    failed: Callable[[str], None],
    clock: Callable[[], float],
    url: str,
) -> tuple[Collector, Embedded, Alerting]:
    """The two ends of the log, and what watches the store behind them."""
    collector = Collector(log, keys, ready=lambda: worker.error or log.health_error(), region=settings.region)
    count = WorkerMetrics(collector.metrics.registry).count

    def flushed(what: Flushed, seconds: float) -> None:
        count(what, seconds)
        alerting.touched()

    worker = Embedded(
        log,
        store,
        rules,
        journey_gap=settings.journey_gap,
        grace=settings.grace,
        retriable=(StoreUnavailable, LogFull, LogUnavailable),
        on_flush=flushed,
        on_end=failed,
        clock=clock,
    )
    alerting = Alerting(
        store,
        alerts,
        url=url,
        known=lambda: worker.processed_until,
        watching=AlertMetrics(collector.metrics.registry),
        clock=clock,
    )
    return collector, worker, alerting


def _app(settings: Settings, collector: Collector, clickhouse: Route, page: LatePage, token: str) -> Front:
    """All that is answered. What others can reach asks who is there before it shows data."""
    app = Starlette(
        routes=[
            *collector.routes(),
            clickhouse,
            Route("/v1/{below:path}", not_found, methods=_ANY_METHOD),
            Mount("/", page),
        ],
        lifespan=page.lifespan,
        exception_handlers={HTTPException: refused},
    )
    return guarded(app, settings.host, settings.allowed_hosts, token)


def _mount_page(app: Starlette, store: Store, rules: RuleSet, settings: Settings, worker: Embedded) -> None:
    worker.caught_up(PAGE_AFTER_SECONDS)
    from touchline.live import mount

    mount(app, store, rules=rules.rules, region=settings.region, goals=settings.goals)
