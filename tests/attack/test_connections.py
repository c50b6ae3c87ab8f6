"""What a client can make a connection hold, before any key: bytes, time, and a place among others."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import chain, repeat

import pytest
from websockets.sync.client import connect as websocket

from tests.attack.conftest import LARGE, Connect, received, serving
from touchline.services.guards import patrol
from touchline.services.guards.protocol import HEAD_BYTES, HEADERS, PIPELINED

GET = b"GET / HTTP/1.1\r\nHost: x\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
BUFFERS = 16 * 1024**2
"""More than the sockets of both sides hold."""

ENDLESS = {
    "headers": (GET, b"a: b\r\n"),
    "a header": (GET + b"a: ", b"b" * 6),
    "a header's name": (GET, b"a" * 6),
    "the path": (b"GET /", b"b" * 6),
    "line ends before a request": (b"", b"\r\n\r\n"),
    "trailers": (CHUNKED + b"0\r\n", b"a: b\r\n"),
    "a trailer": (CHUNKED + b"0\r\na: ", b"b" * 6),
    "a chunk's extension": (CHUNKED + b"1;", b"b" * 6),
    "an unknown protocol": (GET + b"Upgrade: x\r\nConnection: Upgrade\r\n\r\n", b"b" * 6),
}


def _sent(connection: socket.socket, parts: Iterator[bytes]) -> int:
    """How many bytes of the parts are sent before the server closes."""
    sent = 0
    try:
        for part in parts:
            connection.sendall(part)
            sent += len(part)
            assert sent < BUFFERS, "the server reads on"
    except OSError:
        pass
    return sent


@pytest.mark.parametrize(("begin", "part"), ENDLESS.values(), ids=ENDLESS.keys())
def test_what_surrounds_a_body_is_bounded(connect: Connect, begin: bytes, part: bytes) -> None:
    """Endless first lines, headers, trailers or framing are cut off; the server answers others as before."""
    with closing(connect()) as connection:
        _sent(connection, chain([begin], repeat(part * 1_000)))
        assert received(connection).count(b"HTTP/1.1 200") <= 1
    with closing(connect()) as connection:
        connection.sendall(GET + b"Connection: close\r\n\r\n")
        assert received(connection).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (GET + b"a: b\r\n" * (HEADERS - 2) + b"Connection: close\r\n\r\n", b"200"),
        (GET + b"a: b\r\n" * HEADERS + b"\r\n", b"431"),
        (GET + b"a: " + b"b" * (HEAD_BYTES - 100) + b"\r\nConnection: close\r\n\r\n", b"200"),
        (GET + b"a: " + b"b" * HEAD_BYTES + b"\r\n\r\n", b"431"),
        (b"GET /" + b"b" * HEAD_BYTES + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"431"),
    ],
    ids=["100 headers", "102 headers", "a fitting header", "a long header", "a long path"],
)
def test_the_bounds_of_a_head_are_exact(connect: Connect, head: bytes, status: bytes) -> None:
    """100 headers and 64 KB pass, whether they arrive at once or in pieces; one more gets 431."""
    for size in (len(head), 700):
        with closing(connect()) as connection:
            _sent(connection, (head[start : start + size] for start in range(0, len(head), size)))
            assert received(connection)[9:12] in ({status, b""} if status == b"431" else {status})


@pytest.mark.parametrize(
    "request_",
    [
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\nabcdef",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999999\r\n\r\nabcdef",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nabc\r\n",
        b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_lengths_that_lie_are_refused(connect: Connect, request_: bytes) -> None:
    """Two lengths, impossible ones and other malformed requests get 400 as JSON, or nothing; then the end."""
    with closing(connect()) as connection:
        connection.sendall(request_)
        answer = received(connection)
        assert answer == b"" or (answer[9:12] == b"400" and b"malformed_request" in answer)


def test_a_length_too_short_makes_no_second_request(connect: Connect) -> None:
    """What follows a body that its length cuts off is read as a request of its own, and refused."""
    with closing(connect()) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nabGARBAGE\r\n\r\n")
        assert received(connection).count(b"HTTP/1.1 200") <= 1


def test_requests_ahead_of_their_responses_are_bounded(connect: Connect) -> None:
    """A few pipelined requests are answered in order; thousands close the connection."""
    with closing(connect()) as connection:
        connection.sendall((GET + b"\r\n") * (PIPELINED - 1) + GET + b"Connection: close\r\n\r\n")
        assert received(connection).count(b"HTTP/1.1 200") == PIPELINED
    with closing(connect()) as connection:
        _sent(connection, iter([(GET + b"\r\n") * 5_000]))
        assert received(connection).count(b"HTTP/1.1 200") <= 2 * PIPELINED


def _cut_off(connection: socket.socket) -> bool:
    """Whether the server ends a connection that sends a letter now and then."""
    try:
        for _ in range(100):
            connection.sendall(b"a")
            time.sleep(0.1)
    except OSError:
        return True
    return False


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEAD_SECONDS", "REST_SECONDS", "UNREAD_SECONDS"):
        monkeypatch.setattr(patrol, name, 0.5)


@pytest.mark.usefixtures("short_waits")
def test_half_open_connections_by_the_hundred_are_closed(connect: Connect) -> None:
    """Connections that send nothing, half a head, or a letter now and then, end; others are answered."""
    begins = [b"", b"G", GET, GET + b"\r\n" + b"GET"]
    connections = [connect() for _ in range(100) for _ in begins]
    try:
        for connection, begin in zip(connections, begins * 100, strict=True):
            connection.sendall(begin)
        with closing(connect()) as dripping:
            assert _cut_off(dripping)
        for connection in connections:
            received(connection)
        with closing(connect()) as connection:
            connection.sendall(GET + b"Connection: close\r\n\r\n")
            assert received(connection).startswith(b"HTTP/1.1 200")
    finally:
        for connection in connections:
            connection.close()


@pytest.mark.usefixtures("short_waits")
def test_a_body_that_goes_on_after_its_response_ends(connect: Connect) -> None:
    """A client that has its response and sends body for ever does not keep the connection."""
    with closing(connect()) as connection:
        connection.sendall(b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
        assert connection.recv(1_000).startswith(b"HTTP/1.1 200")
        assert _cut_off(connection)


@pytest.mark.usefixtures("short_waits")
def test_a_client_that_does_not_read_is_cut_off(connect: Connect) -> None:
    """A large response that nobody reads ends, and so do messages that a WebSocket does not read."""
    with closing(connect()) as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(2)
        assert len(received(connection)) < LARGE


def test_connections_past_the_limit_are_refused() -> None:
    """Past the limit a connection gets 503 at once; once others end, the next one is answered."""
    with serving(most_connections=20) as connect:
        held = [connect() for _ in range(20)]
        with closing(connect()) as refused:
            answer = received(refused)
            assert answer.startswith(b"HTTP/1.1 503")
            assert b"too_many_connections" in answer
        for connection in held:
            connection.close()
        _until_answered(connect)


def _until_answered(connect: Callable[[], socket.socket]) -> None:
    for _ in range(100):
        with closing(connect()) as connection:
            connection.sendall(GET + b"Connection: close\r\n\r\n")
            if received(connection).startswith(b"HTTP/1.1 200"):
                return
        time.sleep(0.05)
    raise AssertionError("not answered again")


def test_messages_of_a_websocket_are_bounded(connect: Connect) -> None:
    """A message over 64 KB, packed or not, ends its WebSocket; smaller ones are echoed."""
    with closing(connect()) as probe:
        port = probe.getpeername()[1]
    for compression in (None, "deflate"):
        with websocket(f"ws://127.0.0.1:{port}/echo", compression=compression) as socket_:
            socket_.send("x" * 60_000)
            assert len(socket_.recv(timeout=10)) == 60_000
            socket_.send("x" * 70_000)
            with pytest.raises(Exception, match=r"1009"):
                socket_.recv(timeout=10)
