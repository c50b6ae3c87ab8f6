"""CloudEvents as native events: the modes, names, customers and times; and what cannot be read."""

import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchline.collector.acceptance import VOCABULARY, Acceptance, accept
from touchline.collector.dialects.cloudevents import CLOUDEVENTS
from touchline.collector.dialects.cloudevents.binary import header_text
from touchline.collector.dialects.dialect import Received, Unsplittable
from touchline.collector.results import Result, Status
from touchline.vocabulary.envelope import Channel

NOW = 1_796_000_000_000
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
TIME = "2026-11-29T21:19:00Z"
EVENT = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "https://shop.example",
    "type": "checkout.started",
    "time": TIME,
    "account": "u-17",
    "data": {"cart_id": "77", "value": 80.0, "currency": "EUR"},
}
HEADERS = {
    "ce-specversion": "1.0",
    "ce-id": "e-1",
    "ce-source": "https://shop.example",
    "ce-type": "checkout.started",
    "ce-account": "u-17",
}


def received(body: Any, headers: dict[str, str] | None = None, **query: str) -> Received:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"content-type": STRUCTURED} if headers is None else headers
    return Received(content, NOW, "local", "/v1/cloudevents", query, headers)


def accepted(body: Any, headers: dict[str, str] | None = None, **query: str) -> Acceptance:
    return accept(received(body, headers, **query), dialect=CLOUDEVENTS, validator=VOCABULARY)


def stored(acceptance: Acceptance) -> dict[str, Any]:
    """The one event of a request."""
    assert acceptance.batch.quarantine == []
    (line,) = acceptance.batch.touchpoints
    event: dict[str, Any] = json.loads(line)
    return event


def quarantined(acceptance: Acceptance) -> tuple[str, str]:
    """The reason and the field of the one event of a request."""
    (line,) = acceptance.batch.quarantine
    entry = json.loads(line)
    return entry["reason"], entry["field"]


def event(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in (EVENT | changes).items() if value is not None}


def test_a_structured_event_becomes_a_native_one() -> None:
    """Type, time, source, channel, identifiers and data are those of the CloudEvent."""
    found = stored(accepted(EVENT, {"content-type": f"{STRUCTURED}; charset=UTF-8"}))
    assert found["type"] == "checkout.started"
    assert found["time"] == 1_795_987_140_000
    assert (found["source"], found["channel"]) == ("https://shop.example", "web")
    assert found["identifiers"] == ["account:u-17"]
    assert found["data"] == EVENT["data"]
    assert found["context"] == {"cloudevent": {"id": "e-1"}}


def test_the_modes_give_the_same_event() -> None:
    """The same CloudEvent has the same id and content in binary, structured and batched mode."""
    binary = HEADERS | {"ce-time": TIME, "content-type": "application/json"}
    one = stored(accepted(EVENT["data"], binary))
    two = stored(accepted(EVENT))
    (three,) = map(json.loads, accepted([EVENT], {"content-type": BATCH}).batch.touchpoints)
    assert two == three
    assert one["context"].pop("cloudevent") == {"id": "e-1", "datacontenttype": "application/json"}
    assert two["context"].pop("cloudevent") == {"id": "e-1"}
    assert one == two


def test_source_and_id_together_are_the_identity() -> None:
    """Equal ids of two sources are two events; a repeated event has the same id."""
    ids = [
        stored(accepted(event(source=source, id=event_id, time=None)))["id"]
        for source, event_id in [("a", "1"), ("b", "1"), ("a", "2"), ("a", "1")]
    ]
    assert ids[0] == ids[3]
    assert len(set(ids)) == 3


def test_an_invalid_event_of_a_batch_does_not_affect_the_others() -> None:
    """Elements that are no CloudEvent go to quarantine, each by itself."""
    batch = [event(id="1"), 5, event(id="2", specversion="0.3"), event(id="3", type=""), event(id="4")]
    acceptance = accepted(batch, {"content-type": BATCH})
    assert [result.status for result in acceptance.results] == [
        "stored",
        "quarantined",
        "quarantined",
        "quarantined",
        "stored",
    ]
    assert [json.loads(json.loads(line)["body"]) for line in acceptance.batch.quarantine] == batch[1:4]


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("page.viewed", {"page": "/"}, "page.viewed"),
        ("com.example.shop.page.viewed", {"page": "/"}, "page.viewed"),
        ("com.example.page.viewed.v2", {"page": "/"}, "page.viewed"),
        ("com.example.page.viewed", {}, "custom.com_example_page_viewed"),
        ("com.example.QuizFinished", {}, "custom.com_example_quiz_finished"),
        ("custom.quiz_finished", {}, "custom.quiz_finished"),
        ("order.placed", {"orderId": "7"}, "order.placed"),
        ("order.placed", {"order_id": 7}, "order.placed"),
        ("order.placed", {"order": 7}, "custom.order_placed"),
        ("viewed", {}, "custom.viewed"),
    ],
)
def test_the_name_decides_the_type(name: str, data: dict[str, Any], expected: str) -> None:
    """A name of the vocabulary, also after a prefix, is that type if the data fits; else it is custom."""
    found = stored(accepted(event(type=name, data=data)))
    assert found["type"] == expected
    assert found["context"].get("name", expected) == name


