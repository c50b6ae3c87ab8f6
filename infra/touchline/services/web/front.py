"""What every HTTP request passes before the application: its host name, its origin, then the password."""

import hmac
from collections.abc import Collection

from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import HTTPConnection
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from touchline.alerts.life.links import PATH as LINKS
from touchline.collector.dialects import DIALECTS
from touchline.collector.ingress.problem import Problem
from touchline.services.guards.origins import own_origin
from touchline.services.web.serving import CannotServe, loopback
from touchline.store.clickhouse_http.roles import password_of

_SCRIPT = ("/touchline.js", "/touchline.mjs", "/touchline.d.mts")
_INGRESS = [path for dialect in DIALECTS for path in (*dialect.paths, *dialect.calls)]
_OPEN = frozenset(
    {"/clickhouse", "/healthz", "/readyz", "/openapi.json", "/asyncapi.json", *_SCRIPT, *_INGRESS}
)
_OPEN_BELOW = ("/v1/", "/clickhouse/", LINKS)
_OPEN_PATTERNS = tuple(compile_path(path)[0] for path in _INGRESS if "{" in path)
"""Paths that check a key, a password or a signature themselves, or show no data."""

_PROTECTED_BELOW = "/v1/frictions/"
"""Paths below `_OPEN_BELOW` that show data."""

_THIS_MACHINE = ("localhost", "127.0.0.1", "[::1]")
_ANY = ("*",)
_TRUSTED = "touchline.host_trusted"
_MOST_TRUSTED = 64
"""Spellings of trusted hosts that are known without a second look."""

_HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"content-security-policy": b"frame-ancestors 'none'",
    b"referrer-policy": b"no-referrer",
}
"""Headers of every response. A URL of the live page may hold an identifier: other sites must not see it."""


class Front:
    """An ASGI application in front of another one.

    Args:
        app: The application.
        hosts: Host names that requests may name, without a port; `*` allows any. This stops a web page
            elsewhere whose name resolves to this server.
        token: The password of all paths that show data; None asks for none.
        allowed_hosts: Host names of this server behind a proxy, whose pages may open WebSockets too.
    """

    def __init__(
        self, app: ASGIApp, hosts: Collection[str], token: str | None, allowed_hosts: Collection[str] = ()
    ) -> None:
        self._app = app
        self._allowed_hosts = allowed_hosts
        self._check_host = TrustedHostMiddleware(_mark_trusted, list(hosts), www_redirect=False)
        self._trusted: set[bytes] = set()
        self._token = None if token is None else token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or pass it to the application."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [(name, value) for name, value in message["headers"] if name.lower() not in _HEADERS]
                message["headers"] = [*kept, *_HEADERS.items()]
            await send(message)

        problem = (
            await self._wrong_host(scope, receive)
            or self._wrong_origin(HTTPConnection(scope))
            or self._wrong_password(HTTPConnection(scope))
        )
        answer = self._app if problem is None else problem.response()
        await answer(scope, receive, send_with_headers)

    async def _wrong_host(self, scope: Scope, receive: Receive) -> Problem | None:
        """Return the problem of a request that names an unknown host."""
        named = [value for name, value in scope["headers"] if name == b"host"]
        if len(named) == 1 and named[0] in self._trusted:
            return None
        # The middleware answers in plain text; its answer is dropped for one in the form of all errors.
        await self._check_host(scope, receive, _drop)
        if scope.pop(_TRUSTED, False):
            if len(named) == 1 and len(self._trusted) < _MOST_TRUSTED:
                self._trusted.add(named[0])
            return None
        host = HTTPConnection(scope).headers.get("host", "")
        return Problem(
            400,
            "unknown_host",
            f"Unknown host {host[:80]!r}: use a host name of this server, or add this one to allowed_hosts "
            "(touchline.toml, or TOUCHLINE_ALLOWED_HOSTS)",
        )

    def _wrong_origin(self, request: HTTPConnection) -> Problem | None:
        """Return the problem of a WebSocket that a web page of another server opens.

        Browsers let it: a page elsewhere could read what this server shows to the reader's browser.
        """
        headers = request.headers
        if request.scope["type"] != "websocket" or own_origin(
            headers.get("origin"), headers.get("host", ""), self._allowed_hosts
        ):
            return None
        return Problem(
            403,
            "foreign_origin",
            f"A page of {headers['origin'][:80]!r} may not open a WebSocket here: if it is this server "
            "behind a proxy, add its host name to allowed_hosts (touchline.toml, or TOUCHLINE_ALLOWED_HOSTS)",
        )

    def _wrong_password(self, request: HTTPConnection) -> Problem | None:
        """Return the problem of a request that needs the password and does not have it."""
        path: str = request.scope["path"]
        if self._token is None or path in _OPEN:
            return None
        if path.startswith(_OPEN_BELOW) and not path.startswith(_PROTECTED_BELOW):
            return None
        if any(pattern.match(path) for pattern in _OPEN_PATTERNS):
            return None
        password = password_of(request)
        if password is not None and hmac.compare_digest(password.encode(), self._token):
            request.scope["user"] = "token"
            return None
        return Problem(
            401,
            "token_required",
            "Sign in with any user name and, as password, the token: the file `token` in the data folder",
            {"WWW-Authenticate": 'Basic realm="touchline"'},
        )


def guarded(app: ASGIApp, host: str, allowed_hosts: Collection[str], token: str | None) -> Front:
    """Return the application behind the checks that its listening address needs.

    On a loopback address requests must name this machine, and no password is needed. On other addresses any
    host name is allowed unless `allowed_hosts` is set, and paths that show data need the token: a web page
    elsewhere has neither a key nor the token. `token` is None for a process that shows no personal data.

    Raises:
        CannotServe: `allowed_hosts` has a `*` other than at its start, as in `*.example.com`.
    """
    own = {*_THIS_MACHINE, f"[{host}]" if ":" in host else host}
    try:
        if loopback(host):
            return Front(app, {*own, *allowed_hosts}, None, allowed_hosts)
        hosts = {*_THIS_MACHINE, *allowed_hosts} if allowed_hosts else _ANY
        return Front(app, hosts, token, allowed_hosts)
    except AssertionError as error:
        raise CannotServe(f"allowed_hosts {', '.join(allowed_hosts)}: {error}") from None


async def _mark_trusted(scope: Scope, receive: Receive, send: Send) -> None:
    scope[_TRUSTED] = True


async def _drop(message: Message) -> None:
    """Send nothing."""
