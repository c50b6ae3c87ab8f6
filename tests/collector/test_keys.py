"""Keys of producers: the file, authentication, the command and the rate limit."""

import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from touchline.cli.configure.keys import app
from touchline.collector.ingress.rate import TokenBucket
from touchline.collector.keys import Keys, KeysUnreadable

MakeEvent = Callable[..., dict[str, Any]]
Serve = Callable[..., Any]


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path / "keys.json")


def code(response: Any) -> tuple[int, str]:
    return response.status, json.loads(response.data)["error"]["code"]


def test_a_key_is_found_and_only_its_hash_is_stored(keys: Keys, tmp_path: Path) -> None:
    """The file is readable by its owner alone and does not hold the key."""
    secret = keys.create("web-shop")
    found = keys.find(secret)
    assert found is not None
    assert found.name == "web-shop"
    assert keys.find(secret + "x") is None
    path = tmp_path / "keys.json"
    assert secret not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(secret) > 43


def test_a_key_may_be_a_basic_user_name(serve: Serve, event: MakeEvent) -> None:
    """Clients that know only Basic authentication send the key as the user name; anything else is no key."""
    served = serve()
    secret = served.keys.create("web-shop")

    def sent(credentials: bytes) -> int:
        header = f"Basic {b64encode(credentials).decode()}"
        status: int = served.send(event(), {"Authorization": header}).status
        return status

    assert sent(f"{secret}:".encode()) == 200
    assert sent(f"{secret}:anything".encode()) == 200
    assert sent(b"wrong:") == 401
    assert sent(b":" + secret.encode()) == 401
    assert sent(b"\xff:") == 401
    assert served.send(event(), {"Authorization": "Basic ="}).status == 401


def test_another_process_sees_a_new_and_a_revoked_key(keys: Keys, tmp_path: Path) -> None:
    """A running collector reads the file again when it changes."""
    running = Keys(tmp_path / "keys.json")
    assert running.all() == []
    secret = keys.create("a")
    found = running.find(secret)
    assert found is not None
    assert found.revoked_at is None
    keys.revoke("a")
    found = running.find(secret)
    assert found is not None
    assert found.revoked_at is not None


def test_a_revoked_name_may_have_a_new_key(keys: Keys) -> None:
    """A producer has one key at a time."""
    old = keys.create("a")
    with pytest.raises(ValueError, match="has a key already"):
        keys.create("a")
    keys.revoke("a")
    with pytest.raises(ValueError, match="no active key"):
        keys.revoke("a")
    new = keys.create("a")
    assert [keys.find(secret).revoked_at is None for secret in (old, new)] == [False, True]  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["", "local", "Web", "a b", "-a", "a" * 64, "a\n", "../x"])
def test_a_name_must_be_valid(keys: Keys, name: str) -> None:
    """Names of producers are plain, because metrics and tables use them."""
    with pytest.raises(ValueError, match="not a valid name of a producer"):
        keys.create(name)


@pytest.mark.parametrize("text", [b"", b"{", b'{"keys": 1}', b"\xff"])
def test_a_damaged_file_rejects_every_request(
    serve: Serve, event: MakeEvent, tmp_path: Path, text: bytes
) -> None:
    """If the keys file cannot be read, every request gets 503."""
    served = serve()
    (tmp_path / "keys.json").write_bytes(text)
    with pytest.raises(KeysUnreadable, match=r"cannot read .*keys\.json"):
        served.keys.all()
    assert code(served.send([event()])) == (503, "keys_unreadable")
    assert served.log.end() == 0


