"""All of Touchline in one process on one port: collector, worker, store and live page."""

import ipaddress
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Protocol

import uvicorn
from starlette.applications import Starlette

from touchline.cli.settings import Settings, SettingsError
from touchline.collector.app import Collector
from touchline.collector.inbox import keep_draining
from touchline.collector.keys import Keys, KeysUnreadable
from touchline.collector.log import LogFull, LogUnavailable
from touchline.friction import RulesError, RuleSet
from touchline.live import mount
from touchline.pipeline.clickhouse_http import clickhouse_mount
from touchline.pipeline.embedded import Embedded
from touchline.pipeline.server_file import announced
from touchline.pipeline.sqlite_log import SqliteLog
from touchline.pipeline.store import Store, StoreError, StoreUnavailable, open_store
from touchline.pipeline.watch import WorkerMetrics

STOP_SECONDS = 15
"""How long each part may take to end what it is doing."""


class CannotServe(Exception):
    """The process cannot begin; the message says why and what to do."""


def expected_errors() -> tuple[type[Exception], ...]:
    """What can stand in the way of a beginning, with a message for the user."""
    return (CannotServe, SettingsError, RulesError, KeysUnreadable, StoreError, LogUnavailable, LogFull)


class Beside(Protocol):
    """What runs beside the process for as long as it serves, such as a simulation."""

    def start(self) -> None: ...
    def stop(self, timeout: float) -> object: ...


def serve(
    settings: Settings,
    rules: RuleSet,
    *,
    ready: Callable[[str], None],
    beside: Callable[[str], Beside] | None = None,
) -> None:
    """Run until a signal ends it.

    Args:
        settings: Where the data is, where to listen, and how to compute.
        rules: The rules in force.
        ready: Told the address, once requests are answered.
        beside: Makes what runs beside, from the address; begun after `ready`.

    Raises:
        CannotServe: the port or the host cannot be used.
        StoreError, LogUnavailable: the data folder cannot be used.
    """
    data = settings.data
    keys = Keys(data / "keys.json")
    if not _loopback(settings.host) and not any(key.revoked_at is None for key in keys.all()):
        raise CannotServe(
            f"{settings.host} can be reached by others and there are no keys, so anybody could send: "
            f"make one with `touchline keys create NAME --data {data}`, or listen on 127.0.0.1"
        )
    with ExitStack() as parts:
        listening = parts.enter_context(_listening(settings.host, settings.port))
        url = _url(settings.host, listening.getsockname()[1])
        data.mkdir(parents=True, exist_ok=True)
        store = parts.enter_context(open_store(data / "store"))
        log = parts.enter_context(closing(SqliteLog(data / "log.sqlite")))
        app = Starlette()
        collector, worker = _pipeline(settings, rules, log, store, keys)
        app.router.routes += collector.routes()
        token = parts.enter_context(announced(data, url))
        app.router.routes.append(clickhouse_mount(store, token))
        mount(app, store, rules=rules.rules, region=settings.region)

        worker.start()
        parts.callback(worker.stop, STOP_SECONDS)
        parts.enter_context(_draining(data / "inbox.sqlite", log, collector, settings.region))
        parts.callback(collector.close)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=STOP_SECONDS,
            ws="websockets-sansio",
        )
        server = _Server(config, lambda: _begin(parts, url, ready, beside))
        parts.enter_context(_ended_by_signals())
        server.run(sockets=[listening])


class _Server(uvicorn.Server):
    """Says when it answers: uvicorn has no other word for it."""

    def __init__(self, config: uvicorn.Config, answering: Callable[[], None]) -> None:
        super().__init__(config)
        self._answering = answering

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._answering()


def _begin(
    parts: ExitStack, url: str, ready: Callable[[str], None], beside: Callable[[str], Beside] | None
) -> None:
    ready(url)
    if beside is not None:
        one = beside(url)
        one.start()
        parts.callback(one.stop, STOP_SECONDS)


def _pipeline(
    settings: Settings, rules: RuleSet, log: SqliteLog, store: Store, keys: Keys
) -> tuple[Collector, Embedded]:
    """The two ends of the log."""
    collector = Collector(log, keys, ready=lambda: worker.trouble, region=settings.region)
    worker = Embedded(
        log,
        store,
        rules,
        journey_gap=settings.journey_gap,
        grace=settings.grace,
        retriable=(StoreUnavailable, LogFull, LogUnavailable),
        on_flush=WorkerMetrics(collector.metrics.registry).count,
    )
    return collector, worker


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let the parts end in their order: uvicorn raises the signal that ended it once more, to whom it was."""
    before = {one: signal.signal(one, lambda *_: None) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise CannotServe(
            f"cannot listen on {host} port {port}: {error.strerror}; choose another with --port"
        ) from None
    with listening:
        yield listening


@contextmanager
def _draining(inbox: Path, log: SqliteLog, collector: Collector, region: str | None) -> Iterator[None]:
    """Take in what other processes leave in the data folder."""
    stop = threading.Event()
    thread = threading.Thread(
        target=keep_draining,
        args=(inbox, log),
        kwargs={"stop": stop, "clock": time.time, "count": collector.metrics.count, "region": region},
        name="touchline-inbox",
        daemon=True,
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(STOP_SECONDS)


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
