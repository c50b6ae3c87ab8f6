"""The HTTP transport against a real server: every response of a collector or a proxy in front of it."""

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from time import monotonic
from typing import Any

import pytest

from touchline.sdk import Accepted, Example, Limits, Outcome, Refused, Retry, TooLarge, Touchline
from touchline.sdk.transports.http import outcome


@pytest.fixture
def tl(collector: Any, quick: Limits) -> Iterator[Touchline]:
    """A client that sends one batch per flush."""
    tl = Touchline(collector.url, key="k-1", source="shop", limits=replace(quick, batch_seconds=60))
    yield tl
    tl.close(5)


def page(tl: Touchline, count: int = 1) -> None:
    for number in range(count):
        tl.track("page.viewed", {"account": "u"}, number=number)


def test_a_batch_is_posted_with_the_key(tl: Touchline, collector: Any) -> None:
    """A batch goes to /v1/events as NDJSON with the key, gzipped if large, over one connection."""
    page(tl, 100)
    assert tl.flush(5)
    page(tl)
    assert tl.flush(5)
    big, small = (headers for _, headers, _ in (collector.requests[0], collector.requests[-1]))
    assert big["path"] == "/v1/events"
    assert big["authorization"] == "Bearer k-1"
    assert big["content-type"] == "application/x-ndjson"
    assert big["content-encoding"] == "gzip"
    assert "content-encoding" not in small
    assert "touchline-lost" not in big
    assert collector.connections == 1
    assert tl.stats.accepted == 101


def test_a_path_in_the_url_is_a_prefix(collector: Any, quick: Limits) -> None:
    """A collector behind a path is reached there."""
    with Touchline(f"{collector.url}/touch/", source="shop", limits=quick) as tl:
        page(tl)
    assert collector.requests[0][1]["path"] == "/touch/v1/events"


def test_a_batch_is_full_at_its_bounds(collector: Any, quick: Limits) -> None:
    """No batch exceeds its bounds in events or in bytes."""
    with Touchline(
        collector.url, source="shop", limits=replace(quick, batch_events=7, batch_bytes=2_000)
    ) as tl:
        page(tl, 50)
        for _ in range(5):
            tl.track("page.viewed", {"account": "u"}, text="x" * 900)
    sizes = [len(events) for _, _, events in collector.requests]
    assert sum(sizes) == 55
    assert max(sizes) == 7
    assert all(len(events) <= 2 for _, _, events in collector.requests if "text" in events[0]["data"])


def test_what_is_quarantined_is_counted_and_not_resent(
    tl: Touchline, collector: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A quarantined event is counted, and logged with its type, its field and the command to list it."""
    collector.refused_types = {"no.such": "unknown_type"}
    page(tl)
    tl.track("no.such", {"account": "u-secret"})
    page(tl)
    assert tl.flush(5)
    stats = tl.stats
    assert (stats.emitted, stats.accepted, stats.quarantined, stats.lost) == (3, 2, 1, {})
    assert sum(len(events) for _, _, events in collector.requests) == 3
    tl.close()
    [line] = [record.getMessage() for record in caplog.records]
    assert line == (
        "the collector quarantined 1 events, unknown_type, such as type no.such field type:"
        " run `touchline quarantine list` there"
    )


def test_what_a_tracking_plan_rejects_is_lost_and_not_resent(tl: Touchline, collector: Any) -> None:
    """A rejected event is kept nowhere: it is counted as lost, and told the collector as a loss."""
    results = [{"status": "stored"}, {"status": "rejected", "reason": "invalid_data", "field": "data.value"}]
    collector.will_answer(200, json.dumps({"results": results}).encode())
    page(tl, 2)
    assert tl.flush(5)
    stats = tl.stats
    assert (stats.emitted, stats.accepted, stats.quarantined, stats.lost) == (2, 1, 0, {"rejected": 1})
    page(tl)
    assert tl.flush(5)
    assert "rejected=1" in collector.requests[-1][1]["touchline-lost"]


@pytest.mark.parametrize(
    ("type_", "field", "example"),
    [
        ("checkout.started", "data.cart_id", ("checkout.started", "data.cart_id")),
        ("checkout.started", "identifiers.account.0", ("checkout.started", "identifiers.account.0")),
        ("checkout.started", "identifiers.ann@shop.example", ("checkout.started", "")),
        ("Checkout.Started", "type", ("Checkout.Started", "type")),
        ("page-viewed", "data.items.12.sku", ("page-viewed", "data.items.12.sku")),
        ("Ann Miller", "identifiers.+4930123", ("", "")),
        (7, None, ("", "")),
    ],
)
def test_the_example_of_a_quarantined_event_holds_names_alone(
    type_: Any, field: Any, example: tuple[str, str]
) -> None:
    """The example has a type and a field that are names; a text that may be a customer's is left out."""
    result = {"status": "quarantined", "reason": "invalid_data", "field": field, "message": "send text"}
    response = json.dumps({"results": [result, result]}).encode()
    line = json.dumps({"type": type_}).encode()
    expected = Accepted({"invalid_data": 2}, {"invalid_data": Example(*example, "send text")})
    assert outcome(200, None, response, [line, line]) == expected


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [("7", 7, 7), ("Thu, 01 Jan 1970 00:00:00 GMT", 0, 0), ("Fri, 31 Dec 9998 00:00:00 GMT", 1e9, 1e12)],
)
def test_retry_after_is_seconds_or_a_date(header: str, least: float, most: float) -> None:
    """A Retry-After in seconds or as a date is honoured."""
    answered = outcome(429, header, b"", [])
    assert isinstance(answered, Retry)
    assert answered.after is not None
    assert least <= answered.after <= most


