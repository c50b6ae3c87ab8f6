"""Snowplow's trackers as they are published: all they send is stored, as what it is, and once."""

import json
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.chromium import headless_chromium
from tests.collector.served import Served, serving
from tests.connect.fetched import node_folder
from touchline.collector import Keys
from touchline.collector.dialects.snowplow import MOST_BYTES
from touchline.log.sqlite import SqliteLog

pytestmark = pytest.mark.slow

CLIENTS = Path(__file__).parent / "snowplow_clients"
PATH = "/com.snowplowanalytics.snowplow/tp2"
TRUE_TIME = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SECONDS = 30.0

Event = dict[str, Any]


class Outage:
    """In front of the collector: it answers 503 to two POSTs with each key, but stores the second."""

    def __init__(self) -> None:
        self.posts: Counter[str] = Counter()

    def around(self, app: ASGIApp) -> ASGIApp:
        """The application behind the outage."""

        async def discard(message: Message) -> None:
            """Send nothing."""

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            path = scope.get("path", "")
            if scope.get("method") != "POST" or self.posts[path] > 1:
                await app(scope, receive, send)
                return
            self.posts[path] += 1
            if self.posts[path] == 2:
                await app(scope, receive, discard)
            origin = dict(scope["headers"]).get(b"origin", b"").decode()
            headers = {"Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true"}
            await Response(status_code=503, headers=headers if origin else None)(scope, receive, send)

        return answer


@pytest.fixture(scope="module")
def outage() -> Outage:
    """The outage in front of the collector."""
    return Outage()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, outage: Outage) -> Iterator[Served]:
    """A collector that seems to be away at first, for each key."""
    folder = tmp_path_factory.mktemp("snowplow")
    log = SqliteLog(folder / "log.sqlite")
    try:
        with serving(log, log, Keys(folder / "keys.json"), around=outage.around) as served:
            yield served
    finally:
        log.close()


def endpoint(served: Served, key: str) -> str:
    """What a tracker gets as its endpoint."""
    return f"127.0.0.1:{served.port}/k/{key}"


def path(key: str) -> str:
    """Where a tracker posts."""
    return f"/k/{key}{PATH}"


def stored(served: Served, producer: str, count: int) -> list[Event]:
    """The events of a producer in the log, each id once, when there are as many.

    What was sent again has the same id and the same content.
    """
    limit = time.monotonic() + SECONDS
    while True:
        lines = [line for line in served.lines("touchpoints") if line["producer"] == producer]
        first: dict[str, Event] = {}
        for line in lines:
            before = first.setdefault(line["id"], line)
            assert {**line, "received_at": 0} == {**before, "received_at": 0}
        if len(first) >= count or time.monotonic() > limit:
            assert [line for line in served.lines("quarantine") if line["producer"] == producer] == []
            assert len(first) == count
            return list(first.values())
        time.sleep(0.05)


def by_type(events: list[Event]) -> Callable[[str], Event]:
    """Gives the only event of a type."""

    def only(type_name: str) -> Event:
        (found,) = [event for event in events if event["type"] == type_name]
        return found

    return only


