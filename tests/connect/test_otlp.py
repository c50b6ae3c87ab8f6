"""Log records of OpenTelemetry as events: both encodings, names, customers, times, ids and responses."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)

from touchline.collector.acceptance import VOCABULARY, Acceptance, accept
from touchline.collector.dialects.dialect import Answer, Received, Refusal, Unsplittable
from touchline.collector.dialects.otlp import OTLP
from touchline.collector.dialects.otlp.answers import CODES

NOW = 1_796_000_000_000
AT = 1_795_987_140_123_456_789
JSON = "application/json"
PROTOBUF = "application/x-protobuf"
NO_QUERY: Mapping[str, str] = {}
Query = Mapping[str, str]
Record = dict[str, Any]


def value(given: Any) -> Record:
    """A value as OTLP's JSON has it."""
    match given:
        case str():
            return {"stringValue": given}
        case bool():
            return {"boolValue": given}
        case int():
            return {"intValue": str(given)}
        case float():
            return {"doubleValue": given}
        case list():
            return {"arrayValue": {"values": [value(each) for each in given]}}
        case dict():
            return {"kvlistValue": {"values": attributes(given)}}
    return {}


def attributes(given: dict[str, Any]) -> list[Record]:
    return [{"key": key, "value": value(each)} for key, each in given.items()]


def record(name: str | None = "checkout.started", body: Any = None, **fields: Any) -> Record:
    """A record of a customer; `about` gives more attributes."""
    about = {"user.id": "u-17", "cart.id": "77"} | fields.pop("about", {})
    made = {"timeUnixNano": str(AT), "attributes": attributes(about)} | fields
    if name is not None:
        made["eventName"] = name
    return made if body is None else made | {"body": value(body)}


def request(*records: Record, **resource: Any) -> Record:
    about = {name.replace("_", ".", 1): each for name, each in resource.items()}
    logs = {"scope": {"name": "shop.web"}, "logRecords": list(records)}
    return {"resourceLogs": [{"resource": {"attributes": attributes(about)}, "scopeLogs": [logs]}]}


def received(body: bytes, content_type: str = JSON, at: int = NOW, query: Query = NO_QUERY) -> Received:
    return Received(body, at, "local", "/v1/logs", query, {"content-type": content_type})


def accepted(content: Any, content_type: str = JSON, at: int = NOW, query: Query = NO_QUERY) -> Acceptance:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    validator = VOCABULARY._replace(may_reject=True)
    return accept(received(body, content_type, at, query), dialect=OTLP, validator=validator)


def events(content: Any, content_type: str = JSON, at: int = NOW, query: Query = NO_QUERY) -> list[Record]:
    """The events of a request, all of which are stored."""
    acceptance = accepted(content, content_type, at, query)
    assert acceptance.batch.quarantine == []
    return [json.loads(line) for line in acceptance.batch.touchpoints]


def protobuf(content: Record) -> bytes:
    return bytes(ParseDict(content, ExportLogsServiceRequest()).SerializeToString())


def test_a_named_record_becomes_an_event() -> None:
    """Type, time, source, identifiers and data are those of the record."""
    given = record(about={"value": 80.0, "items": 3}, severityText="INFO", traceId="0a" * 16, spanId="0b" * 8)
    (event,) = events(request(given, service_name="shop", service_version="2"))
    assert event["type"] == "checkout.started"
    assert event["time"] == AT // 1_000_000
    assert (event["source"], event["channel"]) == ("shop", "web")
    assert event["identifiers"] == ["account:u-17"]
    assert event["data"] == {"cart_id": "77", "value": 80.0, "items": 3}
    assert event["context"] == {
        "trace_id": "0a" * 16,
        "span_id": "0b" * 8,
        "scope": "shop.web",
        "severity": "INFO",
        "resource": {"service.name": "shop", "service.version": "2"},
    }


@pytest.mark.parametrize(
    "body", [None, "text", {"note": "a", "nested": {"b": [1, 2.5, True, "c"]}}, ["a"], {"cart.id": "other"}]
)
def test_protobuf_and_json_give_the_same_event(body: Any) -> None:
    """Values of every kind come through both encodings."""
    content = request(record(body=body, severityNumber=9), service_name="shop")
    assert events(protobuf(content), PROTOBUF) == events(content)