def test_after_the_first_key_every_request_needs_a_key(serve: Serve, event: MakeEvent) -> None:
    """Without any key this machine may send; then 401 without a key, 403 with a revoked one."""
    served = serve()
    assert served.send([event()]).status == 200
    secret = served.keys.create("web-shop")
    refused = served.send([event()])
    assert code(refused) == (401, "key_required")
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    for wrong in ("Bearer wrong", "Basic eDp5", "Bearer ", f"Bearer {secret[:-1]}", "Bearer \xe9"):
        assert served.send([event()], {"Authorization": wrong}).status == 401
    authorised = {"Authorization": f"Bearer {secret}"}
    assert served.send([event()], authorised).status == 200
    served.keys.revoke("web-shop")
    assert code(served.send([event()], authorised)) == (403, "revoked_key")
    assert code(served.send([event()])) == (401, "key_required")
    assert [line["producer"] for line in served.lines("touchpoints")] == ["local", "web-shop"]


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "203.0.113.9"},
        {"Forwarded": "for=203.0.113.9"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
    ],
)
def test_without_keys_only_this_machine_may_send(
    serve: Serve, event: MakeEvent, headers: dict[str, str]
) -> None:
    """A request through a proxy or from a foreign web page needs a key."""
    served = serve()
    assert code(served.send([event()], headers)) == (401, "key_required")
    assert served.send([event()], {"Origin": "http://localhost:3000"}).status == 200


def test_keys_command(tmp_path: Path) -> None:
    """A key is printed once, listed without its secret, and revoked; errors exit with 1 and a message."""
    runner = CliRunner()
    data = ["--data", str(tmp_path)]
    empty = runner.invoke(app, ["list", *data])
    assert "only programs on this machine" in empty.stdout
    made = runner.invoke(app, ["create", "web-shop", *data])
    secret = made.stdout.strip()
    assert Keys(tmp_path / "keys.json").find(secret) is not None
    again = runner.invoke(app, ["create", "web-shop", *data])
    assert (again.exit_code, "has a key already" in again.stderr) == (1, True)
    assert runner.invoke(app, ["revoke", "web-shop", *data]).exit_code == 0
    assert runner.invoke(app, ["revoke", "web-shop", *data]).exit_code == 1
    second = json.loads(runner.invoke(app, ["create", "crm", "--json", *data]).stdout)
    listed = runner.invoke(app, ["list", "--json", *data])
    assert [(key["name"], key["revoked_at"] is None) for key in json.loads(listed.stdout)["keys"]] == [
        ("web-shop", False),
        ("crm", True),
    ]
    assert second["key"] not in listed.stdout
    assert "in use" in runner.invoke(app, ["list", *data]).stdout


def test_a_bucket_admits_a_burst_and_refills() -> None:
    """A burst is admitted, an overdrawn bucket makes requests wait, and idle time saves one burst at most."""
    bucket = TokenBucket(rate=10, burst=20)
    assert bucket.wait(0) == 0
    bucket.charge(50, 0)
    assert bucket.wait(0) == pytest.approx(3.1)
    assert bucket.wait(2.9) > 0
    assert bucket.wait(3.1) == 0
    bucket.charge(1, 1000)
    bucket.charge(20, 1000)
    assert bucket.wait(1000) > 0


@given(st.lists(st.tuples(st.floats(0, 2), st.integers(1, 30)), max_size=30))
def test_no_more_than_the_rate_is_admitted(requests: list[tuple[float, int]]) -> None:
    """Over any time at most rate times time plus a burst and one request is admitted."""
    bucket = TokenBucket(rate=10, burst=20)
    now, taken = 0.0, 0
    for pause, events in requests:
        now += pause
        if bucket.wait(now) == 0:
            bucket.charge(events, now)
            taken += events
        assert taken <= 10 * now + 20 + 30


def test_the_commands_find_the_folder_as_all_others_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without --data, keys are created in the data folder of the settings."""
    monkeypatch.setenv("TOUCHLINE_DATA", str(tmp_path / "shop"))
    assert CliRunner().invoke(app, ["create", "web-shop"]).exit_code == 0
    assert [key.name for key in Keys(tmp_path / "shop" / "keys.json").all()] == ["web-shop"]
    monkeypatch.setenv("TOUCHLINE_PORT", "none")
    wrong = CliRunner().invoke(app, ["list"])
    assert wrong.exit_code == 1
    assert "port" in wrong.stderr
