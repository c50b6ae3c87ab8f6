"""Requests of Snowplow's trackers at the collector: keys in the path, the picture, pages, limits."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.collector.conftest import Serve
from tests.collector.served import Served
from touchline.collector.dialects import snowplow

PATH = "/com.snowplowanalytics.snowplow/tp2"
SCHEMA = "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4"
EVENT = {"e": "pv", "eid": "e-1", "url": "https://shop.example/a", "duid": "d-1", "dtm": "1704067200000"}


def post(served: Served, path: str, *events: object, **headers: str) -> Any:
    """The answer to a request with events."""
    body = json.dumps({"schema": SCHEMA, "data": events}).encode()
    return served.http.request("POST", f"{served.url}{path}", body=body, headers=headers)


def get(served: Served, path: str, method: str = "GET", **headers: str) -> Any:
    """The answer to a request of one event in the query."""
    return served.http.request(method, f"{served.url}{path}?{urlencode(EVENT)}", headers=headers)


def test_without_any_key_programs_of_this_machine_may_send(serve: Serve) -> None:
    """As with native events; the producer is `local`."""
    served = serve()
    assert post(served, PATH, EVENT).status == 200
    assert get(served, "/i").status == 200
    assert [line["producer"] for line in served.lines("touchpoints")] == ["local", "local"]


def test_the_key_is_a_part_of_the_path(serve: Serve) -> None:
    """Any key works there; without one, or with a wrong one, nothing is stored."""
    served = serve()
    key = served.keys.create("shop")
    assert post(served, f"/k/{key}{PATH}", EVENT).status == 200
    assert get(served, f"/k/{key}/i").status == 200
    assert post(served, PATH, EVENT, Authorization=f"Bearer {key}").status == 200
    for path in (PATH, f"/k/wrong{PATH}"):
        assert post(served, path, EVENT).status == 401
    assert [get(served, path).status for path in ("/i", "/k/wrong/i")] == [401, 401]
    assert {line["producer"] for line in served.lines("touchpoints")} == {"shop"}
    assert len(served.lines("touchpoints")) == 3


def test_a_wrong_key_is_refused_before_the_body_is_read(serve: Serve) -> None:
    """So that nobody without a key can make the collector hold large bodies."""
    served = serve()
    served.keys.create("shop")
    too_large = {"Content-Length": str(2 * snowplow.MOST_BYTES)}
    answer = served.http.request("POST", f"{served.url}/k/wrong{PATH}", headers=too_large)
    assert (answer.status, answer.json()["error"]["code"]) == (401, "unknown_key")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_answer_to_a_get_is_a_picture(serve: Serve, method: str) -> None:
    """A GIF that nobody caches, also if the event is in quarantine; for HEAD without its bytes."""
    served = serve()
    answer = get(served, "/i", method)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/gif")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.data == (snowplow.PIXEL_GIF if method == "GET" else b"")
    assert [line["type"] for line in served.lines("touchpoints")] == ["page.viewed"]
    answer = served.http.request(method, f"{served.url}/i?e=pv&dtm=never")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/gif")
    assert [line["field"] for line in served.lines("quarantine")] == ["dtm"]


def test_other_methods_are_refused(serve: Serve) -> None:
    """Pictures come by GET, other events by POST."""
    served = serve()
    assert post(served, "/i", EVENT).status == 405
    assert get(served, PATH).status == 405


def test_a_get_without_a_query_has_no_event(serve: Serve) -> None:
    """It gets the picture."""
    served = serve()
    assert served.http.request("GET", f"{served.url}/i").status == 200
    assert served.lines("touchpoints") + served.lines("quarantine") == []


@pytest.mark.parametrize("path", [PATH, "/i"])
def test_pages_may_send_with_cookies(serve: Serve, path: str) -> None:
    """The origin of the page is named, never `*`: browsers demand that of requests with credentials."""
    served = serve()
    key = served.keys.create("pages", ["https://shop.example"])
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    for origin, status, allowed in (
        ("https://shop.example", 200, "https://shop.example"),
        ("https://other.example", 403, None),
    ):
        headers = {"Origin": origin, **asked}
        before = served.http.request("OPTIONS", f"{served.url}/k/{key}{path}", headers=headers)
        keyed = f"/k/{key}{path}"
        answer = (
            post(served, keyed, EVENT, Origin=origin) if path == PATH else get(served, keyed, Origin=origin)
        )
        assert (before.status, answer.status) == (204, status)
        for response in (before, answer):
            assert response.headers.get("Access-Control-Allow-Origin") == allowed
            credentials = response.headers.get("Access-Control-Allow-Credentials")
            assert credentials == (None if allowed is None else "true")


def test_a_request_that_is_too_large_ends_the_repeats(serve: Serve) -> None:
    """Trackers repeat 413 for ever, with all that came since: they get 422, and the request is counted."""
    served = serve()
    body = b" " * (snowplow.MOST_BYTES + 1)
    answer = served.http.request("POST", f"{served.url}{PATH}", body=body)
    assert (answer.status, answer.json()["error"]["code"]) == (422, "body_too_large")
    labels = 'touchline_refused_requests_total{code="body_too_large",dialect="snowplow"}'
    assert served.metric(labels) == 1


def test_what_a_tracker_kept_in_an_outage_is_accepted_at_once(serve: Serve) -> None:
    """The tracker for Python keeps 10,000 events and sends them in one request."""
    served = serve()
    events = [{**EVENT, "eid": f"e-{number}", "page": "A page of the shop " * 10} for number in range(10_000)]
    assert post(served, PATH, *events).status == 200
    assert len(served.lines("touchpoints")) == 10_000


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"data": 1}', b"\xff"])
def test_a_body_that_is_no_list_of_events_is_quarantined(serve: Serve, body: bytes) -> None:
    """Whole; trackers do not repeat 400."""
    served = serve()
    answer = served.http.request("POST", f"{served.url}{PATH}", body=body)
    assert (answer.status, answer.json()["error"]["code"]) == (400, "malformed_json")
    assert [line["reason"] for line in served.lines("quarantine")] == ["malformed_json"]


def test_one_invalid_event_does_not_affect_the_others(serve: Serve) -> None:
    """It is in quarantine as it came; the others are stored."""
    served = serve()
    bad = {**EVENT, "eid": "e-2", "dtm": "yesterday"}
    assert post(served, PATH, EVENT, bad, 7, {**EVENT, "eid": "e-3"}).status == 200
    assert [line["id"] for line in served.lines("touchpoints")] == ["e-1", "e-3"]
    quarantined = served.lines("quarantine")
    assert [line["field"] for line in quarantined] == ["dtm", ""]
    assert json.loads(quarantined[0]["body"]) == bad


def test_a_page_without_a_known_customer_keeps_neither_address_nor_cookie(serve: Serve) -> None:
    """Cookies are never read nor set, addresses never stored; `SP-Anonymous` leaves out network ids, too."""
    served = serve()
    event = {**EVENT, "ip": "192.0.2.7", "tnuid": "n-1"}
    headers = {"Cookie": "sp=n-2"}
    first = post(served, PATH, event, **headers)
    second = post(served, PATH, {**event, "eid": "e-2"}, **headers, **{"SP-Anonymous": "*"})
    assert "Set-Cookie" not in {*first.headers, *second.headers}
    named, anonymous = served.lines("touchpoints")
    assert named["identifiers"] == ["device:d-1", "device:n-1"]
    assert anonymous["identifiers"] == ["device:d-1"]
    text = json.dumps([named, anonymous])
    assert "192.0.2.7" not in text
    assert "n-2" not in text
