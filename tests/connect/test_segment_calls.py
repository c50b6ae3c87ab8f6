"""Segment's calls: who, when, where from; each is an event or goes to quarantine whole."""

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.connect.segment_calls import CALL, JSON, NOW, event, events, received, refusal, stored
from touchline.collector.acceptance import accept
from touchline.collector.dialects.dialect import TooManyEvents, Unsplittable
from touchline.collector.dialects.segment import SEGMENT


def test_an_identified_user_is_linked() -> None:
    """Identify links the account, the device, e-mail address and phone number; other traits are data."""
    line = stored(
        type="identify",
        traits={"email": "Ann@shop.example", "phone": "+49 30 1234567", "plan": "pro"},
        context={"traits": {"email": "old@shop.example", "age": 41}},
    )
    assert line["type"] == "identity.linked"
    assert line["identifiers"] == [
        "account:u-1",
        "email:ann@shop.example",
        "phone:+49301234567",
        "device:a-1",
    ]
    assert line["data"] == {"plan": "pro", "age": 41}
    assert line["context"] == {"name": "identify"}


def test_identify_with_one_identifier_is_stored() -> None:
    """Identify that links nothing is the same type, so that its traits are kept."""
    line = stored(type="identify", userId=None, traits={"plan": "pro"})
    assert (line["type"], line["identifiers"]) == ("identity.linked", ["device:a-1"])
    assert line["data"] == {"plan": "pro"}


def test_an_alias_links_the_previous_id_as_a_device() -> None:
    """Alias links the account with the previous id, and with no second account."""
    line = stored(type="alias", previousId="before", anonymousId=None)
    assert (line["type"], line["identifiers"]) == ("identity.linked", ["account:u-1", "device:before"])
    assert event(type="alias", previousId="u-1", anonymousId=None)["identifiers"] == {"account": ["u-1"]}


def test_the_traits_of_a_group_identify_nobody() -> None:
    """Group is custom: its traits are data, and the e-mail address in them is not the customer's."""
    line = stored(type="group", groupId="acme", traits={"email": "office@acme.example", "seats": 12})
    assert line["type"] == "custom.group"
    assert line["data"] == {"group_id": "acme", "email": "office@acme.example", "seats": 12}
    assert line["identifiers"] == ["account:u-1", "device:a-1"]


def test_traits_in_the_context_identify() -> None:
    """E-mail address and phone number in `context.traits` are identifiers, and are not kept there."""
    made = event(event="Quiz Finished", context={"traits": {"email": "ann@shop.example", "age": 41}})
    assert made["identifiers"]["email"] == ["ann@shop.example"]
    assert made["context"] == {"traits": {"age": 41}, "name": "Quiz Finished"}


@pytest.mark.parametrize("email", [{"a": 1}, ["a"], True, "x" * 300, ""])
def test_a_trait_that_identifies_nobody_stays_data(email: Any) -> None:
    """An e-mail trait that can be no identifier is kept as data."""
    made = event(type="identify", traits={"email": email})
    assert "email" not in made["identifiers"]
    assert made["data"] == {"email": email}


@pytest.mark.parametrize("field", ["userId", "anonymousId"])
@pytest.mark.parametrize("value", [{"a": 1}, ["u"], True, 1.5])
def test_an_id_that_is_none_is_refused(field: str, value: Any) -> None:
    """An id must be text or a whole number: without it the event would belong to somebody else."""
    assert refusal(event="X", **{field: value}).field == field


def test_numbers_are_ids() -> None:
    """A user id may be a whole number."""
    assert event(event="X", userId=17, anonymousId=18.0)["identifiers"] == {
        "account": ["17"],
        "device": ["18"],
    }


def test_pages_and_screens_are_page_views() -> None:
    """A page is named by its path, else its name; a screen by its name, on the channel app."""
    page = stored(type="page", name="Shoes", category="Shop", properties={"path": "/shoes", "title": "T"})
    assert (page["type"], page["channel"]) == ("page.viewed", "web")
    assert page["data"] == {
        "page": "/shoes",
        "path": "/shoes",
        "title": "T",
        "name": "Shoes",
        "category": "Shop",
    }
    assert event(type="page", name="Shoes")["data"]["page"] == "Shoes"
    assert event(type="page", context={"page": {"path": "/x", "search": "?q"}})["data"] == {
        "path": "/x",
        "page": "/x",
    }
    screen = stored(type="screen", name="Basket")
    assert (screen["type"], screen["channel"], screen["data"]["page"]) == ("page.viewed", "app", "Basket")
    assert event(type="page")["type"] == "custom.page"
    assert event(type="screen", properties={"a": 1})["data"] == {"a": 1}