def test_a_name_may_be_an_attribute() -> None:
    """Earlier SDKs send the name as `event.name`; it is no longer in the data."""
    content = request(record(None, about={"event.name": "checkout.started"}))
    assert [event["type"] for event in events(content)] == ["checkout.started"]
    assert events(content) == events(protobuf(content), PROTOBUF)
    assert events(content)[0]["data"] == {"cart_id": "77"}


@pytest.mark.parametrize("content_type", [JSON, PROTOBUF])
def test_lines_of_a_log_are_counted_and_not_kept(content_type: str) -> None:
    """Records without a name are rejected in the response, and the events beside them are stored."""
    content = request(record(None, body="started"), record(), record(None), service_name="shop")
    body = protobuf(content) if content_type == PROTOBUF else json.dumps(content).encode()
    acceptance = accepted(body, content_type)
    assert [result.status for result in acceptance.results] == ["rejected", "stored", "rejected"]
    assert acceptance.batch.quarantine == []
    answer = OTLP.answer(received(body, content_type), acceptance.results)
    assert (answer.status, answer.media_type) == (200, content_type)
    rejected, message = partial_success(answer)
    assert rejected == 2
    assert "event name" in message


def partial_success(answer: Answer) -> tuple[int, str]:
    if answer.media_type == PROTOBUF:
        partial = ExportLogsServiceResponse.FromString(answer.body).partial_success
        return partial.rejected_log_records, partial.error_message
    found = json.loads(answer.body).get("partialSuccess", {})
    return int(found.get("rejectedLogRecords", 0)), found.get("errorMessage", "")


@pytest.mark.parametrize(("content_type", "empty"), [(JSON, b"{}"), (PROTOBUF, b"")])
def test_full_success_is_an_empty_response(content_type: str, empty: bytes) -> None:
    """It has the encoding of the request."""
    content = request(record())
    body = protobuf(content) if content_type == PROTOBUF else json.dumps(content).encode()
    answer = OTLP.answer(received(body, content_type), accepted(body, content_type).results)
    assert answer[:3] == (empty, 200, content_type)
    assert OTLP.answer(received(b"", content_type), [])[:3] == (empty, 200, content_type)


@pytest.mark.parametrize("content_type", [JSON, PROTOBUF])
@pytest.mark.parametrize("status", [*CODES, 418])
def test_errors_are_a_status_of_google_rpc(content_type: str, status: int) -> None:
    """Code and message are in the encoding of the request; exporters repeat 503, and not 408."""
    answer = OTLP.refuse(Refusal(status, "code", "what to do", {"content-type": content_type}))
    assert answer.status == (503 if status == 408 else status)
    assert answer.media_type == content_type
    code = CODES.get(status, 2)
    if content_type == JSON:
        assert json.loads(answer.body) == {"code": code, "message": "what to do"}
    else:
        assert answer.body == bytes([8, code, 18, 10]) + b"what to do"


def test_a_request_sent_again_has_the_same_ids() -> None:
    """There are no ids in OpenTelemetry: the content is the identity."""
    content = request(record(), record("page.viewed", about={"page": "/"}), service_name="shop")
    first, again = events(content), events(content, at=NOW + 5_000)
    assert [event["id"] for event in first] == [event["id"] for event in again]
    assert first[0]["id"] != first[1]["id"]


def test_equal_records_of_one_request_are_different_events() -> None:
    """Two equal clicks in one batch are two, also if the batch comes again."""
    content = request(record(), record(), record())
    ids = [event["id"] for event in events(content)]
    assert len(set(ids)) == 3
    assert ids == [event["id"] for event in events(content)]


@pytest.mark.parametrize(
    "changes", [{"timeUnixNano": str(AT + 1)}, {"traceId": "00" * 15 + "01"}, {"about": {"value": 1.0}}]
)
def test_records_that_differ_have_different_ids(changes: Record) -> None:
    """A nanosecond, a trace or a value makes another event."""
    (one,), (other,) = events(request(record())), events(request(record(**changes)))
    assert one["id"] != other["id"]


