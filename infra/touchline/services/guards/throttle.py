"""Throttles guesses of keys and passwords, per client address.

Each address may be wrong `GUESSES` times, and then once per second. Past that, its requests with a key or a
password get 429 without a look at them, so that guessing is slow. Credentials that were right before from
that address are exempt: a producer behind the same proxy as an attacker goes on. A key in a body is not known
before the application has read it: the application shows it to the throttle then.
"""

import re
import time
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from ipaddress import IPv6Address, ip_address

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from touchline.collector.ingress.authentication import GUARD
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
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        digests: list[bytes] = []

        def guard(*credentials: bytes) -> None:
            digest = sha256(b"\n".join(credentials)).digest()
            address = address_of(scope)
            if (address, digest) not in self._right and (seconds := self._wait(address)) > 0:
                raise _too_many_guesses(seconds)
            digests.append(digest)

        async def send_and_count(message: Message) -> None:
            if digests and message["type"] in ("http.response.start", "websocket.http.response.start"):
                # Right credentials may be refused too: those of a browser on a page that may not use them.
                if "user" in scope:
                    self._remember(address_of(scope), digests)
                elif message["status"] in _WRONG:
                    self._count_wrong(address_of(scope), digests)
            await send(message)

        try:
            if found := _credentials(scope):
                guard(*found)
        except Problem as problem:
            await problem.response()(scope, receive, send)
            return
        scope[GUARD] = lambda key: guard(key.encode(errors="replace"))
        await self._app(scope, receive, send_and_count)

    def _wait(self, address: str) -> float:
        """Seconds until the address may try other credentials."""
        bucket = self._wrong.get(address)
        return 0.0 if bucket is None else bucket.wait(self._clock())

    def _count_wrong(self, address: str, digests: list[bytes]) -> None:
        for digest in digests:
            self._right.pop((address, digest), None)
        bucket = self._wrong.setdefault(address, TokenBucket(_PER_SECOND, GUESSES))
        self._wrong.move_to_end(address)
        bucket.charge(1, self._clock())
        if len(self._wrong) > _MOST_KEPT:
            self._wrong.popitem(last=False)

    def _remember(self, address: str, digests: list[bytes]) -> None:
        for digest in digests:
            self._right[address, digest] = None
            self._right.move_to_end((address, digest))
        while len(self._right) > _MOST_KEPT:
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


def _credentials(scope: Scope) -> list[bytes]:
    """What a request has in all places for keys and passwords that are seen without its body."""
    found = [value for name, value in scope["headers"] if name in _CARRIERS]
    if scope["query_string"]:
        given = HTTPConnection(scope).query_params
        found += [given[name].encode(errors="replace") for name in _PARAMETERS if name in given]
    if in_path := _PATHS.match(scope["path"]):
        found.append(in_path[1].encode(errors="replace"))
    return found


def _too_many_guesses(seconds: float) -> Problem:
    return Problem(
        429,
        "too_many_wrong_keys",
        "Too many wrong keys or passwords from this address: check the key, and retry later",
        {"Retry-After": f"{max(1, round(seconds))}", "Connection": "close"},
    )