def test_other_kinds_of_calls_are_custom() -> None:
    """A kind of call that Segment does not have becomes a custom type with all its fields."""
    made = stored(type="merge", properties={"a": 1}, mergeProperties=[1])
    assert (made["type"], made["data"], made["context"]["mergeProperties"]) == ("custom.merge", {"a": 1}, [1])


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/v1/track", "custom.x"),
        ("/v1/t/", "custom.x"),
        *((path, "identity.linked") for path in ("/v1/identify", "/v1/i", "/v1/alias", "/v1/a/")),
        *((path, "page.viewed") for path in ("/v1/page", "/v1/p", "/v1/screen", "/v1/s/")),
        *((path, "custom.group") for path in ("/v1/group", "/v1/g")),
    ],
)
def test_the_path_is_the_type_of_a_single_call(path: str, kind: str) -> None:
    """A call at its own path needs no `type`."""
    assert path in SEGMENT.paths
    assert event(path, type=None, event="X", name="X")["type"] == kind


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/batch/", "/v1/import", "/v1/import/", "/v1/b"])
def test_batches_come_at_each_path(path: str) -> None:
    """Batches come at three paths, with and without a slash; a track without a type is known by its event."""
    assert len(events({"batch": [{**CALL, "type": None, "event": "X"}]}, path)) == 1
    assert path in SEGMENT.paths


def test_a_batch_gives_its_context_to_its_calls() -> None:
    """A call has its batch's context, and its own on top."""
    made = event(
        event="X",
        context={"ip": "192.0.2.1"},
        batch={"context": {"library": {"name": "analytics-java"}, "ip": "192.0.2.9"}},
    )
    assert made["context"] == {"library": {"name": "analytics-java"}, "ip": "192.0.2.1", "name": "X"}


@pytest.mark.parametrize(
    ("fields", "channel"),
    [
        ({}, "web"),
        ({"context": {"channel": "phone"}}, "phone"),
        ({"context": {"channel": "fax"}}, "web"),
        ({"context": {"library": {"name": "analytics-kotlin"}}}, "app"),
        ({"context": {"library": {"name": "analytics.js"}, "device": {"type": "x"}}}, "web"),
        ({"context": {"device": {"type": "ios"}}}, "app"),
        ({"channel": "mobile"}, "app"),
        ({"channel": "server"}, "web"),
    ],
)
def test_the_channel_is_what_the_client_says(fields: dict[str, Any], channel: str) -> None:
    """The channel comes from the context, the library or the device; the default is web."""
    assert event(event="X", **fields)["channel"] == channel


def test_the_source_is_the_app_else_the_producer() -> None:
    """The app's name is the source; without one, it is the name of the producer's key."""
    assert event(event="X", context={"app": {"name": "Shop for phones"}})["source"] == "Shop for phones"
    assert event(event="X", context={"app": {"name": ""}})["source"] == "shop"
    assert event(event="X", context={"app": 7})["source"] == "shop"


@pytest.mark.parametrize(
    ("context", "consent"),
    [
        ({"consent": {"categoryPreferences": {"Analytics": False}}}, {"Analytics": False}),
        ({"consent": {"Analytics": True}}, {"Analytics": True}),
        (
            {"consentManagement": {"allowedConsentIds": ["a", "b"], "deniedConsentIds": ["b", 7]}},
            {"a": True, "b": False},
        ),
        ({"consentManagement": {"allowedConsentIds": "a"}}, None),
        ({"consent": "denied", "consentManagement": {"allowedConsentIds": ["a"]}}, "denied"),
    ],
)
def test_consent_is_by_purpose(context: dict[str, Any], consent: Any) -> None:
    """The consent of Segment and RudderStack is where the rules of privacy look for it."""
    assert event(event="X", context=context)["context"].get("consent") == consent


def test_nothing_that_is_not_understood_is_lost() -> None:
    """Unknown fields of a call, and objects that are none, are kept."""
    made = event(event="X", context=[1], properties="free text", region="north")
    assert made["data"] == {"properties": "free text"}
    assert made["context"] == {"context": [1], "region": "north", "name": "X"}


