"""What a request of PostHog's libraries may be, and what they are answered."""

import json
import tracemalloc
from base64 import b64encode
from math import inf, nan
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.connect.posthog_requests import UUID4, UUID7, accepted, event, received, stored
from touchline.collector.acceptance import accept
from touchline.collector.dialects.dialect import Refusal, Unsplittable
from touchline.collector.dialects.posthog import POSTHOG
from touchline.collector.dialects.posthog.mapping import RULES
from touchline.collector.results import Result
from touchline.vocabulary.validation import InvalidEvent


def test_forms_of_a_body() -> None:
    """A batch, an array, one event, and each of these in a form field."""
    one = event()
    for body in ({"api_key": "k", "batch": [one]}, [one], one):
        text = json.dumps(body).encode()
        encoded = quote(b64encode(text).decode(), safe="").encode()
        for sent in (
            text,
            b"data=" + encoded,
            b"data=" + encoded + b"&ver=1",
            b"data=" + quote(text).encode(),
        ):
            assert [line["type"] for line in stored(sent, "/e/")] == ["custom.quiz_finished"]


@pytest.mark.parametrize(
    "body",
    [
        {"api_key": "k-1", "batch": []},
        {"token": "k-1", "batch": []},
        {"event": "a", "properties": {"token": "k-1"}},
        [{"event": "a", "properties": {"token": "k-1"}}, {"event": "b"}],
        [{"event": "a", "token": "k-1"}],
        b"data=" + b64encode(b'{"api_key": "k-1"}'),
    ],
)
def test_the_key_is_in_the_body(body: object) -> None:
    """At the top, or in the first event."""
    assert POSTHOG.secret(received(body)) == "k-1"


def test_the_key_may_be_in_the_query() -> None:
    """For bodies without one; and a body that cannot be read has none."""
    assert POSTHOG.secret(received([event()], token="k-2")) == "k-2"
    assert POSTHOG.secret(received(b"\x1f\x8b")) == ""


def test_version_1() -> None:
    """The library is in a header, and some properties stand beside the others."""
    one = event("a", UUID4, score=7) | {
        "options": {"process_person_profile": False},
        "session_id": "s-1",
    }
    [line] = stored(
        {"created_at": "2026-11-30T00:53:00Z", "batch": [one]},
        "/i/v1/analytics/events",
        {"posthog-sdk-info": "posthog-python/7.91.1"},
    )
    assert line["identifiers"] == ["session:s-1"]
    assert line["data"] == {"score": 7}
    assert line["context"] == {
        "name": "a",
        "library": "posthog-python",
        "library_version": "7.91.1",
        "session_id": "s-1",
        "$process_person_profile": False,
    }


def test_what_json_does_not_allow_spoils_only_itself() -> None:
    """NaN is null, half a surrogate pair is no letter; the events beside are as they came."""
    lines = stored(
        b'{"batch": [%s, {"event": "b\\ud83d", "distinct_id": 1, "properties": {"x": NaN, "y": 2}}]}'
        % json.dumps(event()).encode()
    )
    assert [line["type"] for line in lines] == ["custom.quiz_finished", "custom.b"]
    assert lines[1]["data"] == {"y": 2}


def test_the_key_is_found_in_what_json_does_not_allow() -> None:
    """A client that writes NaN is not refused for its key."""
    body = b'{"api_key": "k-1", "batch": [{"event": "a", "distinct_id": 1, "properties": {"x": NaN}}]}'
    assert POSTHOG.secret(received(body)) == "k-1"


def test_an_event_that_is_none_is_kept_whole() -> None:
    """In quarantine, with the reason; the others are stored."""
    broken = [
        "text",
        {"distinct_id": "u-17"},
        event() | {"properties": 3},
        event("big", text="x" * 40_000),
    ]
    acceptance = accepted({"batch": [*broken, event()]})
    assert [result.reason for result in acceptance.results] == [
        "not_an_object",
        "invalid_envelope",
        "invalid_envelope",
        "too_large",
        None,
    ]
    kept = [json.loads(json.loads(line)["body"]) for line in acceptance.batch.quarantine]
    assert kept == broken


def test_quarantine_does_not_keep_the_key() -> None:
    """Whether it stands in the event or around it."""
    key = "tlb_gq3vX0dY7w1uC5sJ9kR2mZ8pN4tB6hL"
    broken: dict[str, object] = {"event": 3, "api_key": key, "properties": {"token": key}}
    for body in (broken, [broken], {"api_key": key, "batch": [broken]}):
        [line] = accepted(body).batch.quarantine
        assert key not in line.decode()
        assert json.loads(json.loads(line)["body"])["event"] == 3


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b"{}," * 100_000 + b"{}]",
        b"[" + b"[]," * 100_000 + b"[]]",
        b"[" * 300_000,
        b'{"api_key": [' + b"[]," * 100_000 + b"[]]}",
        b'{"properties": {"token": {"a": [' + b"{}," * 100_000 + b"{}]}}}",
    ],
)
def test_looking_for_the_key_builds_nothing(body: bytes) -> None:
    """Nobody knows yet who sent the request, so it must not take more memory than its body."""
    tracemalloc.start()
    try:
        assert POSTHOG.secret(received(body)) == ""
        assert tracemalloc.get_traced_memory()[1] < 2 * len(body) + 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("body", [b"", b"{", b"hello", b'{"batch": 3}', b"data=%%%", b"3", b"data=eyI"])
