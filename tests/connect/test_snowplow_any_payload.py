"""What can and what cannot be read of the payloads of Snowplow's trackers; whatever comes, nothing raises."""

import json

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.connect.snowplow_payloads import BASE, NOW, OWN, SHOP, Json, packed, received, schema, stored
from touchline.collector.acceptance import accept
from touchline.collector.dialects.dialect import Dialect, Received, Unsplittable
from touchline.collector.dialects.snowplow import PIXEL, TRACKER
from touchline.collector.dialects.snowplow.counterparts import CLASSIC, ECOMMERCE, SELF_DESCRIBING
from touchline.vocabulary.validation import InvalidEvent

FEWER = settings(max_examples=max(100, settings().max_examples // 5))
"""A case costs more here than elsewhere."""


@pytest.mark.parametrize("padded", [True, False])
def test_base64_may_be_padded(padded: bool) -> None:
    """Trackers for Python pad, others do not; the characters `-` and `_` are used."""
    event = {"schema": schema("com.acme", "said"), "data": {"text": "¿¿¿>>>ÿÿÿ?"}}
    fields = {
        "e": "ue",
        "ue_px": packed({"schema": schema(OWN, "unstruct_event"), "data": event}, padded=padded),
    }
    assert stored(fields)["data"] == {"text": "¿¿¿>>>ÿÿÿ?"}


def test_plain_json_is_read_too() -> None:
    """Some trackers send `ue_pr` and `co` as text."""
    event = {"schema": schema("com.acme", "said"), "data": {"a": 1}}
    fields = {
        "e": "ue",
        "ue_pr": json.dumps({"schema": schema(OWN, "unstruct_event"), "data": event}),
        "co": json.dumps({"data": [{"schema": schema(SHOP, "user"), "data": {"id": "u-1"}}]}),
    }
    found = stored(fields)
    assert (found["data"], found["identifiers"]) == ({"a": 1}, ["account:u-1", "device:d-1"])


INVALID: list[tuple[object, str]] = [
    (7, ""),
    ([], ""),
    (None, ""),
    ({}, "e"),
    ({"e": ""}, "e"),
    ({"e": "pv", "dtm": "yesterday"}, "dtm"),
    ({"e": "pv", "dtm": "9" * 30}, "dtm"),
    ({"e": "pv", "ttm": "-1"}, "ttm"),
    ({"e": "ue"}, "ue_px"),
    ({"e": "ue", "ue_px": "%%%"}, "ue_px"),
    ({"e": "ue", "ue_px": packed({"data": 1})}, "ue_px"),
    ({"e": "ue", "ue_pr": "{"}, "ue_pr"),
    ({"e": "pv", "cx": "e"}, "cx"),
    ({"e": "pv", "co": "[" * 100_000}, "co"),
]


@pytest.mark.parametrize(("event", "field"), INVALID)
def test_an_event_that_cannot_be_read_names_the_field(event: object, field: str) -> None:
    """It goes to quarantine as it came."""
    ((original, invalid),) = TRACKER.translate(received(event))
    assert isinstance(invalid, InvalidEvent)
    assert invalid.field == field
    assert json.loads(original) == event


def test_half_an_emoji_does_not_cost_a_request() -> None:
    """Scripts that cut titles send it, and strict parsers refuse the whole body; NaN becomes null."""
    title = r'"page": "Shoes \ud83d", '
    body = (
        b'{"data": [{"e": "pv", "duid": "d", "x": NaN, ' + title.encode() + b'"url": "https://a.example/b"}]}'
    )
    acceptance = accept(Received(body, NOW, "shop"), dialect=TRACKER)
    assert [result.status for result in acceptance.results] == ["stored"]
    assert orjson.loads(acceptance.batch.touchpoints[0])["data"]["title"] == "Shoes ?"


@pytest.mark.parametrize("levels", [99, 120, 300, 600, 1_020, 5_000])
@pytest.mark.parametrize("name", ["focus_form", "quiz"])
def test_deep_nesting_never_raises(levels: int, name: str) -> None:
    """Whether in the fields, in the data, in entities, or in the elements of a form."""
    lists = "[" * levels + "]" * levels
    forms = '{"elements":[' * (levels // 2) + "]}" * (levels // 2)
    for deep in (lists, forms):
        text = f'{{"schema": "{schema(OWN, name)}", "data": {deep}}}'
        for fields in ({"e": "ue", "ue_pr": text}, {"e": "pv", "co": f'{{"data": [{text}]}}'}):
            (result,) = accept(received(BASE | fields), dialect=TRACKER).results
            assert result.status in ("stored", "quarantined")
    body = b'{"data": [{"e": "pv", "duid": "d", "x": %s}, {"e": "pv", "duid": "d"}]}' % lists.encode()
    results = accept(Received(body, NOW, "shop"), dialect=TRACKER).results
    assert results[-1].status in ("stored", "quarantined")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = sorted(
    {
        source.name
        for table in (SELF_DESCRIBING, ECOMMERCE, CLASSIC)
        for one in table.values()
        for field in one.fields
        for source in field.sources
    }
    | {"id", "email", "is_guest", "type", "elements", "value", "userId", "sessionId", "page", "text", "items"}
)
DATA = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), VALUES, max_size=6) | VALUES
VENDORS = st.sampled_from([OWN, SHOP, "com.snowplowanalytics.mobile", "com.acme", ""])
SCHEMAS = st.sampled_from(
    [
        *("snowplow_ecommerce_action", "cart", "transaction", "refund", "checkout_step", "user", "product"),
        *("client_session", *SELF_DESCRIBING, *ECOMMERCE),
    ]
)
DESCRIBED = st.builds(
    lambda vendor, name, data: {"schema": schema(vendor, name), "data": data}, VENDORS, SCHEMAS, DATA
)
ACTIONS = st.sampled_from([*ECOMMERCE, "checkout_step", "product_view"]).map(
    lambda kind: {"schema": schema(SHOP, "snowplow_ecommerce_action"), "data": {"type": kind}}
)


def _any(value: object) -> str:
    return json.dumps({"schema": schema(OWN, "unstruct_event"), "data": value})


TEXTS = st.text(max_size=12) | st.sampled_from(["", "null", "0", str(NOW), "1e9", "NaN", "x" * 300])
FIELDS = st.fixed_dictionaries(
    {"e": st.sampled_from(["pv", "pp", "se", "tr", "ti", "ue", "ue", "ue", "zz"])},
    optional={
        **dict.fromkeys(
            [
                "eid",
                "aid",
                "uid",
                "duid",
                "sid",
                "p",
                "url",
                "page",
                "refr",
                "lang",
                "tv",
                "tr_id",
                "tr_tt",
                "tr_cu",
                "se_ca",
                "se_ac",
                "se_va",
                "tna",
                "ip",
            ],
            TEXTS,
        ),
        "ue_pr": (DESCRIBED | ACTIONS).map(_any) | TEXTS,
        "co": st.lists(DESCRIBED | VALUES, max_size=4).map(lambda given: json.dumps({"data": given})) | TEXTS,
        "dtm": st.just(str(NOW)) | TEXTS,
        "stm": st.just(str(NOW)) | TEXTS,
        "ttm": TEXTS,
    },
)


@FEWER
@given(FIELDS)
def test_any_event_that_names_a_customer_is_stored(fields: Json) -> None:
    """Whatever its data: only what cannot be read at all, or has a wrong time, goes to quarantine."""
    fields = BASE | {name: value for name, value in fields.items() if value is not None}
    fields["duid"] = "d-1"
    acceptance = accept(received(fields), dialect=TRACKER)
    (result,) = acceptance.results
    if result.status == "quarantined":
        assert result.field in {"ue_pr", "ue_px", "co", "dtm", "stm", "ttm", "time"}, result


@FEWER
@given(
    st.lists(VALUES, max_size=3) | VALUES, st.sampled_from([TRACKER, PIXEL]), st.dictionaries(TEXTS, TEXTS)
)
def test_no_request_raises(body: object, dialect: Dialect, query: dict[str, str]) -> None:
    """Any body and any query gives events, or is refused as unreadable."""
    for value in (body, {"data": body}, {"data": [body]}):
        given = Received(json.dumps(value).encode(), NOW, "shop", "/i", query)
        try:
            events = dialect.translate(given)
        except Unsplittable:
            assert dialect is TRACKER
            continue
        accept(given, dialect=dialect)
        assert all(isinstance(event, dict | InvalidEvent) for _, event in events)


@FEWER
@given(st.binary(max_size=60))
def test_no_bytes_raise(body: bytes) -> None:
    """Any bytes give events, or are refused as unreadable."""
    for raw in (body, b'{"data": [' + body + b"]}", b'{"data": [{"e": "pv", "url": "' + body + b'"}]}'):
        accept(Received(raw, NOW, "shop"), dialect=TRACKER)
