"""What every server of ours needs: a socket that is its own, its address, and a folder for its data."""

import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
import uvicorn
from starlette.types import ASGIApp

from touchline.collector.keys import Keys
from touchline.vocabulary.errors import TouchlineError

_logger = structlog.get_logger(__name__)


class CannotServe(TouchlineError):
    """The process cannot begin, or cannot go on; the message says why and what to do."""


class Serving(uvicorn.Server):
    """A server of an app: it leaves signals to those who have them, and says when it answers.

    Args:
        app: What answers.
        ready: Called once requests are answered.
        stop_seconds: How long requests under way may take to end.
        stopped: Called once no request is answered any more.
        options: More of uvicorn's.
    """

    def __init__(
        self,
        app: ASGIApp,
        ready: Callable[[], None],
        *,
        stop_seconds: int,
        stopped: Callable[[], None] = lambda: None,
        **options: Any,
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=stop_seconds,
                **options,
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
        await super().shutdown(sockets)
        self._stopped()


def keys_for(host: str, data: Path) -> Keys:
    """The keys of producers, of which there must be one where others can reach the host."""
    keys = Keys(data / "keys.json")
    if not loopback(host) and not any(key.revoked_at is None for key in keys.all()):
        raise CannotServe(
            f"{host} can be reached by others and there are no keys, so anybody could send: "
            f"make one with `touchline keys create NAME --data {data}`, or listen on 127.0.0.1"
        )
    return keys


@contextmanager
def draining(
    failed: Callable[[str], None],
    stop_seconds: float,
    drain: Callable[..., None],
    *what: object,
    **told: object,
) -> Iterator[None]:
    """Take in, in a thread of its own, what others leave; `failed` is told where that ended unasked."""
    stop = threading.Event()

    def run() -> None:
        try:
            drain(*what, stop=stop, **told)
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


def make_folder(data: Path) -> None:
    """Make a data folder, for its owner alone, if there is none."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotServe(
            f"{data} cannot be used for data: {error.strerror}; name another with --data"
        ) from None


@contextmanager
def listening_on(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens there, for as long as it lasts; port 0 takes any that is free."""
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
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - all addresses, if so asked
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
