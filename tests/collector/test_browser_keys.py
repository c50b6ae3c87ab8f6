"""Browser keys: bound to the origins of pages, with a rate of their own; CORS at `/v1/events`."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.collector.served import Served, serving
from touchline.cli.configure.keys import app
from touchline.collector import Limits
from touchline.collector.dialects import DIALECTS
from touchline.collector.dialects.dialect import Dialect
from touchline.collector.keys import Keys
from touchline.collector.origins import allows, origin_pattern
from touchline.log.sqlite import SqliteLog

MakeEvent = Callable[..., dict[str, Any]]
Serve = Callable[..., Any]

SHOP = "https://shop.example"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}


def code(response: Any) -> tuple[int, str]:
    return response.status, json.loads(response.data)["error"]["code"]


def post(served: Any, event: Any, query: str = "", method: str = "POST", **headers: str) -> Any:
    """A request as a browser sends it; underscores in the names of headers are hyphens."""
    return served.http.request(
        method,
        f"{served.url}/v1/events{query}",
        body=json.dumps([event]).encode() if method == "POST" else None,
        headers={
            "Content-Type": "text/plain;charset=UTF-8",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        },
    )


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("https://shop.example", SHOP),
        (" HTTPS://Shop.Example:443/ ", SHOP),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://[::1]:80", "http://[::1]"),
        ("https://*.shop.example:8443", "https://*.shop.example:8443"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
    ],
)
def test_an_origin_is_kept_as_browsers_write_it(text: str, pattern: str) -> None:
    """Case, default ports and international names do not matter."""
    assert origin_pattern(text) == pattern
    assert origin_pattern(pattern) == pattern


@pytest.mark.parametrize(
    "text",
    [
        *("", "null", "*", "shop.example", "https://", "https://*", "https://shop.example/cart"),
        *("https://a@b.example", "ftp://shop.example", "https://shop.example?x", "https://shop.example:x"),
        *("https://a.*.example", "file:///x"),
    ],
)
def test_what_is_no_origin_is_refused(text: str) -> None:
    """A key cannot be bound to less than the pages of a host, or to more than those of a domain."""
    with pytest.raises(ValueError, match=r"is no origin: write the scheme and the host"):
        origin_pattern(text)


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (SHOP, True),
        ("http://shop.example", False),
        ("https://shop.example:8443", False),
        ("https://www.shop.example", False),
        ("https://a.store.example", True),
        ("https://a.b.store.example", True),
        ("https://store.example", False),
        ("https://evilstore.example", False),
        ("https://.store.example", False),
        ("https://store.example.evil.example", False),
        ("null", False),
        ("", False),
    ],
)
def test_an_origin_is_compared_whole(origin: str, allowed: bool) -> None:
    """Scheme, host and port must be equal; a star stands for at least one name below."""
    assert allows((SHOP, "https://*.store.example"), origin) is allowed


def test_a_browser_key_is_for_its_pages_alone(serve: Serve, event: MakeEvent) -> None:
    """Pages of its origins may send with it, in the query or a header; other pages and programs may not."""
    served = serve()
    secret = served.keys.create("pages", [SHOP, "http://localhost:3000"])
    assert secret.startswith("tlb_")
    query = f"?key={secret}"
    assert post(served, event(), query, Origin=SHOP).status == 200
    assert post(served, event(), Origin=SHOP, Authorization=f"Bearer {secret}").status == 200
    assert code(post(served, event(), query, Origin="https://evil.example")) == (403, "foreign_origin")
    assert code(post(served, event(), query, Origin="null")) == (403, "foreign_origin")
    assert code(post(served, event(), query)) == (403, "origin_required")
    assert code(post(served, event(), "?key=tlb_wrong", Origin=SHOP)) == (401, "unknown_key")
    assert [line["producer"] for line in served.lines("touchpoints")] == ["pages", "pages"]
    served.keys.revoke("pages")
    refused = post(served, event(), query, Origin=SHOP)
    assert code(refused) == (403, "revoked_key")
    assert refused.headers["Access-Control-Allow-Origin"] == SHOP


def test_a_producers_key_is_refused_in_the_query(serve: Serve, event: MakeEvent) -> None:
    """URLs are logged and shared, so only a key that is public anyway may be in one."""
    served = serve()
    secret = served.keys.create("crm")
    assert code(post(served, event(), f"?key={secret}", Origin=SHOP)) == (401, "key_in_query")
    assert served.log.end() == 0


def test_a_preflight_is_answered_for_pages_of_a_key(serve: Serve) -> None:
    """A browser may send for two hours; a page that no key names gets no permission."""
    served = serve()
    served.keys.create("pages", [SHOP])
    allowed = post(served, None, "?key=any", "OPTIONS", Origin=SHOP, **PREFLIGHT)
    assert allowed.status == 204
    assert {name: allowed.headers[name] for name in allowed.headers if name.lower() in _CORS} == {
        "access-control-allow-origin": SHOP,
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": "authorization, content-type, content-encoding",
        "access-control-max-age": "7200",
        "access-control-expose-headers": "Retry-After",
        "vary": "Origin",
    }
    refused = post(served, None, "?key=any", "OPTIONS", Origin="https://evil.example", **PREFLIGHT)
    assert [name.lower() for name in refused.headers if name.lower() in _CORS] == ["vary"]
    assert post(served, None, method="OPTIONS").status == 405


_CORS = {
    "vary",
    *(f"access-control-{name}" for name in ("allow-origin", "allow-methods", "allow-headers", "max-age")),
    *("access-control-expose-headers", "access-control-allow-credentials"),
}


def test_a_browser_key_has_its_own_rate(serve: Serve, event: MakeEvent) -> None:
    """Beyond it a page gets 429 and may read when to try again; other producers are not affected."""
    served = serve()
    pages = served.keys.create("pages", [SHOP], events_per_second=0.5)
    crm = served.keys.create("crm")
    for _ in range(2):
        assert post(served, event(), f"?key={pages}", Origin=SHOP).status == 200
    slow = post(served, event(), f"?key={pages}", Origin=SHOP)
    assert code(slow) == (429, "too_many_events_per_second")
    assert int(slow.headers["Retry-After"]) >= 2
    assert slow.headers["Access-Control-Expose-Headers"] == "Retry-After"
    assert slow.headers["Access-Control-Allow-Origin"] == SHOP
    assert post(served, event(), Authorization=f"Bearer {crm}").status == 200


def test_the_collectors_rate_is_the_most_of_a_browser_key(serve: Serve, event: MakeEvent) -> None:
    """A key cannot be given more than any producer has."""
    served = serve(limits=Limits(events_per_second=0.5))
    pages = served.keys.create("pages", [SHOP], events_per_second=1_000)
    statuses = [post(served, event(), f"?key={pages}", Origin=SHOP).status for _ in range(3)]
    assert statuses == [200, 200, 429]


def test_a_public_key_keeps_no_accounts(serve: Serve, event: MakeEvent) -> None:
    """Anybody can send with it, so counters of a client are ignored; losses are counted as a metric."""
    served = serve()
    secret = served.keys.create("pages", [SHOP])
    account = "client=c1, batch=1, first=0, emitted=9, queued=9"
    query = f"?key={secret}&lost=queue_full=3,expired=1"
    assert post(served, event(), query, Origin=SHOP, Touchline_Account=account).status == 200
    assert [row["client"] for row in served.lines("accounts")] == [""]
    dropped = 'touchline_events_total{producer="pages",reason="queue_full",result="dropped"}'
    assert served.metric(dropped) == 3


def test_without_keys_pages_of_this_machine_may_send(serve: Serve, event: MakeEvent) -> None:
    """A page of a developer's own server may send and read; a foreign page may neither, whatever it names."""
    served = serve()
    local = post(served, event(), "?key=", Origin="http://localhost:3000")
    assert local.status == 200
    assert local.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    evil = "http://evil.example"
    rebound = {"Origin": f"{evil}:{served.port}", "Host": f"evil.example:{served.port}"}
    for headers in ({"Origin": evil}, rebound):
        foreign = post(served, event(), **headers)
        assert code(foreign) == (401, "key_required")
        assert "Access-Control-Allow-Origin" not in foreign.headers
    for site in ("cross-site", "same-site"):
        assert code(post(served, event(), Sec_Fetch_Site=site)) == (401, "key_required")
    refused = post(served, None, "", "OPTIONS", Origin=evil, **PREFLIGHT)
    assert "Access-Control-Allow-Origin" not in refused.headers
    allowed = post(served, None, "", "OPTIONS", Origin="http://127.0.0.1:5173", **PREFLIGHT)
    assert allowed.headers["Access-Control-Allow-Origin"] == "http://127.0.0.1:5173"