def test_python(served: Served, outage: Outage) -> None:
    """The tracker for Python: page and screen views, orders, structured events and a schema of one's own."""
    tracker_module = pytest.importorskip("snowplow_tracker", reason="uv sync --group clients")
    emitter_module = pytest.importorskip("snowplow_tracker.emitters")
    json_of = tracker_module.SelfDescribingJson
    shop = "iglu:com.snowplowanalytics.snowplow.ecommerce"
    key = served.keys.create("python")
    subject = tracker_module.Subject().set_user_id("u-python").set_domain_user_id("d-python")
    emitter = emitter_module.Emitter(endpoint(served, key), protocol="http", batch_size=100)
    tracker = tracker_module.Tracker("main", emitter, subject, app_id="shop-python")
    began = int(time.time() * 1000)
    tracker.track(tracker_module.PageView("https://shop.example/a?b=c", "Shoes", "https://search.example/"))
    tracker.track(tracker_module.ScreenView("8a3f6b9e-5b0b-4a2b-9d8e-0c6a5f3d1e27", "Basket"))
    tracker.track(tracker_module.StructuredEvent("Help Desk", "openChat", label="top", value=2))
    action = json_of(f"{shop}/snowplow_ecommerce_action/jsonschema/1-0-2", {"type": "transaction"})
    order = {"transaction_id": "o-1", "revenue": 80.5, "currency": "EUR", "payment_method": "card"}
    entities = [
        json_of(f"{shop}/transaction/jsonschema/1-0-0", {**order, "total_quantity": 2}),
        json_of(f"{shop}/user/jsonschema/1-0-0", {"id": "u-python", "email": "Py@shop.example"}),
    ]
    tracker.track(tracker_module.SelfDescribing(action, context=entities))
    quiz = json_of("iglu:com.acme.shop/quiz_finished/jsonschema/1-0-0", {"score": 7, "words": ["ä"]})
    true_time = TRUE_TIME.timestamp() * 1000
    tracker.track(tracker_module.SelfDescribing(quiz, true_timestamp=true_time))
    tracker.flush()  # This one gets 503; the tracker's timer repeats it.
    events = stored(served, "python", 5)
    assert outage.posts[path(key)] == 2
    only = by_type(events)
    page, screen = (event for event in events if event["type"] == "page.viewed")
    assert page["data"] == {
        "page": "/a",
        "url": "https://shop.example/a?b=c",
        "title": "Shoes",
        "referrer": "https://search.example/",
    }
    assert (screen["channel"], screen["data"]["page"]) == ("app", "Basket")
    chat = only("custom.help_desk_open_chat")
    assert chat["data"] == {"category": "Help Desk", "action": "openChat", "label": "top", "value": 2}
    placed = only("order.placed")
    assert placed["data"]["order_id"] == "o-1"
    assert (placed["data"]["value"], placed["data"]["currency"], placed["data"]["items"]) == (80.5, "EUR", 2)
    assert placed["identifiers"] == ["account:u-python", "email:py@shop.example", "device:d-python"]
    finished = only("custom.com_acme_shop_quiz_finished")
    assert finished["data"] == {"score": 7, "words": ["ä"]}
    assert finished["time"] == int(true_time)
    assert {event["source"] for event in events} == {"shop-python"}
    for event in events:
        if event is not finished:
            assert began <= event["time"] <= began + 5_000
            assert "account:u-python" in event["identifiers"]
            assert "device:d-python" in event["identifiers"]

    pixel = emitter_module.Emitter(endpoint(served, key), protocol="http", method="get")
    tracker = tracker_module.Tracker("pixel", pixel, subject, app_id="shop-python")
    tracker.track(tracker_module.StructuredEvent("pixel", "seen", label="é & ü"))
    (seen,) = [one for one in stored(served, "python", 6) if one["type"] == "custom.pixel_seen"]
    assert seen["data"]["label"] == "é & ü"


def test_python_goes_on_after_a_request_that_is_too_large(served: Served, outage: Outage) -> None:
    """It reports the events of this request as lost, and sends the next; the collector counts the request."""
    tracker_module = pytest.importorskip("snowplow_tracker", reason="uv sync --group clients")
    emitter_module = pytest.importorskip("snowplow_tracker.emitters")
    key = served.keys.create("large")
    outage.posts[PATH] = 2  # No outage here.
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {key}"
    lost: list[int] = []
    emitter = emitter_module.Emitter(
        f"127.0.0.1:{served.port}",
        protocol="http",
        batch_size=100,
        session=session,
        on_failure=lambda sent, failed: lost.append(len(failed)),
    )
    tracker = tracker_module.Tracker("large", emitter, tracker_module.Subject().set_user_id("u-large"))
    counted = 'touchline_refused_requests_total{code="body_too_large",dialect="snowplow"}'
    before = served.metric(counted)
    for _ in range(2):
        tracker.track(tracker_module.StructuredEvent("large", "x" * MOST_BYTES))
    tracker.flush()
    assert lost == [2]
    assert served.metric(counted) == before + 1
    tracker.track(tracker_module.StructuredEvent("small", "seen"))
    tracker.flush()
    (event,) = stored(served, "large", 1)
    assert event["type"] == "custom.small_seen"
    session.close()