def test_the_observed_time_stands_in_for_a_missing_time() -> None:
    """Without both, it is the time of receipt; then equal content at another time is another event."""
    for missing in ("0", 0, None):
        observed = record(timeUnixNano=missing, observedTimeUnixNano=str(AT))
        assert events(request(observed))[0]["time"] == AT // 1_000_000
    both = record(observedTimeUnixNano=str(AT + 10**9))
    assert events(request(both))[0]["time"] == AT // 1_000_000
    timeless = request(record(timeUnixNano="0"))
    (first,), (later,) = events(timeless), events(timeless, at=NOW + 1)
    assert (first["time"], later["time"]) == (NOW, NOW + 1)
    assert first["id"] != later["id"]


@pytest.mark.parametrize(
    ("about", "identifiers"),
    [
        ({"user.id": "u", "user.email": "A@b.example"}, ["account:u", "email:a@b.example"]),
        ({"enduser.id": 17}, ["account:17"]),
        ({"app.installation.id": "i", "device.id": "d"}, ["device:i"]),
        ({"enduser.pseudo.id": "p"}, ["pseudonym:p"]),
        (
            {"identifiers.loyalty": "l", "identifiers.email": ["a@b.example"]},
            ["loyalty:l", "email:a@b.example"],
        ),
        ({"session.id": "s"}, ["session:s"]),
        ({"order.id": "o"}, ["order:o"]),
    ],
)
def test_the_customer_is_found(about: Record, identifiers: list[str]) -> None:
    """Attributes of the record or of the resource name the customer; the session stands in for nobody."""
    plain = {"timeUnixNano": str(AT), "eventName": "thing.done"}
    assert events(request(plain | {"attributes": attributes(about)}))[0]["identifiers"] == identifiers
    content = request(plain | {"attributes": attributes(about)})
    content["resourceLogs"][0]["resource"]["attributes"] += attributes({"user.id": "of the resource"})
    if "account" not in identifiers[0]:
        assert events(content)[0]["identifiers"][0] == "account:of the resource"


def test_identifiers_are_stored_as_identifiers_only() -> None:
    """Those of the resource are not in the context: rules of privacy for identifiers hold for all of it."""
    content = request(record("thing.done", about={"user.email": "a@b.example", "session.id": "s"}))
    content["resourceLogs"][0]["resource"]["attributes"] = attributes({"enduser.id": "e", "device.id": "d"})
    (event,) = events(content)
    assert event["identifiers"] == ["account:u-17", "email:a@b.example", "device:d"]
    assert event["data"] == {"cart_id": "77"}
    assert event["context"].keys() == {"name", "session_id", "scope"}
    content["resourceLogs"][0]["resource"]["attributes"] = attributes({"session.id": "of the resource"})
    assert events(content)[0]["context"]["session_id"] == "s"
    content["resourceLogs"][0]["scopeLogs"][0]["logRecords"] = [record()]
    assert events(content)[0]["context"]["session_id"] == "of the resource"


def test_consent_is_an_attribute_by_purpose() -> None:
    """Privacy rules read it in the context; the record comes before the resource."""
    content = request(record(about={"consent.analytics": True}), consent_analytics=False)
    assert events(content)[0]["context"]["consent"] == {"analytics": True}


def test_an_event_without_a_customer_is_quarantined_and_counted() -> None:
    """The entry in quarantine has the whole record."""
    given = record("thing.done", body={"note": "a"}) | {"attributes": attributes({"colour": "red"})}
    acceptance = accepted(request(given, service_name="shop"))
    entry = json.loads(acceptance.batch.quarantine[0])
    assert entry["reason"] == "no_identifier"
    original = json.loads(entry["body"])
    assert original["name"] == "thing.done"
    assert original["attributes"] == {"colour": "red"}
    assert original["resource"] == {"service.name": "shop"}
    rejected, message = partial_success(OTLP.answer(received(b"{}"), acceptance.results))
    assert rejected == 1
    assert "quarantined" in message


