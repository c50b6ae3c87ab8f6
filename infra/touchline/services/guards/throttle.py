"""Throttles guesses of keys and passwords, per client address.

Each address may be wrong `GUESSES` times, and then once per second. Past that, its requests with a key or a
password get 429 without a look at them, so that guessing is slow. Credentials that were right before from
that address are exempt: a producer behind the same proxy as an attacker goes on.
"""

import re
import time
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from ipaddress import IPv6Address, ip_address

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from touchline.collector.ingress.problem import Problem
from touchline.collector.ingress.rate import TokenBucket

GUESSES = 20
_PER_SECOND = 1.0
_MOST_KEPT = 10_000
"""The most addresses, and the most right credentials; the ones used longest ago are forgotten first."""

_WRONG = (401, 403)
_CARRIERS = (b"authorization", b"x-clickhouse-key")
_PARAMETERS = ("password", "key")
_PATHS = re.compile(r"/k/([^/]+)/")
"""Paths with a key, for clients that have no other place for one."""


class Throttle:
    """An ASGI application in front of one that answers 401 or 403 to wrong credentials.

    The application sets `scope["user"]` (as Starlette does) where it found credentials right.

    Args:
        app: The application.
        clock: Returns monotonic seconds.
    """

    def __init__(self, app: ASGIApp, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._clock = clock
        self._wrong: OrderedDict[str, TokenBucket] = OrderedDict()
        self._right: OrderedDict[tuple[str, bytes], None] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, unless it is one guess too many."""
        if scope["type"] == "lifespan" or (digest := _credentials(scope)) is None:
            await self._app(scope, receive, send)
            return
        address = address_of(scope)
        was_right = (address, digest) in self._right
        if not was_right and (seconds := self._wait(address)) > 0:
            await _too_many_guesses(seconds).response()(scope, receive, send)
            return

        async def send_and_count(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                # Right credentials may be refused too: those of a browser on a page that may not use them.
                if "user" in scope:
                    self._remember(address, digest)
                elif message["status"] in _WRONG:
                    self._count_wrong(address, digest)
            await send(message)

        await self._app(scope, receive, send_and_count)

    def _wait(self, address: str) -> float:
        """Seconds until the address may try other credentials."""
        bucket = self._wrong.get(address)
        return 0.0 if bucket is None else bucket.wait(self._clock())

    def _count_wrong(self, address: str, digest: bytes) -> None:
        self._right.pop((address, digest), None)
        bucket = self._wrong.setdefault(address, TokenBucket(_PER_SECOND, GUESSES))
        self._wrong.move_to_end(address)
        bucket.charge(1, self._clock())
        if len(self._wrong) > _MOST_KEPT:
            self._wrong.popitem(last=False)

    def _remember(self, address: str, digest: bytes) -> None:
        self._right[address, digest] = None
        self._right.move_to_end((address, digest))
        if len(self._right) > _MOST_KEPT:
            self._right.popitem(last=False)


def address_of(scope: Scope) -> str:
    """The client's address; for IPv6 its /64, which one client has whole."""
    client = scope.get("client")
    host = str(client[0]) if client else ""
    if ":" not in host:
        return host[:64]
    try:
        address = ip_address(host)
    except ValueError:
        return host[:64]
    return str(IPv6Address(int(address) >> 64 << 64)) if address.version == 6 else host


def _credentials(scope: Scope) -> bytes | None:
    """A digest of all places where a request may carry a key or a password; None if none does."""
    found = [value for name, value in scope["headers"] if name in _CARRIERS]
    if scope["query_string"]:
        given = HTTPConnection(scope).query_params
        found += [given[name].encode(errors="replace") for name in _PARAMETERS if name in given]
    if in_path := _PATHS.match(scope["path"]):
        found.append(in_path[1].encode(errors="replace"))
    return sha256(b"\n".join(found)).digest() if found else None


def _too_many_guesses(seconds: float) -> Problem:
    return Problem(
        429,
        "too_many_wrong_keys",
        "Too many wrong keys or passwords from this address: check the key, and retry later",
        {"Retry-After": f"{max(1, round(seconds))}", "Connection": "close"},
    )
