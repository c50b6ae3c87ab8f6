"""Keys of producers: the file, authentication, the command and the rate limit."""

import fcntl
import json
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from typer.testing import CliRunner

from tests.collector.served import serving
from touchline.cli.configure.keys import app
from touchline.collector import keys as keys_module
from touchline.collector.ingress.rate import TokenBucket
from touchline.collector.keys import Keys, KeysUnreadable
from touchline.config.settings import load_settings
from touchline.log.sqlite import SqliteLog
from touchline.services.web.serving import keys_for, warn_without_keys

MakeEvent = Callable[..., dict[str, Any]]
Serve = Callable[..., Any]


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path / "keys.json")


def code(response: Any) -> tuple[int, str]:
    return response.status, json.loads(response.data)["error"]["code"]


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


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


def test_a_key_may_be_in_basic_credentials(serve: Serve, event: MakeEvent) -> None:
    """Clients that know only Basic authentication send the key as user name or as password."""
    served = serve()
    secret = served.keys.create("web-shop")

    def sent(credentials: bytes) -> int:
        header = f"Basic {b64encode(credentials).decode()}"
        status: int = served.send(event(), {"Authorization": header}).status
        return status

    assert sent(f"{secret}:".encode()) == 200
    assert sent(f"{secret}:anything".encode()) == 200
    assert sent(b"wrong:") == 401
    assert sent(b"touchline:" + secret.encode()) == 200
    assert sent(b"touchline:tl_wrong") == 401
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


def test_a_rotated_key_is_good_for_a_while(serve: Serve, event: MakeEvent) -> None:
    """After a rotation both keys are of the same producer, until the old one ends."""
    served = serve()
    old = served.keys.create("web-shop", events_per_second=5)
    new, end = served.keys.rotate("web-shop", timedelta(hours=1))
    for secret in (old, new):
        assert served.send([event()], bearer(secret)).status == 200
    found = served.keys.find(old)
    assert found is not None
    assert (found.expires_at, found.events_per_second) == (end, 5)
    served.keys.rotate("web-shop", timedelta(0))
    assert [served.send([event()], bearer(secret)).status for secret in (old, new)] == [403, 403]
    assert {line["producer"] for line in served.lines("touchpoints")} == {"web-shop"}


def test_a_rotation_never_prolongs_a_key(keys: Keys) -> None:
    """A key that was rotated before keeps its earlier end."""
    first = keys.create("a")
    _, early = keys.rotate("a", timedelta(hours=1))
    second, late = keys.rotate("a", timedelta(hours=9))
    found = keys.find(first)
    assert found is not None
    assert found.expires_at == early < late
    keys.revoke("a", old=True)
    assert [(key.name, keys.is_active(key)) for key in keys.all()] == [
        ("a", False),
        ("a", False),
        ("a", True),
    ]
    current = keys.find(second)
    assert current is not None
    assert keys.is_active(current)
    with pytest.raises(ValueError, match="no active key"):
        keys.revoke("a", old=True)


def test_a_rotated_key_ends_by_the_clock(tmp_path: Path) -> None:
    """It is active up to the second that `rotate` returned, and not in that second."""
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    keys = Keys(tmp_path / "keys.json", clock=lambda: now)
    keys.create("a")
    _, end = keys.rotate("a", timedelta(hours=1))
    assert end == "2026-03-01T13:00:00Z"
    active = []
    for minutes in (0, 59, 1):
        now += timedelta(minutes=minutes)
        active.append([keys.is_active(key) for key in keys.all()])
    assert active == [[True, True], [True, True], [False, True]]


def test_a_rotated_key_keeps_its_scope(keys: Keys) -> None:
    """Origins, rate and scope go on with the new key."""
    for name, options in (
        ("pages", {"origins": ["https://shop.example"], "events_per_second": 7.0}),
        ("helpdesk", {"scope": "webhook"}),
    ):
        keys.create(name, **options)
        keys.rotate(name)
    pages, new_pages, helpdesk, new_helpdesk = keys.all()
    assert (new_pages.origins, new_pages.events_per_second) == (pages.origins, 7.0)
    assert (new_helpdesk.scope, new_helpdesk.expires_at) == (helpdesk.scope, None) == ("webhook", None)


