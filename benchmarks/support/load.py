"""Posts requests over kept connections, each the next as soon as the last is answered, and times them."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Final, cast
from urllib.parse import urlsplit

import uvloop

WARM_SECONDS: Final = 2.0
"""What is answered before counts as accepted, but is not timed."""

_ANSWER_SECONDS: Final = 30.0


@dataclass(slots=True)
class Load:
    """What came of the requests.

    Attributes:
        answered: Requests that were answered with 200, from the first on.
        timed: Those of them that were timed.
        seconds: For how long they were timed.
        latencies: How long each of them took (s).
        unexpected: Other answers, each once.
    """

    answered: int = 0
    timed: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    unexpected: set[str] = field(default_factory=set)


def post(
    url: str, headers: Sequence[str], bodies: Sequence[bytes], *, connections: int, seconds: float
) -> Load:
    """Post bodies in turn for some seconds after `WARM_SECONDS`.

    Args:
        url: Where to.
        headers: Lines of the head, such as `Content-Type: application/json`.
        bodies: The bodies.
        connections: Requests under way at a time.
        seconds: How long the requests are timed.
    """
    parts = urlsplit(url)
    head = "\r\n".join([f"POST {parts.path} HTTP/1.1", f"Host: {parts.netloc}", *headers])
    requests = cycle([f"{head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body for body in bodies])
    # The lighter the client, the less it takes of the collector's time.
    return uvloop.run(_post(parts.hostname or "", parts.port or 80, requests, connections, seconds))


async def _post(host: str, port: int, requests: Iterator[bytes], connections: int, seconds: float) -> Load:
    loop = asyncio.get_running_loop()
    load, began = Load(), time.perf_counter()
    timing = (began + WARM_SECONDS, began + WARM_SECONDS + seconds)
    opened = [
        await loop.create_connection(lambda: _Connection(requests, load, timing), host, port)
        for _ in range(connections)
    ]
    async with asyncio.timeout(WARM_SECONDS + seconds + _ANSWER_SECONDS):
        await asyncio.gather(*(connection.ended for _, connection in opened))
    load.seconds = seconds
    return load


class _Connection(asyncio.Protocol):
    """A connection: a request, its answer, and the next request until the time is over."""

    def __init__(self, requests: Iterator[bytes], load: Load, timing: tuple[float, float]) -> None:
        self._requests, self._load = requests, load
        self._from, self._until = timing
        self._received = bytearray()
        self._sent_at = 0.0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The transport of uvloop does not inherit from it.
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(error or ConnectionError("the collector closed the connection"))

    def data_received(self, data: bytes) -> None:
        self._received += data
        head = self._received.find(b"\r\n\r\n")
        if head < 0:
            return
        lengths = self._received[:head].lower().partition(b"content-length:")[2]
        if len(self._received) < head + 4 + int(lengths.partition(b"\r\n")[0]):
            return
        self._answered(time.perf_counter())
        self._received.clear()
        if time.perf_counter() < self._until:
            self._send()
        else:
            self.ended.set_result(None)
            self._transport.close()

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(next(self._requests))

    def _answered(self, now: float) -> None:
        load = self._load
        if not self._received.startswith(b"HTTP/1.1 200"):
            load.unexpected.add(bytes(self._received[:300]).decode(errors="replace"))
            return
        load.answered += 1
        if self._from <= now < self._until:
            load.timed += 1
            load.latencies.append(now - self._sent_at)