def test_a_key_opens_the_collector_to_its_pages_alone(serve: Serve, event: MakeEvent) -> None:
    """Once a key exists, pages of this machine need one like all others."""
    served = serve()
    served.keys.create("pages", [SHOP])
    local = post(served, event(), Origin="http://localhost:3000")
    assert code(local) == (401, "key_required")
    assert "Access-Control-Allow-Origin" not in local.headers


def test_an_origin_is_kept_once(tmp_path: Path) -> None:
    """Two spellings of one origin are one."""
    keys = Keys(tmp_path / "keys.json")
    keys.create("pages", [SHOP, "HTTPS://shop.example:443"])
    assert [key.origins for key in keys.all()] == [(SHOP,)]


def test_keys_command_creates_and_lists_browser_keys(tmp_path: Path) -> None:
    """The list says which keys are public, and for which pages; a wrong origin or rate ends with 1."""
    runner = CliRunner()
    data = ["--data", str(tmp_path)]
    origins = ["--origin", "https://Shop.example", "--origin", "https://*.shop.example"]
    made = runner.invoke(app, ["create", "pages", *origins, "--rate", "50", *data])
    secret = made.stdout.strip()
    found = Keys(tmp_path / "keys.json").find(secret)
    assert found is not None
    assert (found.is_public, found.events_per_second) == (True, 50)
    assert f'data-key="{secret}"' in made.stderr
    assert secret not in (tmp_path / "keys.json").read_text()
    runner.invoke(app, ["create", "crm", *data])
    assert "public, for pages of https://shop.example, https://*.shop.example" in (
        runner.invoke(app, ["list", *data]).stdout
    )
    listed = json.loads(runner.invoke(app, ["list", "--json", *data]).stdout)["keys"]
    assert [(key["name"], key["public"], key["events_per_second"]) for key in listed] == [
        ("pages", True, 50),
        ("crm", False, None),
    ]
    for wrong in (
        ["--origin", "shop.example"],
        ["--rate", "0"],
        ["--origin", SHOP, "--rate", "0"],
        ["--origin", SHOP, "--rate", "inf"],
    ):
        assert runner.invoke(app, ["create", "other", *wrong, *data]).exit_code == 1


