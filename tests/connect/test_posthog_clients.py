"""PostHog's libraries as they are published: all they send is stored, as what it is, and once."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.chromium import headless_chromium
from tests.collector.served import Served, serving
from tests.connect.fetched import node_folder
from tests.waiting import wait_for
from touchline.collector import Keys
from touchline.collector.dialects.posthog import POSTHOG
from touchline.log.sqlite import SqliteLog

pytestmark = pytest.mark.slow

CLIENTS = Path(__file__).parent / "posthog_clients"
WHEN = datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)
VISITOR = "01a22a99-e630-7d2f-9b7e-2c39b51a4ee3"
SECONDS = 40.0

Event = dict[str, Any]


class Outage:
    """In front of the collector: it answers 503 to some requests with events.

    Attributes:
        before: How many of the next requests get 503 and do not reach the collector.
        after: How many of the next ones after these get 503 although the collector has stored them.
    """

    def __init__(self) -> None:
        self.before = 0
        self.after = 0
        self.seen: list[tuple[str, dict[str, str]]] = []

    def around(self, app: ASGIApp) -> ASGIApp:
        """The application behind the outage."""

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or scope["path"] not in POSTHOG.paths or scope["method"] != "POST":
                await app(scope, receive, send)
                return
            headers = {name.decode(): value.decode() for name, value in scope["headers"]}
            self.seen.append((scope["path"], headers))
            origin = headers.get("origin")
            unavailable = Response(status_code=503, headers={"Retry-After": "1"})
            if origin:
                unavailable.headers["Access-Control-Allow-Origin"] = origin
            if self.before:
                self.before -= 1
                await unavailable(scope, receive, send)
            elif self.after:
                self.after -= 1
                await app(scope, receive, _nowhere)
                await unavailable(scope, receive, send)
            else:
                await app(scope, receive, send)

        return answer


async def _nowhere(message: Message) -> None:
    pass


@pytest.fixture(scope="module")
def outage() -> Outage:
    """The outage in front of the collector."""
    return Outage()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, outage: Outage) -> Iterator[Served]:
    """A collector behind the outage."""
    folder = tmp_path_factory.mktemp("posthog")
    log = SqliteLog(folder / "log.sqlite")
    try:
        with serving(log, log, Keys(folder / "keys.json"), around=outage.around) as served:
            yield served
    finally:
        log.close()


def stored(served: Served, producer: str) -> list[Event]:
    """The events of a producer in the log, by time; each once, though an outage had some stored twice."""
    found: dict[str, Event] = {}
    for line in served.lines("touchpoints"):
        if line["producer"] == producer:
            first = found.setdefault(line["id"], line)
            compared = ("type", "identifiers", "data", "time")
            assert [first[name] for name in compared] == [line[name] for name in compared]
    return sorted(found.values(), key=lambda event: (event["time"], event["id"]))


def reasons(served: Served, producer: str) -> list[str]:
    """Why events of a producer are in quarantine."""
    return [line["reason"] for line in served.lines("quarantine") if line["producer"] == producer]


def named(events: list[Event], *names: str) -> list[Event]:
    """The only events with these names, as their client calls them."""
    return [one for name in names for (one,) in [[e for e in events if e["context"]["name"] == name]]]


def run(command: list[str], folder: Path) -> list[str]:
    """The errors that a client has printed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("POSTHOG_")}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode == 0, done.stderr
    errors: list[str] = json.loads(done.stdout)
    return errors


def check_server(served: Served, producer: str, account: str, email: str) -> list[Event]:
    """What both libraries for servers have sent."""
    events = stored(served, producer)
    quiz, alias, group, nobody, error, v1 = named(
        events, "Quiz Finished", "$create_alias", "$groupidentify", "of nobody", "$exception", "by version 1"
    )
    assert (quiz["type"], quiz["identifiers"]) == ("custom.quiz_finished", [f"account:{account}"])
    assert quiz["time"] == v1["time"] == int(WHEN.timestamp() * 1000)
    assert quiz["data"] == {
        "score": 7,
        "ratio": 0.5,
        "words": ["ä"],
        "$groups": {"company": "acme"},
        **{name: value for name, value in quiz["data"].items() if name.startswith("$geoip")},
    }
    assert alias["type"] == "identity.linked"
    assert alias["identifiers"] == [f"account:{account}", f"device:{VISITOR}"]
    assert group["data"]["$group_set"] == {"name": "Acme"}
    for one in (group, nobody):
        assert one["identifiers"] == [f"session:{one['id']}"]
    assert (error["type"], error["identifiers"]) == ("custom.exception", [f"account:{account}"])
    assert error["data"]["$exception_list"][0]["value"] == "no stock"
    assert (v1["identifiers"], v1["context"]["session_id"]) == ([f"account:{account}"], "s-1")
    linked = [event["identifiers"] for event in events if event["type"] == "identity.linked"]
    assert sorted(linked) == sorted(
        [
            [f"account:{account}", f"device:{VISITOR}"],
            [f"account:{account}", "phone:+49301234567"],
            [f"account:{account}", f"email:{email}"],
            [f"account:{account}", f"email:{email}"],
        ]
    )
    now = time.time() * 1000
    for event in events:
        assert (event["channel"], event["source"]) == ("web", producer)
        assert event in (quiz, v1) or now - 60_000 < event["time"] < now
    return events


