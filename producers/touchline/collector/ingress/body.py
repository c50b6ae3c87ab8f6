"""Reads a request body within limits of size (before and after decompression), time and total memory."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from touchline.collector.ingress.problem import Problem, busy

# The rest of the body is not read, so the connection cannot be used again.
_CLOSE = {"Connection": "close"}


class Memory:
    """The memory of all request bodies together. Used by one event loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.held = 0

    def take(self, size: int) -> None:
        """Reserve `size` bytes.

        Raises:
            Problem: 503, there is no room.
        """
        if self.held + size > self._most:
            raise busy("too_busy", "Too many requests at once; nothing was accepted: send this request again")
        self.held += size

    def release(self, size: int) -> None:
        """Free `size` bytes."""
        self.held -= size


@asynccontextmanager
async def decompressed(
    request: Request, *, memory: Memory, most_bytes: int, seconds: float
) -> AsyncIterator[bytes]:
    """The decompressed body, counted in `memory` until the block ends.

    Raises:
        Problem: 400 broken gzip, 408 too slow, 413 too large, 415 unknown encoding, 503 no memory.
        ClientDisconnect: the client disconnected.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", ""):
        raise Problem(
            415,
            "unsupported_encoding",
            f"Unknown Content-Encoding {encoding[:40]!r}: send gzip, or the body uncompressed",
            {"Accept-Encoding": "gzip"},
        )
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > most_bytes:
        raise _too_large(most_bytes, {})
    held = 0
    parts: list[bytes] = []
    gzip = _Gzip() if encoding == "gzip" else None
    try:
        try:
            async with asyncio.timeout(seconds):
                async for chunk in request.stream():
                    part = gzip.feed(chunk, most_bytes - held + 1) if gzip else chunk
                    if held + len(part) > most_bytes:
                        raise _too_large(most_bytes, _CLOSE)
                    memory.take(len(part))
                    held += len(part)
                    parts.append(part)
        except TimeoutError:
            raise Problem(
                408,
                "too_slow",
                f"The body did not arrive within {seconds:g} s: send smaller requests",
                _CLOSE,
            ) from None
        if gzip:
            gzip.finish()
        yield b"".join(parts)
    finally:
        memory.release(held)


def _too_large(most_bytes: int, headers: dict[str, str]) -> Problem:
    return Problem(
        413,
        "body_too_large",
        f"The body is larger than {most_bytes} bytes, decompressed; nothing was accepted: send it in parts",
        headers,
    )


class _Gzip:
    """Decompresses gzip as it arrives, of one or several members, up to a given number of bytes."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=31)

    def feed(self, chunk: bytes, most: int) -> bytes:
        """The decompressed chunk, cut off at `most` bytes."""
        parts: list[bytes] = []
        try:
            while chunk and most > 0:
                if self._member.eof:
                    self._member = zlib.decompressobj(wbits=31)
                part = self._member.decompress(chunk, most)
                parts.append(part)
                most -= len(part)
                chunk = self._member.unused_data
        except zlib.error as error:
            raise _broken(str(error)) from None
        return b"".join(parts)

    def finish(self) -> None:
        """Check that the body ended with a complete member."""
        if not self._member.eof:
            raise _broken("it is cut off")


def _broken(why: str) -> Problem:
    return Problem(400, "broken_gzip", f"The body is not valid gzip ({why}): compress and send it again")