@pytest.mark.parametrize("after_storing", [False, True])
def test_a_connection_that_breaks_is_tried_again(tl: Touchline, collector: Any, after_storing: bool) -> None:
    """After a reset every event is stored once, whether or not the batch was stored before it."""
    collector.will_reset(after_storing=after_storing)
    collector.will_reset(after_storing=after_storing)
    page(tl, 3)
    assert tl.flush(5)
    assert tl.stats.accepted == 3
    assert [event["data"]["number"] for event in collector.events] == [0, 1, 2]


def test_a_kept_connection_that_died_is_replaced_at_once(collector: Any, quick: Limits) -> None:
    """If an idle connection was closed, the batch goes out on a new one without a wait."""
    with Touchline(collector.url, source="shop", limits=replace(quick, retry_least=5, retry_most=5)) as tl:
        page(tl)
        assert tl.flush(4)
        collector.will_reset()
        page(tl)
        assert tl.flush(4)
    assert collector.connections == 2


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_a_temporary_failure_is_retried(tl: Touchline, collector: Any, status: int) -> None:
    """Overload and server errors are retried."""
    collector.will_answer(status)
    page(tl)
    assert tl.flush(5)
    assert len(collector.requests) == 2
    assert tl.stats.accepted == 1


def test_retry_after_is_honoured(collector: Any, quick: Limits) -> None:
    """The next attempt waits as long as Retry-After says."""
    with Touchline(collector.url, source="shop", limits=replace(quick, retry_most=5)) as tl:
        collector.will_answer(503, headers={"Retry-After": "1"})
        page(tl)
        assert tl.flush(5)
    (first, _, _), (second, _, _) = collector.requests
    assert 1.0 <= second - first < 4


def test_retry_after_is_clamped(tl: Touchline, collector: Any) -> None:
    """A Retry-After of an hour is cut to `retry_most`."""
    collector.will_answer(429, headers={"Retry-After": "3600"})
    page(tl)
    assert tl.flush(5)
    assert tl.stats.accepted == 1


def test_a_request_without_a_response_is_retried(collector: Any, quick: Limits) -> None:
    """A request without a response is cancelled after `request_seconds` and retried."""
    release = threading.Event()
    collector.will_hang(release)
    with Touchline(collector.url, source="shop", limits=replace(quick, request_seconds=0.1)) as tl:
        page(tl)
        assert tl.flush(5)
        assert tl.stats.accepted == 1
    release.set()


def test_a_slow_response_is_cancelled(collector: Any, quick: Limits) -> None:
    """A response that arrives byte by byte must be complete within `request_seconds`."""
    release = threading.Event()

    def drip(handler: Any, events: list[Any]) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        handler.close_connection = True
        try:
            while not release.wait(0.02):
                handler.wfile.write(b" ")
                handler.wfile.flush()
        except OSError:
            return

    collector.script.append(drip)
    with Touchline(collector.url, source="shop", limits=replace(quick, request_seconds=0.2)) as tl:
        page(tl)
        assert tl.flush(5)
        assert tl.stats.accepted == 1
    release.set()


