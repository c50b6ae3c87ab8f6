"""What every process tells about itself, and the host check on requests of each kind."""

from platform import python_version
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from starlette.types import Message, Receive, Scope, Send

from touchline.services.web.front import guarded
from touchline.services.web.probes import register_process
from touchline.services.web.serving import CannotServe


async def _accept(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "accepted"})


async def _types_sent(kind: str, host: bytes, allowed: tuple[str, ...]) -> list[str]:
    """The types of the messages that a request to a loopback address gets, with the status of a refusal."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("nothing is read before the check")

    scope: dict[str, Any] = {"type": kind, "path": "/", "headers": [(b"host", host)], "query_string": b""}
    if kind == "websocket":
        scope["extensions"] = {"websocket.http.response": {}}
    await guarded(_accept, "127.0.0.1", allowed, "token")(scope, receive, send)
    return [f"{message['type']} {message.get('status', '')}".strip() for message in sent]


def test_metrics_name_the_version_and_the_process() -> None:
    """`touchline_build_info` has the versions of Touchline and Python; process metrics are there."""
    text = generate_latest(register_process(CollectorRegistry())).decode()
    assert "touchline_build_info{" in text
    assert f'python="{python_version()}"' in text
    assert "process_resident_memory_bytes" in text


@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_an_unknown_host_is_refused(kind: str) -> None:
    """Requests and WebSockets that name another host get 400; known names and patterns pass."""
    allowed = ("*.touchline.example",)
    start = "http.response.start" if kind == "http" else "websocket.http.response.start"
    assert (await _types_sent(kind, b"evil.example", allowed))[0] == f"{start} 400"
    assert await _types_sent(kind, b"localhost:8080", allowed) == ["accepted"]
    assert await _types_sent(kind, b"eu.touchline.example", allowed) == ["accepted"]


def test_a_pattern_with_a_star_inside_is_refused() -> None:
    """A host pattern whose `*` is not at its start ends the process with the reason."""
    with pytest.raises(CannotServe, match="allowed_hosts"):
        guarded(_accept, "127.0.0.1", ("eu.*.example",), "token")