def test_the_message_id_is_the_id() -> None:
    """Ids of up to 64 characters stay; longer ones give always the same id."""
    assert event(event="X", messageId="m-1")["id"] == "m-1"
    long = f"ajs-next-{'7' * 60}"
    made = event(event="X", messageId=long)["id"]
    assert made == event(event="Y", messageId=long)["id"] != event(event="X", messageId=long + "8")["id"]
    assert len(made) == 36


def test_a_message_id_that_is_a_placeholder_is_no_id() -> None:
    """Calls that all have the id `undefined` are different events."""
    first, second = (event(event=name, messageId="undefined")["id"] for name in "XY")
    assert "undefined" != first != second != "undefined"


def test_a_call_without_an_id_is_known_by_its_content_and_time() -> None:
    """The same call sent again has the same id, if it says when it happened."""
    first = event(event="X", messageId=None, sentAt="2026-05-28T20:36:39Z")
    again = event(event="X", messageId=None, sentAt="2026-05-28T20:36:59Z")
    assert first["id"] == again["id"] != event(event="Y", messageId=None)["id"]
    call = {"type": "track", "event": "X", "userId": "u-1"}
    first, second = events({"batch": [call, call]})
    assert first["id"] != second["id"]


@pytest.mark.parametrize(
    ("given", "time"),
    [
        ("2026-05-28T20:36:30.123Z", "2026-05-28T20:36:30.123000+00:00"),
        ("2026-05-28T22:36:30.123456+02:00", "2026-05-28T20:36:30.123456+00:00"),
        ("2026-05-28T20:36:30.123456789Z", "2026-05-28T20:36:30.123456+00:00"),
        ("2026-05-28T20:36:30", "2026-05-28T20:36:30+00:00"),
        ("2026-05-28 20:36:30z", "2026-05-28T20:36:30+00:00"),
        ("20260528T203630Z", "2026-05-28T20:36:30+00:00"),
        ("2026-05-28", "2026-05-28T00:00:00+00:00"),
    ],
)
def test_times_are_read_as_clients_write_them(given: str, time: str) -> None:
    """Times may have any number of digits, and no zone: then they are in UTC."""
    assert event(event="X", timestamp=given)["time"] == time
    assert event(event="X", timestamp=None, originalTimestamp=given)["time"] == time


@pytest.mark.parametrize("given", [1_780_000_590, "yesterday", "2026-13-01T00:00:00Z", {}, True])
def test_a_time_that_is_none_is_refused(given: Any) -> None:
    """A time that cannot be read sends the event to quarantine: another time would be made up."""
    assert refusal(event="X", timestamp=given).field == "timestamp"


def test_a_call_without_a_time_happened_when_it_came() -> None:
    """Without a time, that of receipt counts, whatever the client's clock says."""
    line = stored(event="X", timestamp=None, sentAt="2026-05-28T20:00:00Z")
    assert line["time"] == NOW


SKEWS = [
    # library, sent, happened before, expected
    ("analytics-python", -60, 10, -10),
    ("analytics-python", 60, 10, -10),
    ("@segment/analytics-node", -60, 10, -10),
    ("analytics.js", -3600, 10, -10),
    ("analytics-java", 60, 10, -10),
    ("analytics-java", -60, 10, -70),
    ("analytics-go", -60, 10, -70),
    ("analytics-node", -60, 10, -70),
    ("", -60, 10, -70),
    ("", 60, 10, -10),
    ("analytics-python", -3, 10, -13),
]


@pytest.mark.parametrize(("library", "sent", "before", "expected"), SKEWS)
def test_a_wrong_clock_is_corrected_and_a_late_retry_is_not(
    library: str, sent: int, before: int, expected: int
) -> None:
    """A clock that is behind is corrected only for clients that renew `sentAt` with each try (seconds)."""

    def text(seconds: int) -> str:
        return datetime.fromtimestamp(NOW / 1000 + seconds, UTC).isoformat()

    line = stored(
        event="X",
        timestamp=text(sent - before),
        sentAt=text(sent),
        context={"library": {"name": library}},
    )
    assert line["time"] == NOW + expected * 1000


def test_a_call_that_another_collector_passed_on_is_not_corrected() -> None:
    """With `receivedAt`, the time was corrected before."""
    fields: dict[str, Any] = {
        "sentAt": "2026-05-28T18:00:00Z",
        "context": {"library": {"name": "analytics.js"}},
    }
    assert "sent_at" in event(event="X", **fields)
    assert "sent_at" not in event(event="X", receivedAt="2026-05-28T18:00:01Z", **fields)


