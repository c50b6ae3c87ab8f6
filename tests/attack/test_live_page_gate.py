"""The live page under probes, crawlers and hostile pages: memory, WebSockets, unknown addresses."""

import json
import re
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, cast

import msgspec
import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.attack.conftest import Up
from touchline.live.connection.gate import MESSAGES
from touchline.live.connection.messages import Verdict, judge
from touchline.live.connection.requests import on_request
from touchline.services.guards.origins import own_origin

HTTP = urllib3.PoolManager(retries=urllib3.Retry(2, redirect=False), timeout=60)
FIRST_PAGES, PAGES, ROUNDS = 1_000, 250, 3
"""The memory grows over the first pages: 60 MB in 500, 10 MB in the next 500, then nothing in 6,000."""
GROWTH = 5 * 1024**2
"""One page takes 65 KB until it is freed: 16 MB in a round. The store's engine may take as much, but once."""

EVENT: dict[str, Any] = {"client_id": "c", "id": 4, "listener_id": "l", "args": ['{"a":1}', None]}
HANDSHAKE = {"client_id": "c", "tab_id": "t", "document_id": "d", "next_message_id": 0, "old_tab_id": None}


def _event(name: object, *bodies: object) -> str:
    return "42" + json.dumps([name, *bodies])


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("3", Verdict.PASS),
        ("40", Verdict.CONNECT),
        ('40{"token":"x"}', Verdict.CONNECT),
        ("41", Verdict.PASS),
        (_event("event", EVENT), Verdict.PASS),
        ("420" + _event("handshake", HANDSHAKE)[2:], Verdict.PASS),
        (_event("ack", {"client_id": "c", "next_message_id": 4}), Verdict.PASS),
        (_event("log", {"level": "error", "message": "\x1b[31m"}), Verdict.IGNORE),
        (_event("javascript_response", {}), Verdict.IGNORE),
        ("", Verdict.REFUSE),
        ("2probe", Verdict.REFUSE),
        ("5", Verdict.REFUSE),
        ("40{", Verdict.REFUSE),
        ("40/admin,", Verdict.REFUSE),
        ("42", Verdict.REFUSE),
        ("42{}", Verdict.REFUSE),
        (_event("event"), Verdict.REFUSE),
        (_event("event", EVENT, EVENT), Verdict.REFUSE),
        (_event("event", {**EVENT, "id": "4"}), Verdict.REFUSE),
        (_event("event", {**EVENT, "args": ["{"]}), Verdict.REFUSE),
        (_event("event", {**EVENT, "args": 7}), Verdict.REFUSE),
        (_event("disconnect", {}), Verdict.REFUSE),
        (_event("connect", {}), Verdict.REFUSE),
        (_event(7, {}), Verdict.REFUSE),
        ("42" + "[" * 50_000, Verdict.REFUSE),
        ('451-["event",{"_placeholder":true,"num":0}]', Verdict.REFUSE),
    ],
)
def test_messages_that_no_page_sends_are_refused(text: str, verdict: Verdict) -> None:
    """Answers to pings, one connection and complete events pass; anything else ends the WebSocket."""
    assert judge(text) is verdict


def test_an_event_that_no_element_expects_is_ignored() -> None:
    """An event passes only to a listener of an element of its page; for others NiceGUI logs a traceback."""
    asked: list[tuple[str, int, str]] = []

    def nobody(*ids: Any) -> bool:
        asked.append(ids)
        return False

    assert judge(_event("event", EVENT), nobody) is Verdict.IGNORE
    assert asked == [("c", 4, "l")]
    assert judge(_event("ack", {"client_id": "c", "next_message_id": 4}), nobody) is Verdict.PASS


class _Written(msgspec.Struct, forbid_unknown_fields=True):
    text: Annotated[str, msgspec.Meta(max_length=5)]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["text", "x"]), inner),
        max_leaves=6,
    )
)
def test_a_request_of_another_shape_reaches_no_handler(args: Any) -> None:
    """A handler gets exactly the requests of its shape, within the bounds of its texts."""
    page = _Element()
    got: list[_Written] = []
    on_request(cast("Any", page), "write", _Written, got.append)
    page.handler(SimpleNamespace(args=args))
    is_right = isinstance(args, dict) and args.keys() == {"text"} and isinstance(args["text"], str)
    assert [one.text for one in got] == ([args["text"]] if is_right and len(args["text"]) <= 5 else [])


class _Element:
    """What a component of a page is to a request."""

    def on(self, name: str, handler: Callable[[Any], object]) -> None:
        self.handler = handler


@given(st.one_of(st.text(), st.text().map(lambda text: "42" + text), st.text().map(lambda text: "40" + text)))
def test_any_text_is_judged(text: str) -> None:
    """No text raises an error."""
    judge(text)


@pytest.mark.parametrize(
    ("origin", "is_own"),
    [
        (None, True),
        ("http://localhost:8080", True),
        ("https://LOCALHOST:8080", True),
        ("https://touchline.example", True),
        ("https://eu.shops.example", True),
        ("http://localhost:3000", False),
        ("http://localhost", False),
        ("http://evil.example", False),
        ("https://touchline.example.evil.example", False),
        ("https://shops.example", False),
        ("file://localhost:8080", False),
        ("null", False),
        ("", False),
        ("http://[::1", False),
        ("http://", False),
    ],
)
def test_own_origins_are_recognised(origin: str | None, is_own: bool) -> None:
    """A page may connect if it came from the host that the request names, or from an allowed host."""
    assert own_origin(origin, "localhost:8080", ("touchline.example", "*.shops.example")) is is_own


