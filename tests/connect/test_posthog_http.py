"""PostHog's requests over HTTP: the key in the body, compression without a header, and limits."""

import gzip
import json

import urllib3

from tests.collector.served import Served
from tests.connect.conftest import Serve
from tests.connect.posthog_requests import event
from touchline.collector import Limits


def send(served: Served, path: str, body: bytes, **headers: str) -> urllib3.BaseHTTPResponse:
    """Post a body."""
    return served.http.request("POST", served.url + path, body=body, headers=headers)


def test_a_browser_needs_no_header_but_its_origin(serve: Serve) -> None:
    """The key is in the body, and the body is gzip although nothing says so."""
    served = serve()
    key = served.keys.create("pages", ["https://shop.example"])
    body = gzip.compress(json.dumps({"api_key": key, "batch": [event()]}).encode())
    answer = send(served, "/e/?retry_count=1", body, Origin="https://shop.example")
    assert (answer.status, answer.json()) == (200, {"status": "Ok"})
    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert [line["producer"] for line in served.lines("touchpoints")] == ["pages"]
    assert send(served, "/e/", body, Origin="https://other.example").status == 403


def test_a_wrong_key_is_refused(serve: Serve) -> None:
    """In the body as in a header."""
    served = serve()
    served.keys.create("shop")
    body = json.dumps({"api_key": "phc_other", "batch": [event()]}).encode()
    assert send(served, "/batch/", body).status == 401
    assert send(served, "/i/v1/analytics/events", body, Authorization="Bearer phc_other").status == 401
    assert served.lines("touchpoints") == []


def test_the_key_in_the_header_counts_before_that_in_the_body(serve: Serve) -> None:
    """A right key in the body does not help a wrong one in the header, and names no other producer."""
    served = serve()
    header, other = served.keys.create("shop"), served.keys.create("other")
    body = json.dumps({"api_key": other, "batch": [event()]}).encode()
    assert send(served, "/batch/", body, Authorization="Bearer phc_wrong").status == 401
    assert send(served, "/batch/", body, Authorization=f"Bearer {header}").status == 200
    assert [line["producer"] for line in served.lines("touchpoints")] == ["shop"]


def test_a_browser_above_its_rate_sends_again_later(serve: Serve) -> None:
    """It gets 503 and when to try again, since it would give up on 429."""
    served = serve(limits=Limits(events_per_second=1))
    body = json.dumps([event(), event("another")]).encode()
    assert send(served, "/e/", body).status == 200
    answer = send(served, "/e/", body)
    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.json()["error"]["code"] == "too_many_events_per_second"


def test_a_page_may_ask_for_settings(serve: Serve) -> None:
    """And for flags, as JSON after a preflight."""
    served = serve()
    key = served.keys.create("pages", ["https://shop.example"])
    answer = served.http.request(
        "GET", f"{served.url}/array/{key}/config", headers={"Origin": "https://shop.example"}
    )
    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert answer.json()["supportedCompression"] == ["gzip", "gzip-js"]
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    answer = served.http.request("OPTIONS", f"{served.url}/flags/?v=2", headers=asked)
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "content-type" in answer.headers["Access-Control-Allow-Headers"]
    assert send(served, "/flags/?v=2", b"{}").json()["featureFlags"] == {}


def test_a_large_request_is_accepted(serve: Serve) -> None:
    """Libraries fill requests up to 5 MB; one above the limit is refused whole."""
    served = serve()
    filling = "x" * 20_000
    events = [event(f"n-{number}", text=filling) for number in range(250)]
    assert send(served, "/batch/", json.dumps({"batch": events}).encode()).status == 200
    assert len(served.lines("touchpoints")) == 250
    assert send(served, "/batch/", json.dumps({"batch": events * 2}).encode()).status == 413
    assert len(served.lines("touchpoints")) == 250