def test_node(served: Served, outage: Outage) -> None:
    """The tracker for Node: a whole purchase, help, search, and a schema of one's own."""
    folder = node_folder(CLIENTS)
    key = served.keys.create("node")
    done = subprocess.run(
        ["node", "node.mjs", endpoint(served, key)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    events = stored(served, "node", 14)
    assert outage.posts[path(key)] == 2
    only = by_type(events)
    assert all({"account:u-node", "device:d-node"} <= set(event["identifiers"]) for event in events)
    assert {event["context"]["session_id"] for event in events} == {"s-node"}
    assert {event["source"] for event in events} == {"shop-node"}
    cart = only("cart.updated")
    assert cart["data"] == {
        "cart_id": "c-node",
        "value": 19.5,
        "currency": "EUR",
        "type": "add_to_cart",
        "products": [{"id": "p-1", "price": 19.5, "currency": "EUR"}],
    }
    assert "email:node@shop.example" in cart["identifiers"]
    assert only("checkout.started")["data"]["cart_id"] == "c-node"
    step = only("checkout.step_completed")["data"]
    assert (step["cart_id"], step["step"]) == ("session-s-node", "2")
    new, old = (event["data"] for event in events if event["type"] == "order.placed")
    assert (new["order_id"], new["cart_id"], new["value"], new["items"]) == ("o-node", "c-node", 19.5, 1)
    assert (old["order_id"], old["value"], old["currency"], old["tax"]) == ("o-old", 30, "EUR", 5)
    refund = only("refund.issued")["data"]
    assert (refund["order_id"], refund["value"], refund["reason"]) == ("o-node", 9.75, "damaged")
    assert only("custom.snowplow_product_view")["data"]["products"][0]["id"] == "p-1"
    assert only("custom.help_open_chat")["data"]["value"] == 2.5
    page, screen = (event for event in events if event["type"] == "page.viewed")
    assert (page["channel"], page["data"]["page"]) == ("web", "/sale")
    assert (screen["channel"], screen["data"]["page"]) == ("app", "Basket")
    assert only("element.clicked")["data"]["element"] == "faq"
    search = only("search.performed")["data"]
    assert (search["query"], search["results"]) == ("red shoes", 0)
    assert only("custom.com_acme_shop_quiz_finished")["time"] == int(TRUE_TIME.timestamp() * 1000)
    assert only("custom.pixel_seen")["data"]["label"] == "é & ü"


def test_browser(served: Served, outage: Outage, tmp_path: Path) -> None:
    """The tracker for browsers, from a page of another origin, by POST, by GET and as a picture."""
    site = tmp_path / "site"
    site.mkdir()
    tracker = node_folder(CLIENTS) / "node_modules" / "@snowplow" / "browser-tracker" / "dist"
    shutil.copy(tracker / "index.umd.min.js", site / "tracker.js")
    handler = partial(_Quiet, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            origin = f"http://localhost:{server.server_address[1]}"
            key = served.keys.create("pages", [origin])
            page = (CLIENTS / "page.html").read_text(encoding="utf-8")
            address = json.dumps(f"http://{endpoint(served, key)}")
            (site / "index.html").write_text(page.replace("COLLECTOR", address), encoding="utf-8")
            with headless_chromium(tmp_path / "chromium") as chromium:
                chromium.get(f"{origin}/index.html")
                events = stored(served, "pages", 6)
                assert outage.posts[path(key)] == 2
                run: Callable[[str], list[object]] = chromium.execute_script
                _wait(lambda: "1x1" in run("return window.answers"))
                assert set(run("return window.answers")) == {200, "1x1"}
        finally:
            server.shutdown()
    only = by_type(events)
    pages = (event for event in events if event["type"] == "page.viewed")
    page_view, picture = sorted(pages, key=lambda event: event["id"] == "picture")
    assert page_view["data"]["title"] == "Red shoes"
    assert page_view["data"]["page"] == "/index.html"
    assert picture["identifiers"] == ["device:d-picture"]
    cart = only("cart.updated")["data"]
    assert (cart["cart_id"], cart["value"], cart["currency"]) == ("c-page", 80, "EUR")
    assert only("custom.video_play")["data"]["value"] == 3
    assert only("custom.video_pause")["context"]["user_agent"].startswith("Mozilla/5.0")
    for event in events:
        assert event["channel"] == "web"
        assert event["source"] == "shop-pages"
        assert event is picture or "account:u-page" in event["identifiers"]


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Write no log."""


def _wait(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.05)