def _get(port: int, path: str, method: str = "GET", body: bytes | None = None) -> tuple[int, str]:
    """Status and body of an answer."""
    answer = HTTP.request(method, f"http://127.0.0.1:{port}{path}", body=body)
    return answer.status, answer.data.decode()


def client_of(page: str) -> str:
    """The id that NiceGUI gave a page."""
    found = re.search(r"'client_id': '([0-9a-f-]+)'|\"client_id\": ?\"([0-9a-f-]+)\"", page)
    assert found
    return found[1] or found[2]


def _socket(port: int, page: str, **options: Any) -> ClientConnection:
    """The WebSocket that the script of a page opens."""
    query = (
        f"client_id={client_of(page)}&next_message_id=0&implicit_handshake=true&document_id=d&tab_id=t&old_tab_id=null"
        "&EIO=4&transport=websocket"
    )
    socket: ClientConnection = connect(f"ws://127.0.0.1:{port}/_nicegui_ws/socket.io/?{query}", **options)
    return socket


def _memory(process: "subprocess.Popen[bytes]") -> int:
    """Resident bytes of a process."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * 4096


def test_a_page_connects_and_hostile_messages_end_its_socket(up: Up) -> None:
    """The page's own WebSocket is answered; bad messages of each kind write no traceback."""
    _, port, output = up
    page = _get(port, "/")[1]
    with _socket(port, page) as socket:
        assert str(socket.recv(timeout=20)).startswith("0{")
        socket.send("40")
        assert str(socket.recv(timeout=20)).startswith("40{")
        for _ in range(MESSAGES):
            socket.send(_event("ack", {"client_id": "c", "next_message_id": 1}))
    before = output.stat().st_size
    hostile = (
        "42[",
        "40/x,",
        "\x00",
        _event("event", {}),
        _event("event", {**EVENT, "client_id": client_of(page)}),
        b"\xff",
        "9" * 60_000,
        "451-[]",
        _event("x", 1),
    )
    for message in hostile:
        for _ in range(3):
            with suppress(ConnectionClosed), _socket(port, page) as socket:
                socket.send("40")
                socket.send(message)
                socket.send(message)
                while True:
                    socket.recv(timeout=20)
    assert _get(port, "/healthz")[0] == 200
    assert output.stat().st_size == before


def _flood(socket: ClientConnection) -> None:
    socket.send("40")
    for _ in range(20 * MESSAGES):
        socket.send("3")
    while True:
        socket.recv(timeout=20)


def test_a_flood_of_messages_ends_its_socket(up: Up) -> None:
    """Past the rate of messages, well-formed ones end their WebSocket, too."""
    _, port, _ = up
    socket = _socket(port, _get(port, "/")[1])
    with socket, pytest.raises(ConnectionClosed, match="1008"):
        _flood(socket)


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://localhost:3000", "null", "http://[::1", "http://127.0.0.1"]
)
def test_a_foreign_page_opens_no_socket(up: Up, origin: str) -> None:
    """A WebSocket with another origin gets 403; the page's own origin is answered."""
    _, port, _ = up
    page = _get(port, "/")[1]
    with pytest.raises(InvalidStatus, match="403"), _socket(port, page, origin=origin):
        pass
    with _socket(port, page, origin=f"http://127.0.0.1:{port}") as socket:
        assert str(socket.recv(timeout=20)).startswith("0{")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing?password=secret", 404),
        ("GET", "/" + "x" * 5_000, 404),
        ("GET", "/%1b%5b31m", 404),
        ("GET", "/_nicegui/none", 404),
        ("GET", "/_nicegui_ws/socket.io/?EIO=4&transport=polling", 404),
        ("POST", "/_nicegui_ws/socket.io/?EIO=4&transport=polling", 405),
        ("POST", "/", 405),
        ("DELETE", "/alerts", 405),
    ],
)
def test_what_is_no_page_is_refused_and_not_logged(up: Up, method: str, path: str, status: int) -> None:
    """Unknown addresses, other methods and polling build no page, and leave no line in the log."""
    _, port, output = up
    before = output.stat().st_size
    found, body = _get(port, path, method, b"x" * 100_000 if method == "POST" else None)
    assert (found, len(body) < 300) == (status, True)
    assert "password" not in body
    assert output.stat().st_size == before


@pytest.mark.slow
def test_memory_is_flat_over_views_that_open_no_socket(up: Up) -> None:
    """After the first pages, many more leave the memory where it was."""
    process, port, _ = up
    measured = []
    for pages in (FIRST_PAGES, *[PAGES] * ROUNDS):
        for number in range(pages):
            assert _get(port, "/" if number % 2 else f"/customer/c{number}")[0] == 200
        time.sleep(3)
        measured.append(_memory(process))
    assert min(after - before for before, after in pairwise(measured)) < GROWTH