def test_ids_in_other_spellings_are_those_of_the_vocabulary() -> None:
    """`orderId` and numbers as ids become the vocabulary's `order_id` as text."""
    data = {"orderId": 1001, "cartId": "c", "total": 5}
    found = stored(accepted(event(type="order.placed", data=data)))
    assert found["data"] == {"order_id": "1001", "cart_id": "c", "total": 5}


def test_data_that_does_not_fit_says_why() -> None:
    """The context of the custom event names the field that the type would need."""
    found = stored(accepted(event(data={"value": 80.0})))
    assert found["type"] == "custom.checkout_started"
    assert found["context"]["vocabulary_violation"] == "data.cart_id"


@pytest.mark.parametrize(
    ("changes", "identifiers"),
    [
        ({"data": {"identifiers": {"account": 17, "loyalty": ["a", "b"]}}}, ["17", "a", "b"]),
        ({"data": {"identifiers": {"account": "u-1", "email": None, "Phone": "1", "loyalty": {}}}}, ["u-1"]),
        ({"userid": "u-1", "deviceid": "d-1"}, ["u-1", "d-1"]),
        ({"userid": "null", "data": {"customer_id": "", "user_id": 0, "customer": "u-1"}}, ["u-1"]),
        ({"data": {"customerId": "u-1", "email": "A@b.example"}}, ["u-1", "a@b.example"]),
        ({"data": {"customer": "u-1"}}, ["u-1"]),
        ({"data": {"user": {"id": 5, "phone": "+493012345678", "age": 7}}}, ["5", "+493012345678"]),
        ({"subject": "customers/u-1/orders/9"}, ["u-1"]),
        ({"subject": "email:a@b.example"}, ["a@b.example"]),
        ({"subject": "carts/77"}, ["77"]),
        ({"sessionid": "s-1"}, ["s-1"]),
        ({"data": {"orderId": 9}}, ["9"]),
    ],
)
def test_the_customer_is_found(changes: dict[str, Any], identifiers: list[str]) -> None:
    """Identifiers come from the data, the extensions and the subject. Placeholders stay where they are."""
    found = stored(accepted(event(**{"account": None, "type": "thing.done", "data": {}} | changes)))
    assert [identifier.partition(":")[2] for identifier in found["identifiers"]] == identifiers
    assert not {"customerId", "email"} & found["data"].keys()


def test_identifiers_are_stored_as_identifiers_only() -> None:
    """What names the customer is not in the context: rules of privacy for identifiers hold for all of it."""
    for subject, rest in [
        ("users/u-17", {}),
        ("email:a@b.example", {}),
        ("users/u-17/reviews/5", {"subject": "reviews/5"}),
        ("/shop/users/u-17/x", {"subject": "/shop/x"}),
        ("invoice/5", {"subject": "invoice/5"}),
        ("users/", {"subject": "users/"}),
        ("users", {"subject": "users"}),
        ("/" * 2_000 + "users/u-17", {"subject": "/" * 2_000 + "users/u-17"}),
    ]:
        found = stored(accepted(event(subject=subject)))
        assert found["context"]["cloudevent"] == {"id": "e-1"} | rest


def test_consent_is_in_the_data() -> None:
    """Privacy rules read it in the context."""
    found = stored(accepted(event(type="thing.done", data={"consent": {"analytics": True}, "a": 1})))
    assert (found["context"]["consent"], found["data"]) == ({"analytics": True}, {"a": 1})


def test_the_first_place_that_names_a_kind_counts() -> None:
    """`identifiers` in the data comes before extensions, these before fields, these before the subject."""
    data = {"identifiers": {"account": "a"}, "customer_id": "c", "email": "e@b.example"}
    found = stored(accepted(event(account="b", subject="users/d", type="thing.done", data=data)))
    assert found["identifiers"] == ["account:a", "email:e@b.example"]
    assert found["data"] == {"customer_id": "c"}


def test_what_is_no_identifier_stays_in_the_data() -> None:
    """An `identifiers` of other values is data like any other."""
    for other in ({"email": None, "x y": "1"}, ["a"], "text"):
        found = stored(accepted(event(type="thing.done", data={"identifiers": other})))
        assert found["data"] == {"identifiers": other}
    assert stored(accepted(event(type="thing.done", data={"identifiers": {"account": "v"}})))["data"] == {}