def test_an_endless_response_is_cancelled(tl: Touchline, collector: Any) -> None:
    """A response is read up to its bound only."""

    def pour(handler: Any, events: list[Any]) -> None:
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        deadline = monotonic() + 10
        try:
            while monotonic() < deadline:
                handler.wfile.write(b" " * 65_536)
        except OSError:
            return

    collector.script.append(pour)
    page(tl)
    assert tl.flush(3)
    assert tl.stats.accepted == 1


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404])
def test_a_refused_batch_is_lost_and_logged(
    tl: Touchline, collector: Any, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    """A refused batch is not retried; the loss is counted and logged with the status."""
    collector.will_answer(status)
    page(tl, 2)
    assert tl.flush(5)
    assert tl.stats.lost == {"refused": 2}
    page(tl)
    assert tl.flush(5)
    assert tl.stats.accepted == 1
    tl.close()
    assert (
        f"2 events lost, refused: the collector rejects them: check the URL and the key (HTTP {status})"
        in caplog.text
    )


def test_a_batch_that_is_too_large_is_halved(tl: Touchline, collector: Any) -> None:
    """After 413 the batch is sent in halves, in order, until it fits."""
    collector.most_events = 7
    page(tl, 100)
    assert tl.flush(5)
    assert [event["data"]["number"] for event in collector.events] == list(range(100))
    assert tl.stats.accepted == 100


def test_one_event_that_is_too_large_is_lost(tl: Touchline, collector: Any) -> None:
    """A single event that gets 413 is lost as `too_large`."""
    collector.will_answer(413)
    page(tl)
    assert tl.flush(5)
    assert tl.stats.lost == {"too_large": 1}


def test_losses_are_reported_until_a_batch_is_accepted(tl: Touchline, collector: Any) -> None:
    """Each request reports exactly the losses that no accepted batch has reported."""
    for _ in range(3):
        tl.track("page.viewed", {"account": "u"}, id=object())  # type: ignore[arg-type]
    collector.will_answer(503)
    page(tl)
    assert tl.flush(5)
    collector.will_answer(401)
    page(tl)
    assert tl.flush(5)
    for _ in range(2):
        page(tl)
        assert tl.flush(5)
    reports = [headers.get("touchline-lost") for _, headers, _ in collector.requests]
    assert reports == ["invalid=3", "invalid=3", None, "refused=1", None]


def test_a_server_that_keeps_failing_costs_one_batch_at_a_time(collector: Any, quick: Limits) -> None:
    """A batch that fails for `retry_seconds` is lost as `undelivered`; then the next batch is sent."""
    limits = replace(quick, retry_seconds=0.1, retry_most=0.01)
    with Touchline(collector.url, source="shop", limits=limits) as tl:
        collector.script.extend([lambda handler, events: collector.answer(handler, 500)] * 1_000)
        page(tl)
        assert tl.flush(5)
        collector.script.clear()
        page(tl)
        assert tl.flush(5)
        assert tl.stats.lost == {"undelivered": 1}
        assert tl.stats.accepted == 1


def test_a_collector_that_comes_late_gets_everything(
    collector: Any, quick: Limits, caplog: pytest.LogCaptureFixture
) -> None:
    """While the collector is down events stay queued, with one warning; then all of them arrive."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Touchline(f"http://127.0.0.1:{port}", source="shop", limits=quick) as tl:
        page(tl, 250)
        assert not tl.flush(0.2)
        assert tl.stats.pending == 250
        late = type(collector)(port)
        try:
            assert tl.flush(5)
        finally:
            late.close()
        assert [event["data"]["number"] for event in late.events] == list(range(250))
    assert caplog.text.count("they stay in memory") == 1


@pytest.mark.parametrize(
    ("status", "retry_after", "content", "expected"),
    [
        (200, None, b'{"results": [{"id": "1", "status": "stored"}]}', Accepted()),
        (200, None, b'{"results": [{"id": "1", "status": "duplicate"}]}', Accepted()),
        (
            200,
            None,
            b'{"results": [{"status": "quarantined", "reason": "time"}]}',
            Accepted({"time": 1}, {"time": Example()}),
        ),
        (
            200,
            None,
            b'{"results": [{"status": "rejected", "reason": "invalid_data", "field": "data.value"}]}',
            Accepted(rejected=1, why="data.value"),
        ),
        (200, None, b'{"results": []}', Retry("HTTP 200 without a result for each event")),
        (200, None, b"<html>log in</html>", Retry("HTTP 200 without a result for each event")),
        (200, None, b"[]", Retry("HTTP 200 without a result for each event")),
        (200, None, b'{"results": ["stored"]}', Retry("HTTP 200 without a result for each event")),
        (413, None, b"", TooLarge()),
        (429, "7", b"", Retry("HTTP 429", after=7.0)),
        (503, "Wed, 21 Oct 2015 07:28:00 GMT", b"", Retry("HTTP 503", after=0.0)),
        (503, "-1", b"", Retry("HTTP 503")),
        (507, None, b"", Retry("HTTP 507")),
        (401, "7", b"", Refused("HTTP 401", of_client=True)),
        (405, None, b"", Refused("HTTP 405", of_client=True)),
        (400, None, b"", Refused("HTTP 400")),
    ],
)
def test_each_response_has_one_outcome(
    status: int, retry_after: str | None, content: bytes, expected: Outcome
) -> None:
    """Status, Retry-After and body decide the outcome of a batch."""
    assert outcome(status, retry_after, content, [b"{}"]) == expected


def test_close_has_a_limit_while_a_request_stands_still(collector: Any, quick: Limits) -> None:
    """`close` returns after its timeout, whatever the collector does; the rest is lost as `undelivered`."""
    release = threading.Event()
    collector.will_hang(release)
    tl = Touchline(collector.url, source="shop", limits=quick)
    page(tl, 3)
    began = monotonic()
    assert tl.close(0.2) is False
    assert monotonic() - began < 2
    assert tl.stats.lost == {"undelivered": 3}
    release.set()
