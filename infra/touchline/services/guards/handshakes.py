"""TLS handshakes with the bounds of all connections.

uvicorn sees a connection only after its handshake, so half-open ones would count nowhere. Here the handshake
is a step of its own: it counts as a connection, and ends like a request whose head does not arrive.
"""

import asyncio
import ssl
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from touchline.services.guards import patrol
from touchline.services.guards.protocol import BoundedHttp

_EARLY_BYTES = 512 * 1024
"""The most bytes that a client may send together with the end of its handshake."""


class Handshakes:
    """Makes protocols that do the handshake first; to uvicorn it is the class of its protocol.

    Args:
        context: The certificate and its key.
        most: The most connections, with those whose handshake is under way. A further one is closed.
    """

    def __init__(self, context: ssl.SSLContext, most: int) -> None:
        self.context = context
        self.most = most
        self._under_way: set[_Handshake] = set()

    def __call__(self, **options: Any) -> asyncio.Protocol:
        """Make the protocol of one connection, with uvicorn's options."""
        connections = options["server_state"].connections
        return _Handshake(
            partial(BoundedHttp, **options),
            self.context,
            self._under_way,
            lambda: len(connections) + len(self._under_way) < self.most,
        )

    def end(self) -> None:
        """Close the connections whose handshake is under way."""
        for handshake in list(self._under_way):
            handshake.abort()


class _Handshake(asyncio.Protocol):
    """A connection until its handshake is complete; then `make` makes its protocol."""

    def __init__(
        self,
        make: Callable[[], BoundedHttp],
        context: ssl.SSLContext,
        under_way: "set[_Handshake]",
        has_room: Callable[[], bool],
    ) -> None:
        self._make = make
        self._context = context
        self._under_way = under_way
        self._has_room = has_room
        self._early = bytearray()
        self._is_lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if not self._has_room():
            self.abort()
            return
        self._under_way.add(self)
        # Nothing may be read before the handshake begins. uvloop would read, so TLS needs asyncio's own loop.
        self._transport.pause_reading()
        # Kept by this attribute: the event loop itself holds tasks only weakly.
        self._task = asyncio.get_running_loop().create_task(self._run())

    def data_received(self, data: bytes) -> None:
        """Keep what arrives with the end of the handshake, before the protocol is there."""
        self._early += data
        if len(self._early) > _EARLY_BYTES:
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_lost = True
        self._under_way.discard(self)

    def abort(self) -> None:
        """Close the connection at once."""
        self._transport.abort()

    async def _run(self) -> None:
        try:
            transport = await asyncio.get_running_loop().start_tls(
                self._transport,
                self,
                self._context,
                server_side=True,
                ssl_handshake_timeout=patrol.HEAD_SECONDS,
                ssl_shutdown_timeout=patrol.REST_SECONDS,
            )
        except OSError:
            self.abort()
            return
        finally:
            self._under_way.discard(self)
        if transport is None or self._is_lost:
            return
        protocol = self._make()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        if self._early:
            protocol.data_received(bytes(self._early))