def test_keys_of_earlier_versions_are_read(tmp_path: Path) -> None:
    """A file without origins holds keys of programs."""
    keys = [{"name": "crm", "sha256": "0" * 64, "created_at": "2026-01-01T00:00:00Z", "revoked_at": None}]
    (tmp_path / "keys.json").write_text(json.dumps({"keys": keys}))
    assert [key.is_public for key in Keys(tmp_path / "keys.json").all()] == [False]


@pytest.fixture(scope="module")
def page_keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A collector with a key for the pages of `SHOP`."""
    folder = tmp_path_factory.mktemp("pages")
    keys = Keys(folder / "keys.json")
    keys.create("pages", [SHOP])
    with closing(SqliteLog(folder / "log.sqlite")) as log, serving(log, log, keys) as served:
        yield served


@pytest.mark.parametrize(
    ("dialect", "path"),
    [(dialect, path) for dialect in DIALECTS for path in [*dialect.paths, *dialect.calls]],
    ids=lambda part: part if isinstance(part, str) else part.name,
)
def test_every_dialect_answers_preflights_by_key(page_keys: Served, dialect: Dialect, path: str) -> None:
    """At each path of each dialect, pages of a key may send what its library sends; other pages may not."""
    address = page_keys.url + re.sub(r"\{\w+\}", "x", path)
    for method in dialect.cors.methods:
        asking = {
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": ", ".join(dialect.cors.headers),
        }
        allowed = page_keys.http.request("OPTIONS", address, headers={"Origin": SHOP, **asking})
        assert (allowed.status, allowed.headers["Access-Control-Allow-Origin"]) == (204, SHOP)
        assert method in allowed.headers["Access-Control-Allow-Methods"].split(", ")
        granted = allowed.headers["Access-Control-Allow-Headers"].split(", ")
        assert set(dialect.cors.headers) <= set(granted)
        other = page_keys.http.request(
            "OPTIONS", address, headers={"Origin": "https://evil.example", **asking}
        )
        assert "Access-Control-Allow-Origin" not in other.headers
        assert other.headers["Vary"] == "Origin"