def test_the_time_of_sending_may_stand_once_in_the_batch() -> None:
    """It holds for each call that has none of its own."""
    call: dict[str, Any] = {"type": "track", "event": "X", "userId": "u-1"}
    call |= {"timestamp": "2026-05-28T17:59:00Z", "context": {"library": {"name": "analytics-python"}}}
    own = call | {"sentAt": "2026-05-28T18:00:00Z"}
    sent = events({"batch": [call, own], "sentAt": "2026-05-28T19:00:00Z"})
    assert [each["sent_at"][11:19] for each in sent] == ["19:00:00", "18:00:00"]


def test_a_sent_time_that_is_none_is_ignored() -> None:
    """An unreadable `sentAt` does not cost the event."""
    assert stored(event="X", sentAt="soon")["time"] == NOW - 10_000


def test_what_is_nearly_json_is_read() -> None:
    """NaN becomes null, half an emoji a replacement character, a long number text; others are untouched."""
    body = (
        b'\xef\xbb\xbf{"batch": [{"type": "track", "event": "A", "userId": "u", '
        b'"properties": {"a": NaN, "b": 1e999}}, {"type": "track", "event": "B", "userId": "u", '
        b'"properties": {"c": "x\\ud83d", "d": 98765432109876543210}}]}'
    )
    first, second = (each["data"] for each in events(body))
    assert first == {"a": None, "b": None}
    assert second == {"c": "x\ufffd", "d": "98765432109876543210"}


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"not json", b'{"batch": 7}', b'{"batch": [}', b"[" * 5000]
)
def test_a_body_that_is_no_batch_is_refused_whole(body: bytes) -> None:
    """What is no batch goes to quarantine as it came, and the client learns what to send."""
    with pytest.raises(Unsplittable, match="batch"):
        SEGMENT.translate(received(body))
    acceptance = accept(received(body), dialect=SEGMENT)
    assert (acceptance.readable, len(acceptance.batch.quarantine)) == (False, 1)


@pytest.mark.parametrize("body", [b"", b"7", b"[]", b"not json", b'{"event":'])
def test_a_body_that_is_no_call_is_refused_whole(body: bytes) -> None:
    """So is what comes at the path of a single call and is no object."""
    with pytest.raises(Unsplittable, match="no call"):
        SEGMENT.translate(received(body, "/v1/track"))


def test_a_call_that_is_no_object_does_not_affect_others() -> None:
    """Each call of a batch has its own result."""
    body = {"batch": [7, {**CALL, "event": "X"}, None, "x", {**CALL, "messageId": "m-2"}, {"a": 1}]}
    results = accept(received(body), dialect=SEGMENT).results
    assert [one.status for one in results] == ["quarantined", "stored", *["quarantined"] * 4]
    assert [one.field for one in results][4:] == ["event", "type"]


def test_calls_that_cannot_be_stored_are_not_read() -> None:
    """What is far too large, or far too much, is refused without work."""
    assert refusal(event="X" * 200_000).reason == "too_large"
    began = time.process_time()
    with pytest.raises(TooManyEvents):
        accept(received({"batch": [{}] * 200_000}), dialect=SEGMENT, most_events=5_000)
    assert time.process_time() - began < 5


_FIELDS = (
    *("type", "event", "messageId", "timestamp", "originalTimestamp", "sentAt", "receivedAt", "userId"),
    *("anonymousId", "previousId", "groupId", "context", "properties", "traits", "name", "category"),
    *("channel", "other"),
)
_FIELD = st.sampled_from(_FIELDS)
_KIND = st.sampled_from(["track", "identify", "page", "screen", "group", "alias", "other"])
_CALL = st.dictionaries(_FIELD, JSON, max_size=8)


@given(_CALL, st.none() | _KIND)
def test_any_object_is_an_event_or_refused(call: dict[str, Any], kind: str | None) -> None:
    """Whatever object comes as a call, it is stored or in quarantine whole; the translation never fails."""
    call = call | ({"type": kind} if kind else {})
    body = json.dumps({"batch": [call]}).encode()
    acceptance = accept(received(body), dialect=SEGMENT)
    (result,) = acceptance.results
    assert result.status in ("stored", "quarantined")
    assert len(acceptance.batch.touchpoints) + len(acceptance.batch.quarantine) == 1
    assert accept(received(body), dialect=SEGMENT).results == acceptance.results
