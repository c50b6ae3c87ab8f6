"""Random requests to every route: no 5xx, no dropped connection, no traceback, and exact accounts.

`python -m tests.attack.test_fuzz PORT REQUESTS [SEED]` sends more of them to a running `touchline up`.
"""

import gzip
import json
import random
import socket
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
import urllib3

from tests.attack.conftest import Up, received
from tests.waiting import wait_for

REQUESTS = 600

METHODS = ("GET",) * 6 + ("POST",) * 6 + ("HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
PATHS = (
    "/",
    "/contacts",
    "/journeys",
    "/measures",
    "/alerts",
    "/customer/account:u-1",
    "/customer/%00%0a%1b[31m",
    "/customer/" + "%F0%9F%A6%86" * 40,
    "/customer/..%2f..%2fetc",
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/v1/nothing",
    "/v1/events/",
    "//v1/events",
    "/v1/%65vents",
    "/clickhouse",
    "/clickhouse/",
    "/clickhouse/ping",
    "/clickhouse/none",
    "/favicon.ico",
    "/_nicegui/x",
    "/_nicegui_ws/socket.io/",
    "/%ff%fe",
    "/%",
    "/a%zz",
    "/..",
    "/../../etc/passwd",
    "/;x=1",
    "/" + "a/" * 500,
    "/\u00e4",
    "*",
    "http://evil.example/",
)
VALUES = (
    "",
    "0",
    "-1",
    "1e400",
    "null",
    "%00",
    "%0d%0aX:1",
    "%E2%82%AC",
    "%ff",
    "[::1",
    "{",
    "'",
    "%25",
    "24h",
    "a" * 3_000,
    "%F0%9F%A6%86",
    "SELECT%201",
    "SELECT%20",
    "..%2f",
    "%1b%5b2J",
)
NAMES = (
    "span",
    "channel",
    "source",
    "query",
    "query_id",
    "password",
    "user",
    "database",
    "default_format",
    "param_x",
    "session_id",
    "max_threads",
    "readonly",
    "EIO",
    "sid",
    "a%00b",
    "",
    "%ff",
)
HEADERS = (
    "Origin: http://[::1",
    "Origin: null",
    "Origin: http://localhost",
    "Origin: //",
    "Authorization: Bearer",
    "Authorization: Bearer x",
    "Authorization: Basic !!!",
    "Authorization: Basic /////w==",
    "Authorization: \u00ff",
    "X-ClickHouse-Key: x",
    "X-ClickHouse-User: \u00e4",
    "X-ClickHouse-Format: ../x",
    "X-Forwarded-For: [::1, ,",
    "X-Forwarded-Proto: x",
    'X-Forwarded-Prefix: "><script>',
    "Accept-Encoding: gzip;q=x",
    "Accept: text/markdown",
    "Content-Type: multipart/form-data",
    "Content-Type: multipart/form-data; boundary=a",
    "Content-Type: \u00ff",
    "Content-Encoding: gzip",
    "Content-Encoding: br",
    "Content-Encoding: x\u00ff",
    "Range: bytes=5-1",
    'If-None-Match: "',
    "If-Modified-Since: x",
    "Cookie: a=\u00ff; ;=",
    "Expect: 100-continue",
    "Upgrade: websocket",
    "Upgrade: h2c",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: x",
    "Sec-WebSocket-Version: 1",
    "User-Agent: GPTBot",
    "Touchline-Client: x",
    "Touchline-Client: \u00ff=1;a",
    "Touchline-Lost: a=1,b=-1,c=x",
    "Sec-Purpose: prefetch",
    "Transfer-Encoding: identity",
    "Content-Length: 3",
    "X: " + "y" * 5_000,
    "Host: other.example",
    "Host: [::1",
)
REFUSED_BUSY = ("too_busy", "too_many_connections", "202")


class Sent(NamedTuple):
    """A request."""

    target: str
    head: bytes
    body: bytes


class Answered(NamedTuple):
    """The answer to a request: 0 and nothing where the connection was closed."""

    status: int
    head: bytes
    body: bytes


def _event(chance: random.Random, number: int) -> Any:
    event: dict[str, Any] = {
        "id": f"fuzz-{number}-{chance.randrange(10**9)}",
        "type": chance.choice(["help.searched", "page.viewed", "no.such", 7]),
        "time": chance.choice([datetime.now(UTC).isoformat(), "1970-01-01T00:00:00Z", "soon", 1e400, None]),
        "channel": chance.choice(["web", "", None, "\x1b[31m"]),
        "source": chance.choice(["shop", "\u202e"]),
        "identifiers": chance.choice(
            [{"account": f"u-{number % 7}"}, {}, {"account": ["a"] * 9}, {"email": {}}]
        ),
        "data": chance.choice([{"query": "parcel"}, {"query": "x" * 40_000}, [], {"query": 2**80}]),
    }
    if chance.random() < 0.3:
        event.pop(chance.choice(list(event)))
    if chance.random() < 0.5:
        event |= {"type": "help.searched", "channel": "web", "data": {"query": "parcel"}}
        event |= {"time": datetime.now(UTC).isoformat(), "identifiers": {"account": "u-1"}, "source": "shop"}
    return event


def _body(chance: random.Random, number: int) -> bytes:
    events = [_event(chance, number) for _ in range(chance.randrange(1, 5))]
    text = chance.choice(
        [json.dumps(events[0]), json.dumps(events), "\n".join(json.dumps(event) for event in events)]
    ).encode()
    return chance.choice(
        [
            text,
            text,
            text,
            text[:-1],
            text + b"\xff",
            gzip.compress(text),
            gzip.compress(text)[:-3],
            b"",
            b"{}",
            b"[" * 5_000,
            b"\x00" * 100,
            b"SELECT 1",
            b"SELECT",
            bytes(chance.randrange(256) for _ in range(200)),
            b'--a\r\nContent-Disposition: form-data; name="query"\r\n\r\nSELECT 1\r\n--a--\r\n',
        ]
    )


def requests(seed: int, count: int) -> Iterator[Sent]:
    """Return random requests; half of them are POSTs of events."""
    chance = random.Random(seed)
    for number in range(count):
        is_events = chance.random() < 0.5
        method = "POST" if is_events and chance.random() < 0.95 else chance.choice(METHODS)
        target = "/v1/events" if is_events else chance.choice(PATHS)
        if chance.random() < 0.4:
            fields = (
                f"{chance.choice(NAMES)}={chance.choice(VALUES)}" for _ in range(chance.randrange(1, 4))
            )
            target += "?" + "&".join(fields)
        body = _body(chance, number) if method == "POST" or chance.random() < 0.1 else b""
        headers = [chance.choice(HEADERS) for _ in range(chance.choice([0, 0, 1, 2, 3]))]
        if body.startswith(b"\x1f\x8b") and chance.random() < 0.8:
            headers.append("Content-Encoding: gzip")
        if not any(header.startswith("Host:") for header in headers):
            headers.append("Host: localhost")
        if not any(header.startswith(("Content-Length:", "Transfer-Encoding:")) for header in headers):
            headers.append(f"Content-Length: {len(body)}")
        lines = [f"{method} {target} HTTP/1.1", *headers, "Connection: close", "", ""]
        yield Sent(target, "\r\n".join(lines).encode("latin-1", "replace"), body)


def send(port: int, request: Sent) -> Answered:
    """The answer to a request on a connection of its own."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=60)) as connection:
        with suppress(OSError):
            connection.sendall(request.head + request.body)
        answer = received(connection)
    if answer.startswith(b"HTTP/1.1 100"):
        answer = answer.partition(b"\r\n\r\n")[2]
    head, _, body = answer.partition(b"\r\n\r\n")
    return Answered(int(head[9:12] or 0), head, body)


class Tally:
    """What the answers say, and what they should not."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.events: Counter[str] = Counter()
        self.wrong: list[tuple[Sent, Answered]] = []

    def add(self, request: Sent, answer: Answered) -> None:
        """Count an answer."""
        self.statuses[answer.status] += 1
        busy = answer.status == 503 and any(
            code.encode() in answer.head + answer.body for code in REFUSED_BUSY
        )
        if answer.status == 0 or (answer.status >= 500 and not busy):
            self.wrong.append((request, answer))
        if request.target.startswith(("/v1/events", "/v1/%65vents")):
            if answer.status == 200:
                results = json.loads(answer.body)["results"]
                self.events.update(result["status"] for result in results)
            elif b'"malformed_json"' in answer.body:
                self.events["quarantined"] += 1


def fuzz(port: int, seed: int, count: int) -> Tally:
    """Send random requests, eight at a time."""
    tally = Tally()
    with ThreadPoolExecutor(8) as pool:
        sent = list(requests(seed, count))
        for request, answer in zip(sent, pool.map(lambda one: send(port, one), sent), strict=True):
            tally.add(request, answer)
    return tally


def _stored(port: int, token: str) -> dict[str, int]:
    sql = (
        "SELECT (SELECT count() FROM events) AS stored, (SELECT count() FROM quarantine) AS quarantined"
        " FORMAT JSONEachRow"
    )
    answer = urllib3.request(
        "POST",
        f"http://127.0.0.1:{port}/clickhouse",
        body=sql,
        headers={"X-ClickHouse-Key": token},
        timeout=30,
    )
    return {name: int(value) for name, value in json.loads(answer.data).items()}


@pytest.mark.slow
def test_any_request_has_an_answer_and_every_event_its_place(up: Up) -> None:
    """No 5xx, no drop, no traceback; the store holds the events and the quarantine that the answers said."""
    _, port, output = up
    tally = fuzz(port, 1, REQUESTS)
    assert not tally.wrong, tally.wrong[:3]
    assert tally.events["stored"] > 50
    assert "Traceback" not in output.read_text()
    token = (output.parent / "data" / "token").read_text().strip()
    expected = {"stored": tally.events["stored"], "quarantined": tally.events["quarantined"]}
    wait_for(lambda: _stored(port, token) == expected, 60)


if __name__ == "__main__":
    found = fuzz(int(sys.argv[1]), int(sys.argv[3]) if len(sys.argv) > 3 else 0, int(sys.argv[2]))
    sys.stdout.write(f"{dict(found.statuses)}\n{dict(found.events)}\n")
    for request, answer in found.wrong[:20]:
        sys.stdout.write(
            f"{request.head!r}\n  {request.body[:80]!r}\n  {answer.head[:60]!r} {answer.body[:80]!r}\n"
        )
