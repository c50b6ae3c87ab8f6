"""Reading a request body within bounds: of size, before and after unpacking, of time, and of all memory."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from touchline.collector.ingress.problem import Problem, busy

# The rest of the body is not read; a connection that still carries it is of no further use.
_CLOSE = {"Connection": "close"}


class Memory:
    """The bytes that all requests together may hold; used by one event loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.held = 0

    def take(self, size: int) -> None:
        """Hold so many more bytes, or raise the Problem that there is no room."""
        if self.held + size > self._most:
            raise busy("too_busy", "too many requests at once; nothing was accepted: send this one again")
        self.held += size

    def release(self, size: int) -> None:
        """Hold so many bytes less."""
        self.held -= size


@asynccontextmanager
async def unpacked(
    request: Request, *, memory: Memory, most_bytes: int, seconds: float
) -> AsyncIterator[bytes]:
    """The body, unpacked, held in `memory` until the block ends.

    Raises:
        Problem: 400 broken gzip, 408 too slow, 413 too large, 415 unknown encoding, 503 no memory.
        ClientDisconnect: the client went away.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", ""):
        raise Problem(
            415,
            "unsupported_encoding",
            f"Content-Encoding {encoding[:40]!r} is not understood: send gzip, or the body as it is",
            {"Accept-Encoding": "gzip"},
        )
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > most_bytes:
        raise _too_large(most_bytes, {})
    held = 0
    parts: list[bytes] = []
    unpack = _Gzip() if encoding == "gzip" else None
    try:
        try:
            async with asyncio.timeout(seconds):
                async for chunk in request.stream():
                    part = unpack.feed(chunk, most_bytes - held + 1) if unpack else chunk
                    if held + len(part) > most_bytes:
                        raise _too_large(most_bytes, _CLOSE)
                    memory.take(len(part))
                    held += len(part)
                    parts.append(part)
        except TimeoutError:
            raise Problem(
                408, "too_slow", f"the body did not arrive within {seconds:g} s: send less at once", _CLOSE
            ) from None
        if unpack:
            unpack.finish()
        yield b"".join(parts)
    finally:
        memory.release(held)


def _too_large(most_bytes: int, headers: dict[str, str]) -> Problem:
    return Problem(
        413,
        "body_too_large",
        f"a request may have {most_bytes} bytes, unpacked; nothing was accepted: send it in parts",
        headers,
    )


class _Gzip:
    """Unpacks gzip as it arrives, one or several members, never more than asked for."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=31)

    def feed(self, chunk: bytes, most: int) -> bytes:
        """What the chunk unpacks to, cut off at `most` bytes."""
        found: list[bytes] = []
        try:
            while chunk and most > 0:
                if self._member.eof:
                    self._member = zlib.decompressobj(wbits=31)
                part = self._member.decompress(chunk, most)
                found.append(part)
                most -= len(part)
                chunk = self._member.unused_data
        except zlib.error as error:
            raise _broken(str(error)) from None
        return b"".join(found)

    def finish(self) -> None:
        """The body has ended: it must have ended with a whole member."""
        if not self._member.eof:
            raise _broken("it ends in the middle")


def _broken(why: str) -> Problem:
    return Problem(400, "broken_gzip", f"the body is no whole gzip ({why}): pack it again and send it again")
