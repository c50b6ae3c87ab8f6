"""The collector over HTTP: a real server and a real log."""

import gc
import gzip
import json
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.waiting import wait_for
from touchline.collector import Batch, Limits, Log, LogUnavailable

MakeEvent = Callable[..., dict[str, Any]]
Serve = Callable[..., Any]
LIMIT = 2 * 1024 * 1024


def error(response: Any) -> tuple[int, str]:
    """Status and code of an error response, which must have a message."""
    found = json.loads(response.data)["error"]
    assert len(found["message"]) > 15
    return response.status, found["code"]


def statuses(response: Any) -> list[str]:
    assert response.status == 200, response.data
    return [result["status"] for result in json.loads(response.data)["results"]]


class Gated:
    """A log whose appends wait for a gate, as on a slow disk."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.gate = threading.Event()
        self.appended: list[int] = []

    def append(self, batch: Batch) -> None:
        if not self.gate.wait(20):
            raise LogUnavailable("the gate stayed closed")
        self._log.append(batch)
        self.appended.append(len(batch.touchpoints))


def test_one_event_an_array_and_lines_are_stored(serve: Serve, event: MakeEvent) -> None:
    """The three forms of a body are accepted with any Content-Type, and are in the log after the response."""
    served = serve()
    events = [event() for _ in range(5)]
    assert statuses(served.send(events[0], {"Content-Type": "text/plain"})) == ["stored"]
    assert statuses(served.send(events[1:3], {"Content-Type": "application/json"})) == ["stored"] * 2
    lines = "\n".join(map(json.dumps, events[3:])).encode()
    assert statuses(served.send(lines, {"Content-Type": "application/x-ndjson"})) == ["stored"] * 2
    assert [line["id"] for line in served.lines("touchpoints")] == [sent["id"] for sent in events]
    assert {line["producer"] for line in served.lines("touchpoints")} == {"local"}


def test_gzip_is_decompressed(serve: Serve, event: MakeEvent) -> None:
    """A gzipped body may have one or several members."""
    served = serve()
    first, second = (json.dumps(event()).encode() + b"\n" for _ in range(2))
    headers = {"Content-Encoding": "gzip"}
    assert statuses(served.send(gzip.compress(first + second), headers)) == ["stored", "stored"]
    again = served.send(gzip.compress(json.dumps(event()).encode()) + gzip.compress(b"\n"), headers)
    assert statuses(again) == ["stored"]


def test_deflate_is_decompressed(serve: Serve, event: MakeEvent) -> None:
    """A body may be compressed with deflate."""
    body = zlib.compress(json.dumps(event()).encode())
    assert statuses(serve().send(body, {"Content-Encoding": "deflate"})) == ["stored"]


def test_a_mixed_array_gets_a_result_for_each_event(serve: Serve, event: MakeEvent) -> None:
    """Valid events are stored, invalid ones quarantined with a message and a field, in order."""
    served = serve()
    big = event(data={"cart_id": "7", "note": "x" * 40_960})
    nobody = event(type="page.viewed", data={"page": "/"}, identifiers=None)
    body: list[Any] = [event(id="a"), event(type="no.such"), event(id="a"), big, nobody, 5]
    results = json.loads(served.send(body).data)["results"]
    assert results[0] == {"id": "a", "status": "stored", "reason": None}
    assert results[1] == {
        "id": body[1]["id"],
        "status": "quarantined",
        "reason": "unknown_type",
        "message": "unknown event type: run `touchline schema list` to see all types, declare your own in "
        "a tracking plan, or call it custom.NAME",
        "field": "type",
    }
    assert [(result["status"], result["reason"]) for result in results[2:]] == [
        ("duplicate", None),
        ("quarantined", "too_large"),
        ("quarantined", "no_identifier"),
        ("quarantined", "not_an_object"),
    ]
    assert len(served.lines("touchpoints")) == 1
    assert [json.loads(line["body"]) for line in served.lines("quarantine")] == [body[1], *body[3:]]


def test_lines_with_a_bad_one_keep_the_others(serve: Serve, event: MakeEvent) -> None:
    """A line that is not JSON is quarantined; the other lines are stored."""
    served = serve()
    lines = [json.dumps(event()).encode(), b'{"id": "cut', json.dumps(event()).encode()]
    assert statuses(served.send(b"\n".join(lines))) == ["stored", "quarantined", "stored"]
    assert [line["body"] for line in served.lines("quarantine")] == ['{"id": "cut']


def test_a_body_that_is_not_json_is_quarantined(serve: Serve) -> None:
    """The response is 400, and the whole body is in quarantine."""
    served = serve()
    response = served.send(b"<events><event/></events>")
    assert error(response) == (400, "malformed_json")
    assert b"in quarantine" in response.data
    assert [line["body"] for line in served.lines("quarantine")] == ["<events><event/></events>"]
    assert served.metric('touchline_events_total{producer="local",reason="malformed_json"') == 1


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        (b"", {}, (400, "empty_body")),
        (b" \n ", {}, (400, "empty_body")),
        (b"not gzip", {"Content-Encoding": "gzip"}, (400, "broken_gzip")),
        (gzip.compress(b"") * 1_001, {"Content-Encoding": "gzip"}, (400, "broken_gzip")),
        (gzip.compress(b"{}" * 999, mtime=0)[:-9], {"Content-Encoding": "gzip"}, (400, "broken_gzip")),
        (b"", {"Content-Encoding": "gzip"}, (400, "broken_gzip")),
        (b"not deflate", {"Content-Encoding": "deflate"}, (400, "broken_deflate")),
        (b"{}", {"Content-Encoding": "br"}, (415, "unsupported_encoding")),
        (b"x" * 3 * 1024 * 1024, {}, (413, "body_too_large")),
        (json.dumps([1] * 5001).encode(), {}, (413, "too_many_events")),
    ],
)
def test_an_unreadable_request_stores_nothing(
    serve: Serve, body: bytes, headers: dict[str, str], expected: tuple[int, str]
) -> None:
    """Each error has its status and code, and nothing is in the log."""
    served = serve()
    assert error(served.send(body, headers)) == expected
    assert served.log.end() == 0
    assert served.metric(f'touchline_requests_total{{status="{expected[0]}"}}') == 1


def test_five_thousand_events_are_accepted(serve: Serve) -> None:
    """A request may have as many events as the limit."""
    served = serve()
    assert statuses(served.send([1] * 5000)) == ["quarantined"] * 5000


def test_a_gzip_bomb_is_refused_at_the_limit(serve: Serve) -> None:
    """A small body that decompresses to 256 MB gets 413 when the limit is reached."""
    served = serve()
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    megabyte = bytes(1024 * 1024)
    bomb = b"".join([*(packer.compress(megabyte) for _ in range(256)), packer.flush()])
    assert len(bomb) < LIMIT
    began = time.process_time()
    assert error(served.send(bomb, {"Content-Encoding": "gzip"})) == (413, "body_too_large")
    assert time.process_time() - began < 1
    assert served.log.end() == 0


def test_a_body_of_unknown_length_is_cut_off_at_the_limit(serve: Serve) -> None:
    """A producer that never stops sending chunks gets 413 and is disconnected; the collector goes on."""
    served = serve()
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        connection.sendall(b"POST /v1/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        sent = 0
        try:
            while sent < 10 * LIMIT:
                connection.sendall(chunk)
                sent += len(chunk)
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = connection.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert sent < 10 * LIMIT, "the whole body was read"
    assert served.send([]).status == 200


def test_other_methods_are_refused(serve: Serve) -> None:
    """Only POST is allowed, and the response says so."""
    response = serve().send(b"", method="GET")
    assert error(response) == (405, "method_not_allowed")
    assert response.headers["Allow"] == "POST"


def test_an_unknown_path_gets_an_error(serve: Serve) -> None:
    """An unknown path gets an error of the same form."""
    served = serve()
    assert error(served.http.request("GET", f"{served.url}/v2/events")) == (404, "not_found")


def test_a_slow_body_times_out(serve: Serve, event: MakeEvent) -> None:
    """A body that does not arrive in time gets 408, and the connection is closed."""
    served = serve(limits=Limits(body_seconds=0.2))
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        connection.sendall(b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{")
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"too_slow" in answer


def test_a_producer_that_disconnects_leaves_nothing(serve: Serve, event: MakeEvent) -> None:
    """Half a body stores no event and holds no memory, and other requests are served."""
    served = serve(limits=Limits(memory_bytes=LIMIT))
    half = json.dumps([event() for _ in range(5000)]).encode()[: LIMIT // 2]
    for _ in range(4):
        with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
            connection.sendall(
                b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % LIMIT + half
            )
        wait_for(lambda: served.send([event()]).status == 200)
    assert {line["id"][:2] for line in served.lines("touchpoints")} == {"e-"}
    assert len(served.lines("touchpoints")) == 4
    whole = [event(id=f"w{number}") for number in range(5000)]
    assert served.send(gzip.compress(json.dumps(whole).encode()), {"Content-Encoding": "gzip"}).status == 200


def test_a_full_disk_gets_503_and_no_accepted_event_is_lost(serve: Serve, event: MakeEvent) -> None:
    """Every accepted event is in the log; a full log gets 503 with Retry-After until it has room again."""
    served = serve(max_bytes=300_000)
    answered: list[str] = []
    for _ in range(100):
        batch = [event(data={"cart_id": "7", "note": "x" * 5000}) for _ in range(5)]
        response = served.send(batch)
        if response.status != 200:
            break
        answered += [sent["id"] for sent in batch]
    assert error(response) == (503, "log_full")
    assert int(response.headers["Retry-After"]) >= 1
    assert answered
    assert [line["id"] for line in served.lines("touchpoints")] == answered
    served.log.commit(served.log.end())
    assert served.send(batch).status == 200


def test_waiting_requests_are_committed_together(serve: Serve, event: MakeEvent) -> None:
    """Requests that arrive while the disk is busy share one transaction; each gets its response after it."""
    gated: list[Gated] = []

    def through(log: Log) -> Log:
        gated.append(Gated(log))
        return gated[0]

    served = serve(through=through)
    with ThreadPoolExecutor(8) as producers:
        answers = [producers.submit(served.send, [event()])]
        wait_for(lambda: served.metric("touchline_waiting_bytes") > 0)
        size = served.metric("touchline_waiting_bytes")
        answers += [producers.submit(served.send, [event()]) for _ in range(7)]
        wait_for(lambda: served.metric("touchline_waiting_bytes") > 7.5 * size)
        assert not any(answer.done() for answer in answers)
        gated[0].gate.set()
        assert all(answer.result().status == 200 for answer in answers)
    assert sum(gated[0].appended) == 8
    assert len(gated[0].appended) <= 2


def test_a_blocked_log_gets_503_in_time(serve: Serve, event: MakeEvent) -> None:
    """A producer does not wait for a blocked disk; it gets 503 after `commit_seconds`."""
    gated: list[Gated] = []

    def through(log: Log) -> Log:
        gated.append(Gated(log))
        return gated[0]

    served = serve(through=through, limits=Limits(commit_seconds=0.1))
    try:
        response = served.send([event()])
    finally:
        gated[0].gate.set()
    assert error(response) == (503, "log_slow")


def test_memory_is_bounded_over_all_requests(serve: Serve, event: MakeEvent) -> None:
    """A body that does not fit the memory of all requests gets 503; other requests are served."""
    served = serve(limits=Limits(memory_bytes=10_000))
    assert error(served.send([event() for _ in range(100)])) == (503, "too_busy")
    assert served.send([event()]).status == 200


def test_a_producer_above_its_rate_gets_429(serve: Serve, event: MakeEvent) -> None:
    """A producer above its rate gets 429 with Retry-After; nothing of the request is stored."""
    served = serve(limits=Limits(events_per_second=10))
    assert served.send([event() for _ in range(50)]).status == 200
    response = served.send([event()])
    assert error(response) == (429, "too_many_events_per_second")
    assert 1 <= int(response.headers["Retry-After"]) <= 5
    assert len(served.lines("touchpoints")) == 50


def test_events_are_counted_by_result(serve: Serve, event: MakeEvent) -> None:
    """The metrics count every sent event, and the losses that the producer reports."""
    served = serve()
    valid = event()
    headers = {"Touchline-Lost": "queue_full=3, closed=1, What?=9, huge=99999999999"}
    served.send([valid, valid, event(type="?")], headers)
    name = "touchline_events_total"
    assert served.metric(f'{name}{{producer="local",reason="",result="stored"}}') == 1
    assert served.metric(f'{name}{{producer="local",reason="",result="duplicate"}}') == 1
    assert served.metric(f'{name}{{producer="local",reason="unknown_type",result="quarantined"}}') == 1
    assert served.metric(f'{name}{{producer="local",reason="queue_full",result="dropped"}}') == 3
    assert served.metric(f'{name}{{producer="local",reason="closed",result="dropped"}}') == 1
    assert served.metric(f'{name}{{producer="local",reason="huge"') == 0


def test_health_and_readiness(serve: Serve) -> None:
    """/healthz responds at once; /readyz says why the service is not ready."""
    why: list[str] = ["the store is migrating"]
    served = serve(ready=lambda: why[0] if why else None)
    assert served.http.request("GET", f"{served.url}/healthz").status == 200
    not_ready = served.http.request("GET", f"{served.url}/readyz")
    assert (not_ready.status, not_ready.json()["why"]) == (503, "the store is migrating")
    why.clear()
    assert served.http.request("GET", f"{served.url}/readyz").status == 200


def test_the_description_resolves(serve: Serve) -> None:
    """Every reference in /openapi.json resolves, and it has the endpoint and its errors."""
    served = serve()
    document = served.http.request("GET", f"{served.url}/openapi.json").json()
    responses = document["paths"]["/v1/events"]["post"]["responses"]
    assert {"200", "400", "401", "413", "429", "503"} <= set(responses)

    def references(part: Any) -> list[str]:
        if isinstance(part, list):
            return [found for item in part for found in references(item)]
        if isinstance(part, dict):
            own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
            return own + [found for item in part.values() for found in references(item)]
        return []

    assert references(document)
    for reference in references(document):
        target = document
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]


def test_requests_that_are_too_large_leave_nothing_behind(serve: Serve) -> None:
    """Their memory is free once they are answered, not only after a garbage collection."""
    served = serve()
    body = b"[" + b"{}," * 40_000 + b"{}]"
    assert served.send(body).status == 413
    gc.disable()
    tracemalloc.start()
    try:
        assert {served.send(body).status for _ in range(10)} == {413}
        assert tracemalloc.get_traced_memory()[0] < 4_000_000
    finally:
        tracemalloc.stop()
        gc.enable()
