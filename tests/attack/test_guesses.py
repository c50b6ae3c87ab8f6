"""Guesses of keys are throttled per address; log lines that clients cause are bounded."""

import logging
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from tests.collector.served import serving
from touchline.collector import Keys
from touchline.log.sqlite import SqliteLog
from touchline.services.guards import throttle
from touchline.services.guards.throttle import GUESSES, Throttle, address_of
from touchline.services.logs import LINES_PER_MINUTE, Repeats

RIGHT = "Bearer right"


class Guesser:
    """Sends requests with keys from addresses to a server that knows one key."""

    def __init__(self) -> None:
        self.now = 0.0
        self.looked_at = 0
        self._throttle = Throttle(self._app, lambda: self.now)

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.looked_at += 1
        given = dict(scope["headers"]).get(b"authorization", b"").decode()
        if given == RIGHT:
            scope["user"] = "shop"
        status = 200 if given == RIGHT or scope["path"] == "/healthz" else 401
        if given == RIGHT and scope["path"] == "/refused":
            status = 403
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def status(
        self, key: str | None, address: str = "198.51.100.7", path: str = "/v1/events", query: str = ""
    ) -> int:
        """The status of the answer to a request."""
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            raise AssertionError("nothing is read")

        headers = [] if key is None else [(b"authorization", key.encode())]
        scope: dict[str, Any] = {"type": "http", "path": path, "headers": headers}
        scope["query_string"] = query.encode()
        await self._throttle({**scope, "client": (address, 1), "method": "POST"}, receive, send)
        return int(sent[0]["status"])


async def test_guesses_past_the_limit_are_not_looked_at() -> None:
    """After 20 wrong keys an address gets 429 without a check; then one guess per second."""
    guesser = Guesser()
    assert [await guesser.status(f"Bearer {number}") for number in range(GUESSES)] == [401] * GUESSES
    assert [await guesser.status(f"Bearer {number}") for number in range(100)] == [429] * 100
    assert guesser.looked_at == GUESSES
    guesser.now += 1.0
    assert [await guesser.status("Bearer x"), await guesser.status("Bearer y")] == [401, 429]
    assert await guesser.status("Bearer z", "203.0.113.9") == 401


async def test_a_right_key_is_not_hurt_by_guesses_beside_it() -> None:
    """A producer whose key was right before goes on, from the same address as the attacker."""
    guesser = Guesser()
    assert await guesser.status(RIGHT) == 200
    for number in range(3 * GUESSES):
        await guesser.status(f"Bearer {number}")
    assert [await guesser.status(RIGHT) for _ in range(50)] == [200] * 50
    assert await guesser.status(None, path="/healthz") == 200


async def test_an_open_path_does_not_make_a_guess_right() -> None:
    """A key that an unprotected path let pass is not taken for a right one."""
    guesser = Guesser()
    for number in range(GUESSES):
        await guesser.status(f"Bearer {number}")
    guesser.now += 1.0
    assert await guesser.status("Bearer guess", path="/healthz") == 200
    await guesser.status("Bearer other")
    assert await guesser.status("Bearer guess") == 429


async def test_a_key_in_the_query_is_a_guess_too() -> None:
    """Browser keys come in the query, so guesses of them are throttled like others."""
    guesser = Guesser()
    for number in range(GUESSES):
        assert await guesser.status(None, query=f"lost=a=1&key={number}") == 401
    assert await guesser.status(None, query="key=x") == 429


@pytest.mark.parametrize("name", ["%6Bey", "pass%77ord"])
async def test_a_guess_whose_name_is_percent_encoded_is_a_guess(name: str) -> None:
    """The app decodes the names of parameters, so the throttle does, too."""
    guesser = Guesser()
    for number in range(GUESSES):
        assert await guesser.status(None, query=f"{name}={number}") == 401
    assert await guesser.status(None, query=f"{name}=x") == 429


@pytest.mark.parametrize("path", ["/k/{}/i", "/k/{}/com.snowplowanalytics.snowplow/tp2"])
async def test_a_key_in_the_path_is_a_guess_too(path: str) -> None:
    """Clients without another place for a key send it there, so guesses there are throttled like others."""
    guesser = Guesser()
    for number in range(GUESSES):
        assert await guesser.status(None, path=path.format(number)) == 401
    assert await guesser.status(None, path=path.format("x")) == 429
    assert await guesser.status(None, path="/healthz") == 200