def test_python(served: Served, outage: Outage) -> None:
    """The library for Python, by both versions of the protocol."""
    pytest.importorskip("posthog", reason="uv sync --group clients")
    key = served.keys.create("python")
    outage.before, outage.after = 1, 1
    errors = run([sys.executable, str(CLIENTS / "client.py"), served.url, key], CLIENTS)
    assert outage.before == outage.after == 0
    assert [error for error in errors if "dropped by the server" not in error] == []
    assert len(errors) == 1
    events = check_server(served, "python", "u-py", "py@shop.example")
    assert len(events) == 10
    [in_context] = named(events, "in a context")
    assert (in_context["identifiers"], in_context["context"]["session_id"]) == (["account:u-py"], "s-py")
    assert in_context["context"]["library"] == "posthog-python"
    assert [line["reason"] for line in served.lines("quarantine") if line["producer"] == "python"] == [
        "too_large"
    ]


def test_node(served: Served, outage: Outage) -> None:
    """The library for Node, by both versions of the protocol."""
    folder = node_folder(CLIENTS)
    key = served.keys.create("node")
    outage.before, outage.after = 1, 1
    errors = run(["node", "node.mjs", served.url, key], folder)
    assert outage.before == outage.after == 0
    assert [error for error in errors if "drop" not in error] == []
    assert len(errors) == 1
    events = check_server(served, "node", "u-node", "node@shop.example")
    assert len(events) == 9
    assert {event["context"]["library"] for event in events} == {"posthog-node"}
    assert [line["reason"] for line in served.lines("quarantine") if line["producer"] == "node"] == [
        "too_large"
    ]


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """Headless Chromium."""
    with headless_chromium(tmp_path_factory.mktemp("chromium")) as chromium:
        yield chromium


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The origin of a web site, and its folder, in which the library is."""
    folder = tmp_path_factory.mktemp("site")
    library = node_folder(CLIENTS) / "node_modules" / "posthog-js" / "dist"
    for name in ("module.js", "module.full.no-external.js"):
        shutil.copy(library / name, folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"http://localhost:{server.server_address[1]}", folder
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Write no log."""


def page(site: tuple[str, Path], name: str, library: str, served: Served, key: str, **options: Any) -> str:
    """The address of a page of the site with a library."""
    origin, folder = site
    text = (CLIENTS / "page.html").read_text(encoding="utf-8")
    for word, value in {"COLLECTOR": served.url, "KEY": key, "OPTIONS": options}.items():
        text = text.replace(word, json.dumps(value))
    (folder / name).write_text(text.replace("LIBRARY", library), encoding="utf-8")
    return f"{origin}/{name}"