def test_an_event_without_a_customer_is_quarantined() -> None:
    """The reason is that no identifier was found."""
    assert quarantined(accepted(event(account=None, type="thing.done", data={}))) == (
        "no_identifier",
        "identifiers",
    )


@pytest.mark.parametrize("channel", [channel.value for channel in Channel])
def test_the_channel_is_an_extension_or_in_the_address(channel: str) -> None:
    """The extension comes before the address; what is no channel is no answer."""
    assert stored(accepted(event(channel=channel), app="x"))["channel"] == channel
    assert stored(accepted(event(channel="wholesale"), channel=channel))["channel"] == channel
    assert stored(accepted(event(), channel="wholesale"))["channel"] == "web"


def test_an_event_without_time_happened_when_it_was_received() -> None:
    """CloudEvents may have no time."""
    assert stored(accepted(event(time=None)))["time"] == NOW


@pytest.mark.parametrize("time", ["2026-11-29T21:19:00.123456789Z", "2026-11-29t22:19:00.123+01:00"])
def test_times_have_any_precision_and_zone(time: str) -> None:
    """Go sends up to nine digits of a second."""
    assert stored(accepted(event(time=time)))["time"] == 1_795_987_140_123


@pytest.mark.parametrize("time", ["yesterday", 5, "2026-11-29T21:19:00"])
def test_what_is_no_time_is_quarantined(time: Any) -> None:
    """The field is named."""
    assert quarantined(accepted(event(time=time))) == ("invalid_envelope", "time")


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("plain", "plain"),
        ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
        ('a b "é%'.encode().decode("latin-1"), 'a b "é%'),
        ("caf\xe9 100%", "café 100%"),
        ("100%E9", "100%E9"),
        (r'"a \"quoted\" %25"', 'a "quoted" %'),
        ('"', '"'),
        ("%4", "%4"),
    ],
)
def test_headers_are_decoded(header: str, text: str) -> None:
    """Percent-encoded as specified, or raw as clients send it: UTF-8 or Latin-1."""
    assert header_text(header) == text


@given(st.text())
def test_a_header_as_specified_is_decoded_to_what_it_was(text: str) -> None:
    """Percent-encoding of everything but printable ASCII, and of `"` and `%`, is undone."""
    plain = {chr(code) for code in range(0x21, 0x7F)} - {'"', "%"}
    encoded = "".join(
        one if one in plain else "".join(f"%{byte:02X}" for byte in one.encode()) for one in text
    )
    assert header_text(encoded) == text


@pytest.mark.parametrize(
    ("content_type", "body", "data"),
    [
        ("application/json", b'{"a": 1}', {"a": 1}),
        ("application/vnd.shop+json; charset=utf-8", b"[1]", {"data": [1]}),
        ('application/json; charset="ISO-8859-1"', '"é"'.encode("latin-1"), {"data": "é"}),
        ("text/plain", b"5", {"data": "5"}),
        ("text/plain; charset=utf-16", "é".encode("utf-16"), {"data": "é"}),
        ("application/xml", "<é/>".encode(), {"data": "<é/>"}),
        ("text/plain; charset=klingon", b"a", {"data_base64": "YQ=="}),
        ("application/octet-stream", b"\x00\xff", {"data_base64": "AP8="}),
        ("", b'{"a": 1}', {"a": 1}),
        ("", b"words", {"data": "words"}),
        ("", b"\xff", {"data_base64": "/w=="}),
        ("application/json", b"", {}),
    ],
)
def test_data_of_any_type_is_kept(content_type: str, body: bytes, data: dict[str, Any]) -> None:
    """What is no JSON object is in `data.data` or `data.data_base64`; in structured mode, too."""
    headers = HEADERS | {"ce-type": "thing.done"} | ({"content-type": content_type} if content_type else {})
    assert stored(accepted(body, headers))["data"] == data
    if body and "charset" not in content_type:
        encoded = b64encode(body).decode()
        given = event(type="thing.done", data=None, data_base64=encoded, datacontenttype=content_type or None)
        assert stored(accepted(given))["data"] in (data, {"data_base64": encoded})


def test_a_body_that_is_not_the_json_that_it_says_is_quarantined_whole() -> None:
    """Binary mode: the entry has the attributes and the body."""
    acceptance = accepted(b'{"cut', HEADERS | {"content-type": "application/json"})
    assert quarantined(acceptance) == ("malformed_json", "data")
    original = json.loads(json.loads(acceptance.batch.quarantine[0])["body"])
    assert (original["id"], original["data"]) == ("e-1", '{"cut')


@pytest.mark.parametrize("encoded", ["AP8=!", "AP8", 5, ["AP8="]])
def test_what_is_no_base64_is_quarantined(encoded: Any) -> None:
    """The field is named."""
    given = event(data=None, data_base64=encoded)
    assert quarantined(accepted(given)) == ("invalid_envelope", "data_base64")