@pytest.mark.parametrize(
    ("name", "about", "event_type", "data"),
    [
        (
            "app.widget.click",
            {"app.widget.id": "w", "app.widget.name": "submit", "app.screen.name": "Cart"},
            "element.clicked",
            {"element": "submit", "page": "Cart", "app_widget_id": "w"},
        ),
        (
            "browser.user_action.click",
            {"browser.xpath": "//*[@id='pay']", "browser.tag_name": "BUTTON"},
            "element.clicked",
            {"element": "//*[@id='pay']", "browser_tag_name": "BUTTON"},
        ),
        (
            "browser.navigation",
            {"url.full": "https://shop.example/cart?x=1", "browser.navigation.type": "push"},
            "page.viewed",
            {"page": "/cart", "url": "https://shop.example/cart?x=1", "browser_navigation_type": "push"},
        ),
        (
            "browser.navigation",
            {"url.full": "https://["},
            "custom.browser_navigation",
            {"url_full": "https://["},
        ),
        (
            "app.screen.click",
            {"app.screen.name": "Cart"},
            "custom.app_screen_click",
            {"app_screen_name": "Cart"},
        ),
        ("exception", {"exception.type": "KeyError"}, "custom.exception", {"exception_type": "KeyError"}),
        ("session.start", {}, "custom.session_start", {}),
        (
            "browser.page_view",
            {"url.full": "https://shop.example", "browser.document.title": "Shop"},
            "page.viewed",
            {"page": "/", "url": "https://shop.example", "title": "Shop"},
        ),
        ("com.example.order.placed", {"order.id": "7"}, "order.placed", {"order_id": "7"}),
        ("order.placed", {}, "custom.order_placed", {}),
    ],
)
def test_the_name_decides_the_type(name: str, about: Record, event_type: str, data: Record) -> None:
    """Events of the semantic conventions and of the vocabulary have its types if their data fits."""
    (event,) = events(request(record(name, about=about)))
    assert (event["type"], event["context"].get("name", name)) == (event_type, name)
    assert event["data"] == data | {"cart_id": "77"}


def test_a_body_is_data_too() -> None:
    """Fields of the body are beside the attributes; any other body, and one that clashes, is whole."""
    bodies: list[Any] = [{"note": "a"}, "text", ["a"], {"cart.id": "other"}]
    found = [events(request(record("thing.done", body=body)))[0]["data"] for body in bodies]
    assert found[0] == {"cart_id": "77", "note": "a"}
    assert found[1:] == [{"cart_id": "77", "body": body} for body in bodies[1:]]


def test_names_that_would_clash_stay_as_they_are() -> None:
    """With `a.b` and `a_b`, dots are not replaced, and no value is lost."""
    about = {"a.b": 1, "a_b": 2}
    assert events(request(record("thing.done", about=about)))[0]["data"] == about | {"cart.id": "77"}


@pytest.mark.parametrize(
    ("resource", "query", "channel"),
    [
        ({}, {}, "web"),
        ({"browser.language": "de"}, {}, "web"),
        ({"os.name": "Android"}, {}, "app"),
        ({"os.name": "Android", "browser.mobile": True}, {}, "web"),
        ({"device.model.name": "X"}, {}, "app"),
        ({"os.name": "iOS"}, {"channel": "store"}, "store"),
        ({"channel": "kiosk"}, {"channel": "store"}, "kiosk"),
        ({"channel": "wholesale"}, {"channel": "wholesale"}, "web"),
    ],
)
def test_the_channel(resource: Record, query: dict[str, str], channel: str) -> None:
    """The attribute comes first, then the address, then what the resource is."""
    content = request(record())
    content["resourceLogs"][0]["resource"]["attributes"] = attributes(resource)
    assert events(content, query=query)[0]["channel"] == channel


@pytest.mark.parametrize("service", [{}, {"service_name": ""}, {"service_name": "unknown_service:node"}])
def test_a_service_without_a_name_is_known_by_its_key(service: Record) -> None:
    """SDKs call a service without a name `unknown_service`."""
    assert events(request(record(), **service))[0]["source"] == "local"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"intValue": 2}, 2),
        ({"intValue": "-9223372036854775808"}, -(2**63)),
        ({"doubleValue": "NaN"}, "nan"),
        ({"doubleValue": 3}, 3.0),
        ({"boolValue": False}, False),
        ({"bytesValue": "AP8="}, "AP8="),
        ({"arrayValue": {}}, []),
        ({"kvlistValue": {}}, {}),
        ({"stringValue": ""}, ""),
        ({"stringValue": None}, None),
        ({}, None),
    ],
)
def test_values_as_clients_write_them(given: Record, expected: Any) -> None:
    """Integers are numbers or text, and fields may be missing or null."""
    content = request(record("thing.done"))
    content["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["attributes"].append(
        {"key": "x", "value": given}
    )
    assert events(content)[0]["data"]["x"] == expected
    if given != {"stringValue": None}:
        assert events(protobuf(content), PROTOBUF)[0]["data"]["x"] == expected


