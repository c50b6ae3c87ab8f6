"""What every request passes before it is answered, and the live page, which is loaded behind the rest."""

import asyncio
import hmac
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from touchline.collector.ingress.problem import Problem
from touchline.services.serving import loopback
from touchline.store.clickhouse_http import password_of

PAGE_SECONDS = 30
"""How long who comes early waits for the live page to be loaded."""

_OPEN = ("/v1/", "/clickhouse", "/healthz", "/readyz", "/openapi.json")
"""Paths that ask for a key, or a token, themselves, or show nothing."""

_HERE = ("localhost", "127.0.0.1", "[::1]")

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
"""Of every answer. An address of the live page may hold an identifier: no other site is told it."""


class Front:
    """An ASGI app before another one.

    Args:
        app: What answers.
        hosts: The names by which this server may be addressed (no port); empty for any. A web page
            elsewhere whose name is made to lead here is so refused.
        token: The password of everything that shows data; None where nobody is asked.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str], token: str | None) -> None:
        self._app = app
        self._hosts = {host.lower() for host in hosts}
        self._token = None if token is None else token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        asked = HTTPConnection(scope)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        refused = self._refused(asked)
        if refused is None:
            await self._app(scope, receive, answer)
        else:
            await refused.response()(scope, receive, answer)

    def _refused(self, asked: HTTPConnection) -> Problem | None:
        if self._hosts and (host := _host(asked)) not in self._hosts:
            return Problem(
                400,
                "unknown_host",
                f"this server is not known as {host[:80]!r}: address it by its own name, or let its operator "
                "add the name to allowed_hosts (touchline.toml, or TOUCHLINE_ALLOWED_HOSTS)",
            )
        if self._token is None or asked.url.path.startswith(_OPEN):
            return None
        given = password_of(asked)
        if given is not None and hmac.compare_digest(given.encode(), self._token):
            return None
        return Problem(
            401,
            "token_required",
            "sign in with any name and the token as the password: it is in the data folder's file `token`",
            {"WWW-Authenticate": 'Basic realm="touchline"'},
        )


def guarded(app: ASGIApp, host: str, allowed_hosts: Collection[str], token: str) -> Front:
    """`app` for those who can reach `host`: where others can, it asks who is there before it shows data."""
    if loopback(host):
        return Front(app, {*_HERE, f"[{host}]" if ":" in host else host, *allowed_hosts}, None)
    # By any name, if none is set: whoever comes needs a key or the token, which no other site's page has.
    return Front(app, {*_HERE, *allowed_hosts} if allowed_hosts else (), token)


class LatePage:
    """An ASGI app that is made while others already answer; who asks for it earlier waits.

    Args:
        load: Adds the page to an application; called in a thread.
        failed: Told why, where it could not be made.
    """

    def __init__(self, load: Callable[[Starlette], None], failed: Callable[[str], None]) -> None:
        self._load = load
        self._failed = failed
        self._app = Starlette()
        self._loaded = asyncio.Event()
        self._closing = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, as soon as that is possible."""
        async with asyncio.timeout(PAGE_SECONDS):
            await self._loaded.wait()
        await self._app(scope, receive, send)

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """The lifespan of the application around it."""
        running = asyncio.create_task(self._run())
        yield
        self._closing.set()
        await running

    async def _run(self) -> None:
        try:
            await run_in_threadpool(self._load, self._app)
            async with self._app.router.lifespan_context(self._app):
                self._loaded.set()
                await self._closing.wait()
        except Exception as error:
            self._failed(f"the live page: {type(error).__name__}: {error}")


async def not_found(request: Request) -> Response:
    """What is below /v1 and nothing there: JSON, and not the live page."""
    raise HTTPException(404)


async def refused(request: Request, error: Exception) -> Response:
    """An answer of the router's own, such as 404 or 405, in the form of all errors."""
    assert isinstance(error, HTTPException)  # noqa: S101 - for the type checker
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "refused")
    message = f"{error.detail}: {request.url.path[:80]}; see /openapi.json for what there is"
    return Problem(error.status_code, code, message, error.headers).response()


def _host(asked: HTTPConnection) -> str:
    """The host that a request names, without its port; empty where it names none."""
    host = asked.headers.get("host", "").strip().lower()
    return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
