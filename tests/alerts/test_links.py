"""Acts over HTTP: signed links of notifications, and commands while a server has the store open."""

import http.client
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from starlette.applications import Starlette
from typer.testing import CliRunner

from touchline.alerts.life.links import LASTS, Permission, links_of, permitted, signed
from touchline.alerts.life.reading import acts_since
from touchline.cli.main import app
from touchline.engine.batch import columns
from touchline.runtime.alerting.queries import query_of
from touchline.services.alert_acts import PATH
from touchline.services.web.action_links import MOST_BYTES, ActionLinks
from touchline.services.web.alert_acts import AlertActs
from touchline.services.web.front import guarded
from touchline.store import Store
from touchline.store.clickhouse_http.front import clickhouse_mount
from touchline.store.server_file import announced
from touchline.tables import AlertActRow, AlertRow
from touchline.vocabulary.ids import derived_id

T = 1_795_000_000_000
KEY, TOKEN = b"a key of links", "the token of the folder"
HARM = '<script>alert(1)</script>"'

UNKNOWN = b'{"id":"a","act":"delete","rule":"r","opened_at":1,"last_at":1,"author":"a","written_at":1}'
"""An act of a kind that there is not."""

Ask = Callable[..., tuple[int, str]]


@pytest.fixture
def served(store: Store, row: AlertRow, tmp_path: Path) -> Iterator[tuple[Ask, list[float]]]:
    """A server with a hostile incident: (method, path, body, headers) → status and text; and its clock."""
    hostile = replace(row, title=HARM, labels=(f"source={HARM}",))
    store.insert("alerts", columns([hostile]), "alert")
    now = [T / 1000]
    links = ActionLinks(store, KEY, "UTC", clock=lambda: now[0])
    acts = AlertActs(store, TOKEN, lambda: None)
    routes = [clickhouse_mount(store, TOKEN), acts.route, links.route]
    # Elsewhere than on loopback, other paths need the token.
    front = guarded(Starlette(routes=routes), "0.0.0.0", (), TOKEN)
    server = uvicorn.Server(uvicorn.Config(front, port=0, log_config=None, ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    limit = time.monotonic() + 60
    while not server.started and time.monotonic() < limit:
        thread.join(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]

    def ask(
        method: str, path: str, body: bytes | str | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.read().decode()

    (tmp_path / "token").write_text(TOKEN)
    try:
        with announced(tmp_path, f"http://127.0.0.1:{port}"):
            yield ask, now
    finally:
        server.should_exit = True
        thread.join(60)


def acts_of(store: Store) -> list[AlertActRow]:
    """The acts in the store."""
    return acts_since(query_of(store), 0)


def test_only_the_button_acts_and_it_acts_once(
    served: tuple[Ask, list[float]], store: Store, row: AlertRow
) -> None:
    """Whoever opens a link does nothing; of several submissions one counts; what is written is escaped."""
    ask, now = served
    acknowledge, snooze, noise = (link.url for link in links_of(row, "", "chat", KEY, T))
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "GET"):
        status, text = ask(method, acknowledge, "author=scanner" if method == "PUT" else None)
        assert status == (200 if method in ("GET", "HEAD") else 405)
        assert HARM not in text
    assert acts_of(store) == []
    assert "&lt;script&gt;" in text
    assert ask("POST", acknowledge, "author=%E2%80%AE")[0] == 400
    assert ask("POST", acknowledge, "author=" + "x" * MOST_BYTES)[0] == 413
    form = urlencode({"author": f"Kim {HARM}"})
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: ask("POST", acknowledge, form), range(4)))
    assert {status for status, _ in answers} == {200}
    assert not any(HARM in text for _, text in answers)
    (act,) = acts_of(store)
    assert (act.act, act.author, act.comment) == ("acknowledge", f"Kim {HARM}", "by a link sent to chat")
    status, text = ask("POST", acknowledge, "author=Bo")
    assert (status, "did it at 2026-11-18 11:06 UTC" in text) == (200, True)
    assert ask("POST", noise, "author=Bo")[0] == 200
    now[0] += LASTS / 1000
    for method in ("GET", "POST"):
        status, text = ask(method, snooze, "author=Bo")
        assert (status, "the link has expired" in text) == (410, True)
    assert sorted(act.act for act in acts_of(store)) == ["acknowledge", "verdict"]
    store.insert("alerts", columns([replace(row, status="retracted", version=9)]), "retracted")
    now[0] = T / 1000
    assert ask("POST", snooze, "author=Bo")[0] == 410
    for wrong in ("x", "a.b.c", signed(Permission(str(row.id), "acknowledge", "chat", T * 2), b"other")):
        assert ask("POST", f"/act/{wrong}", "author=Bo")[0] == 404


def test_a_command_writes_through_the_server_that_has_the_store_open(
    served: tuple[Ask, list[float]], store: Store, row: AlertRow, tmp_path: Path
) -> None:
    """The server takes acts with the token alone, and refuses what is none."""
    ask, _ = served
    done = CliRunner().invoke(app, ["alerts", "ack", str(row.id)[:8], "--by", "kim", "--data", str(tmp_path)])
    assert done.exit_code == 0, done.output
    (act,) = acts_of(store)
    assert (act.act, act.author, act.fingerprint) == ("acknowledge", "kim", str(row.fingerprint))
    key = {"Authorization": f"Bearer {TOKEN}"}
    refused: tuple[tuple[bytes, dict[str, str], int], ...] = (
        (b"{}", {}, 401),
        (b"{}", {"Authorization": "Bearer x"}, 401),
        (b"{}", key, 400),
        (b"\xff", key, 400),
        (
            b'{"id":"a","act":"delete","rule":"r","opened_at":1,"last_at":1,"author":"a","written_at":1}',
            key,
            400,
        ),
        (b" " * 70_000, key, 413),
    )
    for body, headers, status in refused:
        assert ask("POST", PATH, body, headers)[0] == status
    assert len(acts_of(store)) == 1


@given(st.binary(max_size=60), st.integers(0, 400), st.integers(1, 255))
@settings(max_examples=100)
def test_a_link_cannot_be_forged(noise: bytes, at: int, change: int) -> None:
    """A token with any other content or signature permits nothing."""
    permission = Permission(str(derived_id("incident")), "noise", "chat", T)
    token = signed(permission, KEY)
    assert permitted(token, KEY) == permission
    assert permitted(token, b"") is None
    assert permitted(urlsafe_b64encode(noise).decode(), KEY) is None
    position = at % len(token)
    changed = token[:position] + chr(ord(token[position]) ^ change) + token[position + 1 :]
    # The last character of a part has bits that mean nothing.
    assert permitted(changed, KEY) in (None, permission)


def test_links_need_an_address_and_fit_the_state(row: AlertRow) -> None:
    """An incident that fires can be acknowledged; one that is over can be judged."""
    firing = [link.label for link in links_of(row, "https://t.example", "chat", KEY, T)]
    assert firing == ["Acknowledge", "Snooze for 2 hours", "Verdict: noise"]
    ended: Any = replace(row, status="resolved", resolved_at=T)
    over = [link.label for link in links_of(ended, "https://t.example", "chat", KEY, T)]
    assert over == ["Verdict: real", "Verdict: known", "Verdict: noise"]