@pytest.mark.parametrize(
    "broken",
    [
        {"timeUnixNano": "yesterday"},
        {"timeUnixNano": str(2**64)},
        {"timeUnixNano": -1},
        {"attributes": [{"key": "x", "value": {"intValue": "one"}}]},
        {"attributes": [{"key": "x", "value": {"doubleValue": "one"}}]},
        {"attributes": 5},
        {"eventName": 5},
    ],
)
def test_a_record_that_cannot_be_read_does_not_affect_the_others(broken: Record) -> None:
    """It is quarantined as it came."""
    bad = record() | broken
    acceptance = accepted(request(record(), bad, record()))
    assert [result.status for result in acceptance.results] == ["stored", "quarantined", "stored"]
    assert json.loads(json.loads(acceptance.batch.quarantine[0])["body"]) == bad


@pytest.mark.parametrize(
    ("body", "content_type"),
    [(b"", JSON), (b"[]", JSON), (b"{", JSON), (b'{"resourceLogs": 5}', JSON), (b"\xff\xff", PROTOBUF)],
)
def test_what_is_no_request_is_refused(body: bytes, content_type: str) -> None:
    """The message says what to send."""
    with pytest.raises(Unsplittable, match=r"send|Send"):
        OTLP.translate(received(body, content_type))


def test_an_empty_request_is_fine() -> None:
    """It has no events."""
    for content, content_type in (({}, JSON), ({"resourceLogs": [{}]}, JSON), (b"", PROTOBUF)):
        acceptance = accepted(content, content_type)
        assert (acceptance.readable, acceptance.results) == (True, [])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
plain_values = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from(
    ["user.id", "session.id", "event.name", "channel", "identifiers.x", "a.b", "a_b", "url"]
)
near_misses = st.fixed_dictionaries(
    {"eventName": st.sampled_from(["order.placed", "app.widget.click", "browser.navigation", "x", ""])},
    optional={
        "timeUnixNano": st.just(str(AT)) | json_values,
        "attributes": st.dictionaries(keys, plain_values).map(attributes) | json_values,
        "body": plain_values.map(value) | json_values,
        "traceId": json_values,
    },
)


@settings(max_examples=max(100, settings().max_examples // 5))
@given(json_values | st.lists(near_misses, max_size=3).map(lambda records: request(*records)))
def test_any_json_has_results(content: Any) -> None:
    """No JSON value makes the dialect fail: each event is stored, rejected or quarantined."""
    acceptance = accepted(content)
    OTLP.answer(received(b""), acceptance.results)


@given(st.binary(max_size=80), st.sampled_from([JSON, PROTOBUF, ""]))
def test_any_bytes_have_results(body: bytes, content_type: str) -> None:
    """The body is read, or refused as a whole."""
    accepted(body, content_type)


@settings(max_examples=max(100, settings().max_examples // 5))
@given(st.dictionaries(st.text(max_size=8) | keys, plain_values, max_size=5), plain_values)
def test_the_encodings_agree_on_any_values(about: Record, body: Any) -> None:
    """The same request in protobuf and in JSON gives the same results and ids."""
    content = request(record("thing.done", body=body, about=about))
    one, two = accepted(content), accepted(protobuf(content), PROTOBUF)
    assert one.batch.touchpoints == two.batch.touchpoints
    assert [result.reason for result in one.results] == [result.reason for result in two.results]


@pytest.mark.parametrize("depth", [200, 100_000])
def test_deep_nesting_is_quarantined(depth: int) -> None:
    """A value that is nested too deeply to be stored does not affect other records."""
    deep = '{"arrayValue": {"values": [' * depth + "{}" + "]}}" * depth
    body = json.dumps(request(record(), record(body="deep"))).replace('{"stringValue": "deep"}', deep)
    acceptance = accepted(body.encode())
    assert "quarantined" in [result.status for result in acceptance.results]
    assert acceptance.readable is False or acceptance.results[0].status == "stored"