def test_a_body_that_is_none(body: bytes) -> None:
    """It goes to quarantine as one."""
    with pytest.raises(Unsplittable):
        POSTHOG.translate(received(body))


_scalar = st.sampled_from(
    [None, True, False, 0, -1, 2**63, 2**70, 1e300, 0.5, nan, inf, "", "a", "\ud83d", "é\u200b", UUID4, UUID7]
)
_flat = st.lists(_scalar, max_size=2) | st.dictionaries(
    st.sampled_from(["", "a", "email"]), _scalar, max_size=2
)
_json = _scalar | st.text(max_size=4) | _flat | st.lists(_flat, max_size=2)
_known = st.sampled_from(
    ["event", "uuid", "distinct_id", "timestamp", "properties", "$set", "$set_once", "options", "offset"]
)
_properties = st.dictionaries(
    st.sampled_from(
        [
            *("$lib", "$device_id", "$is_identified", "alias", "$elements", "$elements_chain", "$el_text"),
            *("$exception_list", "$pathname", "$screen_name", "$time", "$insert_id", "$app_name", "token"),
            *("$session_id", "$group_type", "$dead_click_absolute_delay_ms", "$event_type", "page"),
        ]
    ),
    _json | st.sampled_from(["web", "click", "u-17"]),
    max_size=6,
)


@given(
    st.one_of(
        _json,
        st.lists(st.dictionaries(_known, _json, max_size=4), max_size=3),
        st.builds(
            lambda name, fields, properties: fields | {"event": name, "properties": properties},
            st.sampled_from([*RULES, "$groupidentify", "a"]),
            st.dictionaries(_known, _json, max_size=4),
            _properties,
        ),
    ),
    st.sampled_from(POSTHOG.paths),
)
def test_no_json_is_too_much(body: object, path: str) -> None:
    """Whatever JSON comes, each event has a result, and none is lost."""
    request = received(body, path, {"posthog-sdk-info": "x/1"})
    POSTHOG.secret(request)
    acceptance = accept(request, dialect=POSTHOG)
    lines = [*acceptance.batch.touchpoints, *acceptance.batch.quarantine]
    repeated = sum(result.status == "duplicate" for result in acceptance.results)
    assert len(acceptance.results) == len(lines) + repeated
    POSTHOG.answer(request, acceptance.results)


@given(st.binary(max_size=60))
def test_no_bytes_are_too_much(body: bytes) -> None:
    """Whatever bytes come, the request has a result."""
    for sent in (body, b"data=" + body, b'{"batch": [' + body + b"]}"):
        request = received(sent)
        POSTHOG.secret(request)
        accept(request, dialect=POSTHOG)


RESULTS = [
    Result("a", "stored", None),
    Result("b", "duplicate", None),
    Result("c", "quarantined", None, "too large"),
    Result(None, "quarantined", None, "no object"),
]


def test_delivered() -> None:
    """An object with status 200, whatever became of each event; version 1 has a result by uuid."""
    answer = POSTHOG.answer(received([]), RESULTS)
    assert (answer.status, json.loads(answer.body)) == (200, {"status": "Ok"})
    answer = POSTHOG.answer(received([], "/i/v1/analytics/events"), RESULTS)
    assert json.loads(answer.body) == {
        "results": {
            "a": {"result": "ok"},
            "b": {"result": "ok"},
            "c": {"result": "drop", "details": "too large"},
        }
    }


@pytest.mark.parametrize(("status", "expected"), [(429, 503), (408, 503), (503, 503), (401, 401), (413, 413)])
def test_refused(status: int, expected: int) -> None:
    """What may be sent again gets 503, because posthog-js drops its events on 429 for good."""
    answer = POSTHOG.refuse(Refusal(status, "code", "message"))
    assert answer.status == expected
    assert json.loads(answer.body) == {"error": {"code": "code", "message": "message"}}


def test_settings_of_the_browser_library() -> None:
    """Compressed bodies are welcome; there are no flags and no recordings. The script has them too."""
    config = POSTHOG.calls["/array/{key}/config"](received(b"", "/array/tlb_1/config"))
    assert json.loads(config.body)["supportedCompression"] == ["gzip", "gzip-js"]
    script = POSTHOG.calls["/array/{key}/config.js"](received(b"", '/array/tlb_"1/config.js')).body.decode()
    assert '["tlb_\\"1"] = {' in script
    assert json.loads(script.partition(" = {")[2].join(["{", ""]).rstrip(";\n"))["config"] == json.loads(
        config.body
    )
    for path in ("/flags/", "/decide/"):
        assert json.loads(POSTHOG.calls[path](received(b"", path)).body)["featureFlags"] == {}


def test_reasons_are_said_in_words() -> None:
    """An event that is none says what to write instead."""
    [one] = POSTHOG.translate(received([{}]))
    assert isinstance(one.event, InvalidEvent)
    assert str(one.event) == "`event` is required: the name of what happened, as text"
