"""What every server of ours needs: a socket that is its own, and its address."""

import asyncio
import ipaddress
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import cast

import structlog
import uvicorn
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from touchline.collector.keys import Keys
from touchline.config.settings import Settings
from touchline.services.guards.files import FEWEST_FILES, allow_files, most_connections
from touchline.services.guards.handshakes import Handshakes
from touchline.services.guards.patrol import Connection, patrol
from touchline.services.guards.protocol import BoundedHttp, BoundedWebSocket
from touchline.services.guards.throttle import Throttle
from touchline.vocabulary.errors import TouchlineError

_MESSAGE_BYTES = 64 * 1024
"""The largest message of a WebSocket."""

_TICKS_PER_PATROL = 10
"""uvicorn ticks ten times per second."""

_logger = structlog.get_logger(__name__)


class CannotServe(TouchlineError):
    """The process cannot begin, or cannot go on; the message says why and what to do."""


class Serving(uvicorn.Server):
    """A server of an app, with the guards that all our servers have. It leaves signals alone.

    Args:
        app: What answers.
        ready: Called once requests are answered.
        stop_seconds: How long requests under way may take to end.
        stopped: Called once no request is answered any more.
        websockets: Whether the app takes WebSockets.
        tls: For https, the certificate and its key; None for http.
    """

    def __init__(
        self,
        app: ASGIApp,
        ready: Callable[[], None],
        *,
        stop_seconds: int,
        stopped: Callable[[], None] = lambda: None,
        websockets: bool = False,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        connections = most_connections()
        self.handshakes = None if tls is None else Handshakes(tls, connections)
        # Of its warnings, each tells of one bad request, so any client could fill the log.
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        super().__init__(
            uvicorn.Config(
                Throttle(_quiet(app)),
                http=cast("type[asyncio.Protocol]", self.handshakes or BoundedHttp),
                loop="auto" if tls is None else "asyncio",
                ws=BoundedWebSocket if websockets else "none",
                ws_max_size=_MESSAGE_BYTES,
                limit_concurrency=connections,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=stop_seconds,
            )
        )
        self._ready = ready
        self._stopped = stopped
        self.failure: str | None = None

    def end(self) -> None:
        """End soon; from any thread."""
        self.should_exit = True

    def fail(self, why: str) -> None:
        """End soon, for this reason."""
        self.failure = self.failure or why
        self.end()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self.handshakes is not None:
            self.handshakes.end()
        await super().shutdown(sockets)
        self._stopped()

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS_PER_PATROL == 0:
            connections = cast("set[Connection]", self.server_state.connections)
            patrol(connections, asyncio.get_running_loop().time())
        return await super().on_tick(counter)


def _quiet(app: ASGIApp) -> ASGIApp:
    """The app, without an error where the client went before its request was read."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(ClientDisconnect):
            await app(scope, receive, send)

    return answer


def keys_for(settings: Settings) -> Keys:
    """The keys of producers; at least one is required if others can reach the host."""
    host, data = settings.host, settings.data
    keys = Keys(data / "keys.json", required=settings.require_key)
    if not loopback(host) and not any(keys.is_active(key) for key in keys.all()):
        raise CannotServe(
            f"{host} can be reached by others and there are no keys, so anybody could send: "
            f"make one with {_creation(settings)}, or listen on 127.0.0.1"
        )
    return keys


def warn_without_keys(settings: Settings, keys: Keys) -> None:
    """Say in the log that anybody on this machine may send, if that is so."""
    if not keys.all() and not settings.require_key:
        _logger.warning(
            "keys.none",
            meaning="any program on this machine may send events without a key",
            to_change=f"make a key with {_creation(settings)}, or start with --require-key",
        )


def _creation(settings: Settings) -> str:
    return f"`touchline keys create NAME --data {settings.data}`"


@contextmanager
def draining(
    failed: Callable[[str], None],
    stop_seconds: float,
    drain: Callable[..., None],
    *what: object,
    **options: object,
) -> Iterator[None]:
    """Drain an inbox in its own thread; `failed` is called with the reason if that ends by itself."""
    stop = threading.Event()

    def run() -> None:
        try:
            drain(*what, stop=stop, **options)
        except Exception as error:
            _logger.exception("inbox.ended")
            failed(f"an inbox cannot be drained: {type(error).__name__}: {error}")

    thread = threading.Thread(target=run, name=f"touchline-{drain.__name__}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(stop_seconds)


@contextmanager
def listening_on(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens there, for as long as it lasts; port 0 takes any that is free.

    Raises:
        CannotServe: the address is taken or unknown, or the process may open too few files.
    """
    if (files := allow_files()) < FEWEST_FILES:
        raise CannotServe(
            f"this process may open only {files} files and needs at least {FEWEST_FILES}: raise the limit "
            "(`ulimit -n 1024`, or LimitNOFILE in a systemd unit)"
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        # Python adds to the reason what it did.
        why = str(error.strerror).partition(" (while ")[0]
        raise CannotServe(f"cannot listen on {host} port {port}: {why}; choose another with --port") from None
    with listening:
        yield listening


def loopback(host: str) -> bool:
    """Whether only programs on this machine can reach what listens there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def url_of(host: str, port: int) -> str:
    """The address by which this machine reaches it."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - all addresses, if the settings say so
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
