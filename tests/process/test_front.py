"""What every request to the whole process passes before it is answered."""

import base64
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from touchline.services.web.serving import loopback

EVENT = {
    "type": "help.searched",
    "channel": "web",
    "source": "shop",
    "time": "2026-11-20T10:00:00Z",
    "identifiers": {"account": "u-1"},
    "data": {"query": "parcel"},
}


@pytest.mark.parametrize(
    ("host", "alone"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("shop.example", False)],
)
def test_loopback_addresses_are_recognised(host: str, alone: bool) -> None:
    """Only loopback addresses need no keys and no password."""
    assert loopback(host) is alone


def test_only_its_own_names_and_paths_are_answered(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that leads here from elsewhere is refused everywhere; unknown paths below /v1 are no page."""
    monkeypatch.setenv("TOUCHLINE_ALLOWED_HOSTS", "touchline.example, other.example")
    up = start("up").ready()
    for path in (
        "/",
        "/clickhouse",
        "/metrics",
        "/readyz",
        "/_nicegui_ws/socket.io/?EIO=4&transport=polling",
    ):
        answer = up.ask("GET", path, headers={"Host": "evil.example"})
        assert (answer.status, answer.json()["error"]["code"]) == (400, "unknown_host")
    for host in (
        "localhost",
        "LOCALHOST:8080",
        "127.0.0.1",
        "[::1]:80",
        "touchline.example",
        "other.example",
    ):
        assert up.ask("GET", "/readyz", headers={"Host": host}).status == 200

    page = up.ask("GET", "/")
    assert page.status == 200
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    for method, path, status, code in (
        ("GET", "/v1/nothing", 404, "not_found"),
        ("POST", "/v1/nothing", 404, "not_found"),
    ):
        answer = up.ask(method, path)
        assert (answer.status, answer.json()["error"]["code"]) == (status, code)


def test_beyond_this_machine_data_is_shown_for_the_token_alone(start: Any, tmp_path: Path) -> None:
    """Bound to all addresses: page, metrics and store ask for the token, events for a key."""
    from touchline.collector.keys import Keys

    (tmp_path / "data").mkdir()
    keys = Keys(tmp_path / "data" / "keys.json")
    key, public = keys.create("shop"), keys.create("pages", ["https://shop.example"])
    up = start("up", "--host", "0.0.0.0").ready()
    for path in (
        "/",
        "/customer/account:u-1",
        "/metrics",
        "/_nicegui_ws/socket.io/?EIO=4&transport=polling",
        "/healthz-and-more",
        "/readyz/more",
        "/clickhousex",
        "/v1/frictions/stream",
        "/v1/frictions%2Fstream?after=0",
        "/v1/frictions/",
    ):
        answer = up.ask("GET", path)
        assert (answer.status, answer.json()["error"]["code"]) == (401, "token_required")
        assert answer.headers["WWW-Authenticate"].startswith("Basic")
    assert up.ask("POST", "/clickhouse", body=b"SELECT 1").status == 401
    body = json.dumps(EVENT).encode()
    assert up.post(body)[0] == 401
    assert up.post(body, Authorization=f"Bearer {key}")[0] == 200
    basic = base64.b64encode(f"anna:{up.server.token}".encode()).decode()
    for path in ("/", "/metrics"):
        assert up.ask("GET", path, headers={"Authorization": f"Basic {basic}"}).status == 200
    assert up.ask("GET", "/", headers={"Authorization": "Basic YW5uYTp3cm9uZw=="}).status == 401
    assert "password in" in up.said
    assert up.ask("GET", "/touchline.js").status == 200
    origin = {"Origin": "https://shop.example"}
    assert up.ask("POST", f"/v1/events?key={public}", body=body, headers=origin).status == 200
    for given, status in ((public, 200), ("wrong", 401)):
        assert up.ask("GET", f"/k/{given}/i?e=pv&duid=d-1", headers=origin).status == status
    assert up.ask("GET", f"/k/{public}/j").json()["error"]["code"] == "token_required"
    for path in ("/", "/metrics", f"/metrics?key={public}", "/customer/account:u-1"):
        bearer = {**origin, "Authorization": f"Bearer {public}"}
        assert up.ask("GET", path, headers=bearer).status == 401
    for given in (public, key):
        bearer = {"Authorization": f"Bearer {given}"}
        assert up.ask("GET", "/v1/frictions/stream", headers=bearer).status == 401
        for path in (f"/k/{given}/v1/frictions/stream", "/v1//frictions/stream", "/v1/x/../frictions/stream"):
            assert up.ask("GET", path, headers=bearer).status in (401, 404)
    token = {"Authorization": f"Bearer {up.server.token}"}
    stream = up.ask("GET", "/v1/frictions/stream", headers=token, preload_content=False)
    assert stream.status == 200
    assert next(stream.stream(64)).startswith(b"retry: ")
    stream.close()
    for path in ("/clickhouse", f"/clickhouse?password={public}"):
        assert up.ask("POST", path, body=b"SELECT 1", headers=origin).status in (401, 403)


def test_a_worker_that_ends_takes_the_process_with_it(start: Any) -> None:
    """Rather than taking events that nobody works on, it exits with 1 and says why."""
    up = start("up").ready()
    record = {
        "id": "e-1",
        "type": "help.searched",
        "time": 1,
        "received_at": 1,
        "channel": "web",
        "source": "shop",
        "producer": "test",
        "entity": "account:u-1",
        "identifiers": ["account:u-1"],
        "data": {},
        "context": {},
        "schema": -1,
    }
    with closing(sqlite3.connect(up.data / "log.sqlite", timeout=10, isolation_level=None)) as log:
        # No collector writes this; the store has no column that could hold it, however often it is tried.
        log.execute(
            "INSERT INTO records (kind, received_at, body) VALUES ('touchpoints', 1, ?)",
            (json.dumps(record).encode() + b"\n",),
        )
    assert up.process.wait(20) == 1, up.said
    assert "the worker ended" in up.said.splitlines()[-1]
    assert not (up.data / "server.json").exists()
