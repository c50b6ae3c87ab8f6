"""Answers that keep the turn of their query until they are sent.

A client that reads slowly holds its answer in memory. As long as it does, no other query of its lane takes
its place, so the memory of all answers is bounded by the number of turns.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from typing import Final

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

PIECE_BYTES: Final = 1_000_000
"""How much is handed to the connection at once: the next piece when the client has read most of the last."""

SEND_SECONDS: Final = 300.0
"""How long a whole answer may take to be read."""

MEDIA_TYPE: Final = "application/octet-stream"


class _HeldResponse(StreamingResponse):
    """A body that is sent in pieces and keeps a turn until then, or until its client is gone."""

    def __init__(self, body: bytes, headers: dict[str, str], turn: AsyncExitStack) -> None:
        length = {"Content-Length": str(len(body))}
        super().__init__(_pieces(body), headers=headers | length, media_type=MEDIA_TYPE)
        self._turn = turn

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the pieces. After the time limit, the server closes the connection within the response."""
        async with self._turn:
            with suppress(TimeoutError):
                async with asyncio.timeout(SEND_SECONDS):
                    await super().__call__(scope, receive, send)


def response_of(body: bytes, headers: dict[str, str], turn: AsyncExitStack) -> Response:
    """The response with a body. A large one takes the turn over; a small one fits into the connection."""
    if len(body) <= PIECE_BYTES:
        return Response(body, headers=headers, media_type=MEDIA_TYPE)
    return _HeldResponse(body, headers, turn.pop_all())


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), PIECE_BYTES):
        yield body[start : start + PIECE_BYTES]