@pytest.mark.parametrize(
    ("status", "code"),
    [("stored", 204), ("duplicate", 204), ("suppressed", 204), ("quarantined", 200), ("rejected", 200)],
)
def test_there_is_a_body_only_if_something_is_wrong(status: Status, code: int) -> None:
    """What privacy rules suppress is delivered, as far as the producer is concerned."""
    answer = CLOUDEVENTS.answer(received(b""), [Result("1", "stored", None), Result("2", status, None)])
    assert (answer.status, bool(answer.body)) == (code, code == 200)


def test_ids_of_the_data_come_before_those_of_the_subject() -> None:
    """In either spelling."""
    for data in ({"order_id": "5"}, {"orderId": "5"}):
        found = stored(accepted(event(type="order.placed", subject="orders/9", data=data)))
        assert found["data"] == {"order_id": "5"}


def test_a_trace_and_other_extensions_are_circumstances() -> None:
    """The trace id is in the context; attributes without a counterpart are in `context.cloudevent`."""
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    found = stored(accepted(event(traceparent=trace, partitionkey="p", dataschema="urn:x", subject="s")))
    assert found["context"]["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    assert found["context"]["cloudevent"] == {
        "id": "e-1",
        "traceparent": trace,
        "partitionkey": "p",
        "dataschema": "urn:x",
        "subject": "s",
    }


def test_a_long_source_is_cut_and_kept() -> None:
    """The source has 128 characters at most; the whole one is in the context."""
    source = "https://shop.example/" + "x" * 200
    found = stored(accepted(event(source=source)))
    assert found["source"] == source[:128]
    assert found["context"]["cloudevent"]["source"] == source


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"not json", {"content-type": STRUCTURED}),
        (b"", {"content-type": STRUCTURED}),
        (b"\x0a\x03", {"content-type": "application/cloudevents+protobuf"}),
        (b"a=b", {"content-type": "application/x-www-form-urlencoded"}),
        (b"", {}),
        ("{}".encode("utf-16"), {"content-type": f"{STRUCTURED}; charset=klingon"}),
        (b"\xff\xff\xff", {"content-type": f"{STRUCTURED}; charset=utf-16"}),
    ],
)
def test_what_is_no_cloudevent_is_refused(body: bytes, headers: dict[str, str]) -> None:
    """The message says what to send."""
    with pytest.raises(Unsplittable, match=r"send|Send"):
        CLOUDEVENTS.translate(received(body, headers))


def test_a_json_body_without_attributes_in_headers_is_structured() -> None:
    """A client that sends plain `application/json` is understood."""
    assert stored(accepted(EVENT, {"content-type": "application/json"}))["type"] == "checkout.started"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from(
    [
        *("specversion", "id", "source", "type", "time", "subject", "data", "data_base64", "datacontenttype"),
        *("account", "email", "channel", "sessionid", "traceparent", "customer", "identifiers"),
    ]
)
values = (
    st.sampled_from(["1.0", "checkout.started", "order.placed", "application/json", "users/1"]) | json_values
)
near_misses = st.dictionaries(names, values)


@settings(max_examples=max(100, settings().max_examples // 5))
@given(near_misses | json_values, st.sampled_from([STRUCTURED, BATCH, "", "application/json"]))
def test_any_json_has_results(body: Any, content_type: str) -> None:
    """No JSON value makes the dialect fail: each event is stored or quarantined."""
    acceptance = accepted(body, {"content-type": content_type})
    assert acceptance.readable or not isinstance(body, dict | list)
    CLOUDEVENTS.answer(received(body), acceptance.results)


@settings(max_examples=max(100, settings().max_examples // 5))
@given(
    st.binary(max_size=60),
    st.dictionaries(
        st.sampled_from([*HEADERS, "ce-time", "ce-subject", "ce-channel", "content-type"]),
        st.text(st.characters(max_codepoint=255), max_size=20) | st.sampled_from(["1.0", "application/json"]),
    ),
)
def test_any_bytes_and_headers_have_results(body: bytes, headers: dict[str, str]) -> None:
    """Whatever the body and the headers, each event is stored or quarantined, or the body is as a whole."""
    assert accepted(body, headers).results or not body.strip(b"[] \n")


@pytest.mark.parametrize("depth", [200, 600, 100_000])
def test_deep_nesting_is_quarantined(depth: int) -> None:
    """Values that are nested too deeply to be stored do no harm."""
    deep = b"[" * depth + b"]" * depth
    structured = (
        b'{"specversion": "1.0", "id": "1", "source": "s", "type": "t", "account": "u", "data": %b}' % deep
    )
    for body, headers in (
        (structured, {"content-type": STRUCTURED}),
        (deep, HEADERS | {"content-type": "application/json"}),
    ):
        assert [result.status for result in accepted(body, headers).results] == ["quarantined"]