BODIES = {
    "/v1/batch": '{"writeKey": "%s", "batch": []}',
    "/v1/track": '{"writeKey": "%s", "event": "a", "userId": "u"}',
    "/batch/": '{"api_key": "%s", "batch": []}',
    "/i/v0/e/": '[{"event": "a", "distinct_id": "u", "properties": {"token": "%s"}}]',
}


@pytest.mark.parametrize("path", BODIES)
def test_a_key_in_the_body_is_a_guess_too(tmp_path: Path, path: str) -> None:
    """Past the limit such keys are not looked up; a producer whose key was right before goes on."""

    def send(key: str, body: str = BODIES[path], headers: dict[str, str] | None = None) -> int:
        sent = body.replace("%s", key).encode()
        return collector.http.request("POST", collector.url + path, body=sent, headers=headers).status

    log = SqliteLog(tmp_path / "log.sqlite", max_bytes=64 * 1024**2)
    keys = Keys(tmp_path / "keys.json")
    right = keys.create("shop")
    with closing(log), serving(log, log, keys, around=Throttle) as collector:
        assert send(right) == 200
        assert [send(f"guess-{number}") for number in range(GUESSES)] == [401] * GUESSES
        # PostHog's libraries send again after 503, not after 429.
        later = {send(f"guess-{number}") for number in range(2 * GUESSES)}
        assert later <= {401, 429, 503}
        assert later & {429, 503}
        assert [send(right) for _ in range(GUESSES)] == [200] * GUESSES
        assert send("x", headers={"Authorization": f"Bearer {right}x"}) == 429


async def test_a_right_key_that_may_not_is_no_guess() -> None:
    """A page that misuses a public key from an address does not slow down other pages there."""
    guesser = Guesser()
    for _ in range(3 * GUESSES):
        assert await guesser.status(RIGHT, path="/refused") == 403
    assert await guesser.status("Bearer other") == 401
    assert await guesser.status(RIGHT) == 200


async def test_the_table_of_addresses_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guesses from very many addresses forget the oldest ones, and go on being counted."""
    monkeypatch.setattr(throttle, "_MOST_KEPT", 50)
    guesser = Guesser()
    for number in range(500):
        await guesser.status("Bearer x", f"198.51.{number // 250}.{number % 250}")
    for number in range(GUESSES + 1):
        last = await guesser.status(f"Bearer {number}", "203.0.113.9")
    assert last == 429


@pytest.mark.parametrize(
    ("client", "address"),
    [
        (("198.51.100.7", 5), "198.51.100.7"),
        (("2001:db8:1:2:3:4:5:6", 5), "2001:db8:1:2::"),
        (("\x00" * 500, 5), "\x00" * 64),
        (None, ""),
    ],
)
def test_an_ipv6_client_is_counted_by_its_network(client: object, address: str) -> None:
    """One client has a whole /64 of IPv6; an address that is none is cut."""
    assert address_of({"client": client}) == address


def test_one_log_call_has_a_few_lines_per_minute() -> None:
    """The last line of a minute says that more are left out; other calls and minutes are shown."""
    now = [0.0]
    repeats = Repeats(lambda: now[0])

    def record(line: int) -> logging.LogRecord:
        return logging.LogRecord("nicegui", logging.WARNING, "page.py", line, "bad %s", ("x",), None)

    shown = [one for one in (record(1) for _ in range(1_000)) if repeats.filter(one)]
    assert len(shown) == LINES_PER_MINUTE
    assert shown[-1].getMessage() == "bad x (no more of these lines in this minute)"
    assert repeats.filter(record(2))
    now[0] = 60.0
    assert repeats.filter(record(1))


LOGGING = """
import logging
import structlog
from touchline.services.logs import configure_logs

configure_logs()
path = "/k/tl_secret/com.snowplowanalytics.snowplow/tp2"
structlog.get_logger().warning("asked", path=path, why=f"'/k/tl_secret' and /k/tl_secret?e=pv")
logging.getLogger("server").error('"POST %s HTTP/1.1" 500', path)
try:
    raise ValueError(path)
except ValueError:
    structlog.get_logger().exception("failed")
    logging.getLogger("server").exception("failed")
"""


def test_no_line_of_the_log_has_a_key_of_a_path() -> None:
    """Neither ours nor those of libraries, nor an exception's; the rest of the path stays."""
    done = subprocess.run(
        [sys.executable, "-c", LOGGING], capture_output=True, text=True, timeout=60, check=True
    )
    assert "tl_secret" not in done.stderr
    assert len(done.stderr.splitlines()) == 4
    assert done.stderr.count("/k/…/com.snowplowanalytics.snowplow/tp2") == 4