def test_a_webhook_key_is_for_its_webhooks_alone(serve: Serve, event: MakeEvent) -> None:
    """It cannot send events, nor webhooks of another source."""
    served = serve()
    secret = served.keys.create("helpdesk", scope="webhook")
    assert code(served.send([event()], bearer(secret))) == (403, "wrong_scope")
    key = served.keys.find(secret)
    assert key is not None
    paths = [
        "/v1/webhooks/zendesk/helpdesk",
        "/v1/webhooks/zendesk/other",
        "/v1/webhooks/helpdesk",
        "/v1/events",
    ]
    assert [key.may_post(path) for path in paths] == [True, False, False, False]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scope": "browser-write"}, "needs their origins"),
        ({"scope": "webhook", "origins": ["https://shop.example"]}, "only web pages have origins"),
        ({"events_per_second": 0.0}, "no rate"),
        ({"events_per_second": float("inf")}, "no rate"),
        ({"origins": ["shop.example"]}, "no origin"),
    ],
)
def test_a_key_that_makes_no_sense_is_not_created(keys: Keys, options: dict[str, Any], message: str) -> None:
    """Scope, origins and rate must fit each other."""
    with pytest.raises(ValueError, match=message):
        keys.create("a", **options)
    assert keys.all() == []


def test_every_key_may_have_a_rate(serve: Serve, event: MakeEvent) -> None:
    """A request over the rate gets 429 with Retry-After, also with a new key of the same name."""
    served = serve()
    old = served.keys.create("till", events_per_second=1)
    new, _ = served.keys.rotate("till")
    assert served.send([event(), event()], bearer(old)).status == 200
    refused = served.send([event()], bearer(new))
    assert code(refused) == (429, "too_many_events_per_second")
    assert int(refused.headers["Retry-After"]) >= 1


def test_a_key_may_be_required_before_there_is_one(tmp_path: Path, event: MakeEvent) -> None:
    """Then a missing or a wrong key is refused even on the collector's own machine."""
    with closing(SqliteLog(tmp_path / "log.sqlite")) as log:
        keys = Keys(tmp_path / "keys.json", required=True)
        with serving(log, log, keys) as served:
            refused = served.send([event()])
            assert code(refused) == (401, "key_required")
            assert "touchline keys create NAME" in json.loads(refused.data)["error"]["message"]
            assert served.send([event()], bearer("wrong")).status == 401
            assert served.send([event()], bearer(keys.create("a"))).status == 200


def test_the_start_says_that_anybody_may_send(tmp_path: Path) -> None:
    """The log has one line while no key exists and none is required."""
    settings = load_settings(data=tmp_path)
    with capture_logs() as logs:
        warn_without_keys(settings, keys_for(settings))
        strict = settings.model_copy(update={"require_key": True})
        warn_without_keys(strict, keys_for(strict))
        Keys(tmp_path / "keys.json").create("a")
        warn_without_keys(settings, keys_for(settings))
    assert [line["event"] for line in logs] == ["keys.none"]
    assert "--require-key" in logs[0]["to_change"]


def test_the_commands_rotate_and_limit_keys(tmp_path: Path) -> None:
    """`rotate` prints the new key; `list` says which keys end, what they are for and their rate."""
    runner = CliRunner()
    data = ["--data", str(tmp_path)]
    runner.invoke(app, ["create", "helpdesk", "--scope", "webhook", "--rate", "20", *data])
    rotated = runner.invoke(app, ["rotate", "helpdesk", "--keep-old", "7d", *data])
    found = Keys(tmp_path / "keys.json").find(rotated.stdout.strip())
    assert found is not None
    assert "The old one may be used until" in rotated.stderr
    listed = runner.invoke(app, ["list", *data]).stdout.splitlines()
    assert "replaced; in use until" in listed[0]
    assert listed[1].endswith("in use  for webhooks of helpdesk  20 events/s")
    assert runner.invoke(app, ["revoke", "helpdesk", "--old", *data]).exit_code == 0
    for wrong in (
        ["rotate", "nobody"],
        ["rotate", "helpdesk", "--keep-old", "soon"],
        ["rotate", "helpdesk", "--keep-old", "99999999999999d"],
        ["revoke", "helpdesk", "--old"],
    ):
        assert runner.invoke(app, [*wrong, *data]).exit_code == 1


def test_keys_that_are_made_at_once_are_all_there(tmp_path: Path) -> None:
    """Of two changes at the same moment, none undoes the other."""
    path = tmp_path / "data" / "keys.json"
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda number: Keys(path).create(f"till-{number}"), range(24)))
    assert len(Keys(path).all()) == 24
    assert all(Keys(path).find(secret) for secret in made)


def test_a_change_gives_up_while_another_process_holds_the_lock(
    keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for the lock no longer than its limit, and changes nothing."""
    monkeypatch.setattr(keys_module, "_LOCK_SECONDS", 0.1)
    with (tmp_path / "keys.lock").open("wb") as lock, ThreadPoolExecutor(1) as thread:
        fcntl.flock(lock, fcntl.LOCK_EX)
        change = thread.submit(keys.create, "a")
        try:
            with pytest.raises(ValueError, match="another process changes"):
                change.result(timeout=10)
        finally:
            # A change that waits without a limit would block the end of the thread.
            fcntl.flock(lock, fcntl.LOCK_UN)
    assert keys.all() == []
