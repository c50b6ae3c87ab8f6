"""Reads a request body within limits of size (before and after decompression), time and total memory."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from touchline.collector.ingress.problem import Problem, busy

_FORMATS = {"gzip": 31, "deflate": 15}
"""The window bits with which zlib reads each encoding."""

_GZIP_MAGIC = b"\x1f\x8b"

_MOST_MEMBERS = 1_000
"""Each member costs a copy of what follows it: very many tiny ones would hold up other requests."""

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
    request: Request, *, memory: Memory, most_bytes: int, seconds: float, sniffs_gzip: bool = False
) -> AsyncIterator[bytes]:
    """The decompressed body, counted in `memory` until the block ends.

    With `sniffs_gzip`, a body that begins as gzip does is decompressed although no header says so.

    Raises:
        Problem: 400 broken gzip or deflate, 408 too slow, 413 too large, 415 unknown encoding, 503 no memory.
        ClientDisconnect: the client disconnected.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "", *_FORMATS):
        raise Problem(
            415,
            "unsupported_encoding",
            f"Unknown Content-Encoding {encoding[:40]!r}: send gzip, deflate, or the body uncompressed",
            {"Accept-Encoding": "gzip, deflate"},
        )
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > most_bytes:
        raise _too_large(most_bytes, {})
    held = 0
    parts: list[bytes] = []
    packed = _Packed(encoding) if encoding in _FORMATS else None
    begin = b"" if sniffs_gzip and packed is None else None
    try:
        try:
            async with asyncio.timeout(seconds):
                async for chunk in request.stream():
                    if begin is not None:
                        chunk = begin = begin + chunk
                        if len(begin) < len(_GZIP_MAGIC):
                            continue
                        packed = _Packed("gzip") if begin.startswith(_GZIP_MAGIC) else None
                        begin = None
                    part = packed.feed(chunk, most_bytes - held + 1) if packed else chunk
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
        if packed:
            packed.finish()
        yield begin or b"".join(parts)
    finally:
        memory.release(held)


def _too_large(most_bytes: int, headers: dict[str, str]) -> Problem:
    return Problem(
        413,
        "body_too_large",
        f"The body is larger than {most_bytes} bytes, decompressed; nothing was accepted: send it in parts",
        headers,
    )


class _Packed:
    """Decompresses a body as it arrives, of one or several members, up to a given number of bytes."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._member = zlib.decompressobj(wbits=_FORMATS[encoding])
        self._members = 1

    def feed(self, chunk: bytes, most: int) -> bytes:
        """The decompressed chunk, cut off at `most` bytes."""
        parts: list[bytes] = []
        try:
            while chunk and most > 0:
                if self._member.eof:
                    self._members += 1
                    if self._members > _MOST_MEMBERS:
                        raise _broken(self._encoding, f"it has more than {_MOST_MEMBERS} members")
                    self._member = zlib.decompressobj(wbits=_FORMATS[self._encoding])
                part = self._member.decompress(chunk, most)
                parts.append(part)
                most -= len(part)
                chunk = self._member.unused_data
        except zlib.error as error:
            raise _broken(self._encoding, str(error)) from None
        return b"".join(parts)

    def finish(self) -> None:
        """Check that the body ended with a complete member."""
        if not self._member.eof:
            raise _broken(self._encoding, "it is cut off")


def _broken(encoding: str, why: str) -> Problem:
    message = f"The body is not valid {encoding} ({why}): compress and send it again"
    return Problem(400, f"broken_{encoding}", message)
