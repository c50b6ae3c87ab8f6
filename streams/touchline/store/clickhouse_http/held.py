"""Answers that keep the turn of their query until they are sent.

A client that reads slowly holds its answer in memory. As long as it does, no other query of its lane takes
its place, so the memory of all answers is bounded by the number of turns.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

PIECE_BYTES = 1_000_000
"""How much is handed to the connection at once: the next piece when the client has read most of the last."""

SEND_SECONDS = 300.0
"""How long a whole answer may take to be read."""

_MEDIA_TYPE = "application/octet-stream"


class HeldResponse(StreamingResponse):
    """A response in parts that keeps a turn.

    Args:
        parts: The body.
        headers: Its headers.
        turn: Closed when the response is sent, or its client is gone.
        seconds: How long it may take; None for no limit, as for a table that a worker reads as it computes.
    """

    def __init__(
        self,
        parts: AsyncIterator[bytes],
        headers: dict[str, str],
        turn: AsyncExitStack,
        seconds: float | None = None,
    ) -> None:
        super().__init__(parts, headers=headers, media_type=_MEDIA_TYPE)
        self._turn, self._seconds = turn, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the parts. After the time limit, the server closes the connection within the response."""
        async with self._turn:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._seconds):
                    await super().__call__(scope, receive, send)


def response_of(body: bytes, headers: dict[str, str], turn: AsyncExitStack) -> Response:
    """The response with a body. A large one takes the turn over; a small one fits into the connection."""
    if len(body) <= PIECE_BYTES:
        return Response(body, headers=headers, media_type=_MEDIA_TYPE)
    length = {"Content-Length": str(len(body))}
    return HeldResponse(_pieces(body), headers | length, turn.pop_all(), SEND_SECONDS)


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), PIECE_BYTES):
        yield body[start : start + PIECE_BYTES]
