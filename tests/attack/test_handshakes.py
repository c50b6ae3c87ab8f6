"""TLS handshakes that never end: they count as connections, and end as soon as other waits do."""

import socket
import ssl
import subprocess
import threading
import time
from contextlib import closing
from typing import Any
from unittest.mock import Mock

import pytest
from uvicorn.server import ServerState

from tests.attack.conftest import LARGE, Connect, received, serving
from touchline.services.guards import handshakes, patrol
from touchline.services.guards.handshakes import Handshakes

GET = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
MOST = 20


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A certificate that a server signed itself."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    try:
        subprocess.run(
            [*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True
        )
    except FileNotFoundError:
        pytest.skip("openssl is not installed: nothing makes a certificate")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def _over_tls(connect: Connect) -> ssl.SSLSocket:
    """A connection whose handshake is complete."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    return trusting.wrap_socket(connect(), server_hostname="localhost")


def _answered(connect: Connect, request: bytes = GET) -> bytes:
    """The answer to a request over TLS."""
    with closing(_over_tls(connect)) as connection:
        connection.sendall(request)
        return received(connection)


def _is_closed(connection: socket.socket) -> bool:
    """Whether the server has closed a connection to which it sent nothing."""
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def test_requests_pass_through_tls(tls: ssl.SSLContext) -> None:
    """Requests at once after the handshake, large bodies and large answers arrive whole."""
    with serving(tls=tls) as connect:
        for _ in range(10):
            assert _answered(connect).startswith(b"HTTP/1.1 200")
        body = b"x" * 1_000_000
        head = f"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        assert _answered(connect, head.encode() + body).endswith(b"1000000")
        assert len(_answered(connect, GET.replace(b"/ ", b"/large "))) > LARGE


def test_handshakes_that_never_end_are_bounded(tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the limit a connection is closed at once; half-open ones end soon, and others are answered."""
    monkeypatch.setattr(patrol, "HEAD_SECONDS", 2.0)
    with serving(MOST, tls) as connect:
        half_open = [connect() for _ in range(3 * MOST)]
        for number, connection in enumerate(half_open):
            if number % 2:
                connection.sendall(b"\x16\x03\x01\x02\x00\x01")
        time.sleep(1)
        assert sum(map(_is_closed, half_open)) == 2 * MOST
        limit = time.monotonic() + 10
        while not all(map(_is_closed, half_open)):
            assert time.monotonic() < limit
            time.sleep(0.1)
        assert _answered(connect).startswith(b"HTTP/1.1 200")
        for connection in half_open:
            connection.close()


def test_what_is_no_handshake_ends_the_connection(tls: ssl.SSLContext) -> None:
    """Plain HTTP, noise and clients that go at once end their own connection alone."""
    with serving(MOST, tls) as connect:
        for begin in (GET, b"\x00" * 5_000, b"\x16\x03\x01\x00\x05hello"):
            with closing(connect()) as connection:
                connection.sendall(begin)
                assert b"HTTP" not in received(connection)
        for begin in (b"", b"\x16\x03"):
            for _ in range(3 * MOST):
                with closing(connect()) as connection:
                    connection.sendall(begin)
        limit = time.monotonic() + 10
        while True:
            try:
                assert _answered(connect).startswith(b"HTTP/1.1 200")
                break
            except OSError:
                assert time.monotonic() < limit


def test_bytes_that_come_with_the_handshake_are_bounded(tls: ssl.SSLContext) -> None:
    """A connection that sends more than the limit before its protocol is there is closed."""
    handshake: Any = Handshakes(tls, MOST)(server_state=ServerState())
    handshake._transport = transport = Mock()
    handshake.data_received(b"x" * handshakes._EARLY_BYTES)
    assert not transport.abort.called
    handshake.data_received(b"x")
    assert transport.abort.called


def test_an_end_does_not_wait_for_handshakes(tls: ssl.SSLContext) -> None:
    """A server ends at once although clients never finish their handshake, however long requests may take."""
    with serving(tls=tls, stop_seconds=8) as connect:
        half_open = [connect() for _ in range(5)]
        assert _answered(connect).startswith(b"HTTP/1.1 200")
        began = time.monotonic()
    assert time.monotonic() - began < 3
    for connection in half_open:
        connection.close()


def test_an_end_closes_handshakes_before_it_waits_for_requests(tls: ssl.SSLContext) -> None:
    """While a request may still end, half-open connections are closed already."""
    closed: list[bool] = []
    with serving(tls=tls, stop_seconds=5) as connect:
        half_open = [connect() for _ in range(5)]
        request = _over_tls(connect)
        request.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nx")

        def look() -> None:
            closed.extend(map(_is_closed, half_open))
            with closing(request):
                request.sendall(b"x")
                received(request)

        looking = threading.Timer(2, look)
        looking.start()
    looking.join()
    assert closed == [True] * 5
    for connection in half_open:
        connection.close()