def test_browser(served: Served, outage: Outage, site: tuple[str, Path], chromium: Chrome) -> None:
    """The library for browsers, from a page of another origin: clicks, errors, a log-in, and leaving."""
    key = served.keys.create("pages", [site[0]])
    url = page(
        site,
        "cart.html",
        "module.full.no-external.js",
        served,
        key,
        capture_dead_clicks=True,
        capture_exceptions=True,
        request_queue_config={"flush_interval_ms": 250},
    )
    outage.before, outage.after = 1, 1
    seen = len(outage.seen)
    chromium.get(f"{url}?utm_source=news")
    wait_for(lambda: chromium.execute_script("return !!window.posthog?.compression"))
    pay = chromium.find_element(By.ID, "pay")
    hand = ActionChains(chromium, duration=0)
    for _ in range(4):
        hand.click(pay)
    hand.perform()
    chromium.find_element(By.ID, "boom").click()
    device = chromium.execute_script("return posthog.get_distinct_id()")
    wait_for(lambda: _has(served, "pages", "$dead_click"), SECONDS)
    chromium.execute_script(
        """posthog.capture('Quiz Finished', {score: 7, words: ['ä']}, {timestamp: new Date(arguments[0])});
        posthog.identify('u-page', {email: 'Page@Shop.example', plan: 'pro'}, {phone: '+49 30 1234567'});
        posthog.group('company', 'acme', {name: 'Acme'});
        posthog.alias('acme-3');
        posthog.capture('known')""",
        WHEN.isoformat(),
    )
    wait_for(lambda: _has(served, "pages", "known"), SECONDS)
    chromium.execute_script("posthog.capture('last words')")
    chromium.get("about:blank")
    wait_for(lambda: _has(served, "pages", "$pageleave") and _has(served, "pages", "$pageview"), SECONDS)
    events = stored(served, "pages")
    assert outage.before == outage.after == 0

    view, rage, error, quiz, login, group, alias, known, leave, last = named(
        events,
        *("$pageview", "$rageclick", "$exception", "Quiz Finished", "$identify", "$groupidentify"),
        *("$create_alias", "known", "$pageleave", "last words"),
    )
    assert view["type"] == "page.viewed"
    assert view["data"] == {"page": "/cart.html", "url": f"{url}?utm_source=news", "title": "Cart"}
    assert view["context"]["utm_source"] == "news"
    clicks = [event for event in events if event["type"] == "element.clicked"]
    dead = [event for event in events if event["type"] == "element.dead_clicked"]
    assert [(one["data"]["element"], one["data"]["text"]) for one in clicks] == [
        *([("button#pay", "Pay now")] * 4),
        ("button#boom", "Boom"),
    ]
    assert rage["type"] == "element.rage_clicked"
    assert {one["data"]["element"] for one in (rage, *dead)} >= {"button#pay"}
    assert all(2 < one["data"]["waited_seconds"] < 20 for one in dead)
    assert error["type"] == "error.shown"
    assert error["data"]["code"] == "TypeError"
    for one in (view, rage, error, quiz, *clicks):
        assert one["identifiers"] == [f"device:{device}"]
    assert quiz["time"] == int(WHEN.timestamp() * 1000)
    assert quiz["data"] == {"score": 7, "words": ["ä"]}
    assert (login["type"], login["data"]["$set"]) == ("identity.linked", {"plan": "pro"})
    assert login["identifiers"] == [
        "account:u-page",
        "email:page@shop.example",
        "phone:+49301234567",
        f"device:{device}",
    ]
    assert alias["identifiers"] == ["account:acme-3", "account:u-page"]
    for one in (group, known, leave, last):
        assert one["identifiers"] == ["account:u-page", f"device:{device}"]
    now = time.time() * 1000
    for one in events:
        assert (one["channel"], one["source"]) == ("web", "pages")
        assert key not in json.dumps(one)
        assert one is quiz or now - 120_000 < one["time"] < now
    assert reasons(served, "pages") == []
    sent = [headers for _, headers in outage.seen[seen:]]
    assert {headers["content-type"] for headers in sent} == {"text/plain"}
    assert not any("content-encoding" in headers for headers in sent)


def test_browser_without_compression(
    served: Served, outage: Outage, site: tuple[str, Path], chromium: Chrome
) -> None:
    """The library as it loads its parts: JSON after a preflight, and a form as the page goes."""
    # Another origin than the last test's page, whose last requests may still come.
    origin = site[0].replace("localhost", "127.0.0.1")
    key = served.keys.create("plain-pages", [origin])
    url = page((origin, site[1]), "plain.html", "module.js", served, key, disable_compression=True)
    chromium.get(url)
    wait_for(lambda: _has(served, "plain-pages", "$pageview"), SECONDS)
    assert chromium.execute_script("return Object.keys(window._POSTHOG_REMOTE_CONFIG)") == [key]
    chromium.execute_script("posthog.capture('Wörter', {text: 'a+b/c=ä'})")
    chromium.get("about:blank")
    wait_for(lambda: _has(served, "plain-pages", "$pageleave"), SECONDS)
    [words] = named(stored(served, "plain-pages"), "Wörter")
    assert words["data"]["text"] == "a+b/c=ä"
    sent = [headers for _, headers in outage.seen if headers.get("origin") == origin]
    types = [headers["content-type"].partition(";")[0] for headers in sent]
    assert {types[0], types[-1]} == {"application/json", "application/x-www-form-urlencoded"}


def _has(served: Served, producer: str, name: str) -> bool:
    return any(event["context"]["name"] == name for event in stored(served, producer))
