"""A server with the guards of all our servers, in front of an application of few lines."""

import asyncio
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from tests.waiting import wait_for_url
from touchline.services.web.serving import Serving, listening_on

LIMIT = 20.0
LARGE = 64 * 1024**2

Connect = Callable[[], socket.socket]
Up = tuple["subprocess.Popen[bytes]", int, Path]
"""A `touchline up`, its port, and the file that it writes to; its data folder `data` is beside that."""


async def _read(request: Request) -> Response:
    """Say how long the body was."""
    return PlainTextResponse(str(len(await request.body())))


async def _answer_at_once(request: Request) -> Response:
    return PlainTextResponse("early")


async def _large(request: Request) -> Response:
    return PlainTextResponse(b"x" * LARGE)


async def _echo(socket: WebSocket) -> None:
    await socket.accept()
    async for text in socket.iter_text():
        await socket.send_text(text)


APP = Starlette(
    routes=[
        Route("/", _read, methods=["GET", "POST"]),
        Route("/early", _answer_at_once, methods=["POST"]),
        Route("/large", _large),
        WebSocketRoute("/echo", _echo),
    ]
)


@contextmanager
def serving(
    most_connections: int | None = None,
    tls: ssl.SSLContext | None = None,
    stop_seconds: int = 1,
) -> Iterator[Connect]:
    """Serve, and yield a function that connects."""
    with listening_on("127.0.0.1", 0) as listening:
        ready = threading.Event()
        server = Serving(APP, ready.set, stop_seconds=stop_seconds, websockets=True, tls=tls)
        if most_connections is not None:
            server.config.limit_concurrency = most_connections
            if server.handshakes is not None:
                server.handshakes.most = most_connections
        address = listening.getsockname()
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])), daemon=True)
        thread.start()
        assert ready.wait(LIMIT)
        try:
            yield lambda: socket.create_connection(address, timeout=LIMIT)
        finally:
            server.end()
            thread.join(LIMIT)
            assert not thread.is_alive()


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Connects to a server with the guards."""
    with serving() as connecting:
        yield connecting


def received(connection: socket.socket) -> bytes:
    """All that the server sends until it closes the connection."""
    parts = []
    try:
        while part := connection.recv(65_536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A `touchline up` for the tests of a module."""
    folder = tmp_path_factory.mktemp("up")
    output = folder / "output"
    with output.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "touchline.cli", "up", "--port", "0", "--data", str(folder / "data")],
            stdout=stream,
            stderr=subprocess.STDOUT,
            cwd=folder,
        )
    yield process, int(wait_for_url(process, output).rpartition(":")[2]), output
    process.terminate()
    process.wait(20)
