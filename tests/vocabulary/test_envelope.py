"""The envelope, and its conversion to an accepted event."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from touchline.vocabulary import Channel, Envelope, Event, Normaliser, explain, to_event

NOON = 1_795_262_400_000
"""2026-11-21T12:00:00Z."""

SENT: dict[str, Any] = {
    "id": "e-1",
    "type": "checkout.started",
    "time": "2026-11-21T12:00:00.250Z",
    "channel": "web",
    "source": "shop",
    "identifiers": {"account": "u-17", "email": ["A@mail.example"]},
    "data": {"cart_id": "77"},
}


def read(**fields: Any) -> Envelope:
    return Envelope.model_validate_json(json.dumps(SENT | fields))


def refused(**fields: Any) -> tuple[str, str]:
    with pytest.raises(ValidationError) as raised:
        read(**fields)
    return explain(raised.value, Envelope)


def accepted(envelope: Envelope, **stamps: Any) -> Event:
    event = to_event(envelope, **stamps)
    assert event is not None
    return event


def test_an_envelope_becomes_an_event() -> None:
    """The accepted event has times in milliseconds, normal identifiers, and the collector's stamps."""
    assert accepted(read(), received_at_ms=NOON + 900, producer="shop-key") == Event(
        id="e-1",
        type="checkout.started",
        time=NOON + 250,
        channel="web",
        source="shop",
        identifiers=("account:u-17", "email:a@mail.example"),
        data={"cart_id": "77"},
        received_at=NOON + 900,
        producer="shop-key",
    )


@pytest.mark.parametrize("channel", Channel)
def test_every_channel_is_read(channel: Channel) -> None:
    """Each of the ten channels is accepted."""
    assert accepted(read(channel=channel.value)).channel == channel.value


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2026-11-21T12:00:00Z", NOON),
        ("2026-11-21t12:00:00z", NOON),
        ("2026-11-21 12:00:00+00:00", NOON),
        ("2026-11-21T13:30:00+01:30", NOON),
        ("2026-11-21T12:00:00.0019Z", NOON + 1),
        ("1969-12-31T23:59:59.999Z", -1),
    ],
)
def test_times_are_read_to_the_millisecond(time: str, expected: int) -> None:
    """RFC 3339 in any zone, truncated to the millisecond; the envelope accepts any age."""
    assert accepted(read(time=time)).time == expected


@given(st.integers(-2_208_988_800_000, 4_102_444_800_000))
def test_no_millisecond_is_lost(time: int) -> None:
    """A time written in milliseconds is read as the same number."""
    written = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time)
    assert accepted(read(time=written.isoformat(timespec="milliseconds"))).time == time


def test_a_wrong_clock_is_corrected() -> None:
    """If a client's clock is an hour late, its events are moved by an hour."""
    late = read(time="2026-11-21T11:00:00Z", sent_at="2026-11-21T11:00:10Z")
    assert accepted(late, received_at_ms=NOON + 10_000).time == NOON


@pytest.mark.parametrize(("lag", "moved"), [(5_000, 0), (5_001, 5_001), (-5_000, 0), (-5_001, -5_001)])
def test_a_small_lag_does_not_correct_the_time(lag: int, moved: int) -> None:
    """Up to five seconds between sending and receiving count as transport, not as a wrong clock."""
    sent = read(time="2026-11-21T12:00:00Z", sent_at="2026-11-21T12:00:00Z")
    assert accepted(sent, received_at_ms=NOON + lag).time == NOON + moved


def test_an_exported_event_keeps_its_stamps() -> None:
    """A replayed event keeps its `received_at`, its producer and its version."""
    event = accepted(read(received_at="2026-11-21T12:00:01Z", producer="p", schema=3))
    assert (event.received_at, event.producer, event.schema) == (NOON + 1_000, "p", 3)


def test_stamps_of_the_collector_win() -> None:
    """A producer cannot set `received_at` or `producer`."""
    event = accepted(
        read(received_at="2020-01-01T00:00:00Z", producer="else"), received_at_ms=NOON, producer="mine"
    )
    assert (event.received_at, event.producer) == (NOON, "mine")


def test_a_replayed_event_without_a_stamp_was_received_as_it_happened() -> None:
    """Without `received_at` it defaults to the event's time, and no clock is corrected."""
    event = accepted(read(sent_at="2026-11-22T00:00:00Z"))
    assert (event.time, event.received_at) == (NOON + 250, NOON + 250)


def test_without_a_version_it_is_the_latest() -> None:
    """An event without a version of its type gets the latest."""
    assert accepted(read(), latest=4).schema == 4


def test_an_envelope_with_placeholders_only_is_no_event() -> None:
    """An envelope whose identifiers are all placeholders gives no event."""
    sent = read(identifiers={"account": "null", "device": ["0", ""]}, data={"cart_id": "None"})
    assert to_event(sent) is None


def test_an_event_of_nobody_is_its_contacts() -> None:
    """An event without an identifier gets one by an id in its data, else in its context."""
    data, context = {"contact_id": "c-1"}, {"session_id": "s-1"}
    assert accepted(read(identifiers={}, data=data, context=context)).identifiers == ("contact:c-1",)
    assert accepted(read(identifiers={"phone": "Restricted"}, data=data)).identifiers == ("contact:c-1",)
    assert accepted(read(identifiers={}, data={}, context=context)).identifiers == ("session:s-1",)


def test_numbers_are_identifiers() -> None:
    """A whole number identifies as its digits do; null is no value."""
    sent = read(identifiers={"account": 17.0, "device": [17, "17"], "email": None, "phone": []})
    assert accepted(sent).identifiers == ("account:17", "device:17")


def test_local_numbers_are_read_by_the_region() -> None:
    """The configured region turns a local phone number into an international one."""
    envelope = read(identifiers={"phone": "020 7946 0018"})
    assert accepted(envelope, normaliser=Normaliser("GB")).identifiers == ("phone:+442079460018",)


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"id": ""}, "id", "expected at least 1 character, got an empty string"),
        ({"id": "x" * 65}, "id", "expected at most 64 characters, got a string of 65 characters"),
        ({"id": 7}, "id", "expected a string, got a number"),
        ({"id": None}, "id", "expected a string, got null"),
        ({"time": "yesterday"}, "time", "expected a time in RFC 3339, such as 2026-11-21T10:00:00Z"),
        ({"time": "2026-11-21"}, "time", "expected a time in RFC 3339, such as 2026-11-21T10:00:00Z"),
        ({"time": "1795262400"}, "time", "expected a time in RFC 3339, such as 2026-11-21T10:00:00Z"),
        (
            {"time": "2026-02-30T00:00:00Z"},
            "time",
            "expected a time in RFC 3339, such as 2026-11-21T10:00:00Z",
        ),
        (
            {"time": "2026-11-21T12:00:00"},
            "time",
            "the time has no time zone: write it such as 2026-11-21T10:00:00Z",
        ),
        (
            {"time": 1795262400},
            "time",
            "expected a time as an RFC 3339 string, such as 2026-11-21T10:00:00Z, got a number",
        ),
        (
            {"channel": "tv"},
            "channel",
            "expected one of 'web', 'app', 'phone', 'chat', 'email', 'social', 'store', 'mail', 'kiosk' or "
            "'field', got 'tv'",
        ),
        ({"source": ""}, "source", "expected at least 1 character, got an empty string"),
        (
            {"id": " NULL "},
            "id",
            "the id is a placeholder, such as null or 0: give each event an id of its own",
        ),
        (
            {"identifiers": {"account": 17.5}},
            "identifiers.account",
            "expected a whole number, got a fraction: send it as text",
        ),
        (
            {"identifiers": {"account": [{"id": 5}]}},
            "identifiers.account",
            "expected text, got an object: send one of its fields",
        ),
        (
            {"identifiers": {"device": ["a"] * 6}},
            "identifiers.device",
            "expected at most 5 values, got a list of 6",
        ),
        (
            {"identifiers": {"device": "x" * 257}},
            "identifiers.device.0",
            "expected at most 256 characters, got a string of 257 characters",
        ),
        (
            {"identifiers": {"Device": "x"}},
            "identifiers.Device",
            "invalid identifier kind: use up to 32 lower-case letters, digits or _, starting with a letter",
        ),
        (
            {"identifiers": {f"k{n}": "x" for n in range(17)}},
            "identifiers",
            "expected at most 16 values, got an object of 17",
        ),
        ({"data": [1, 2]}, "data", "expected an object, got a list of 2"),
        ({"data": {"a": [{"b": float("nan")}]}}, "data", "expected finite numbers"),
        ({"data": {"a": 2**64}}, "data", "expected numbers of at most 64 bits"),
        ({"schema": 0}, "schema", "expected 1 or more, got a number"),
        ({"schema": "1"}, "schema", "expected a whole number, got a string of 1 character"),
        ({"cart": 1}, "cart", "unknown field: put your own fields in `data`"),
        ({"version": 1}, "version", "unknown field: put your own fields in `data`"),
    ],
)
def test_an_error_names_the_field_and_what_is_expected(
    fields: dict[str, Any], field: str, message: str
) -> None:
    """An invalid envelope gives the path of the field and a message that says what to write."""
    assert refused(**fields) == (field, message)


@pytest.mark.parametrize("field", ["id", "type", "time", "channel", "source"])
def test_a_missing_field_is_described(field: str) -> None:
    """The message names a missing field and describes it."""
    with pytest.raises(ValidationError) as raised:
        Envelope.model_validate_json(json.dumps({key: value for key, value in SENT.items() if key != field}))
    where, message = explain(raised.value, Envelope)
    assert where == field
    assert message == f"`{field}` is required: {Envelope.model_fields[field].description}"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("[1, 2]", "expected an object, got a list of 2"),
        ("true", "expected an object, got true"),
        ("{", "not JSON: EOF while parsing an object at line 1 column 1"),
        (r'{"id": "\ud800"}', "not JSON: unexpected end of hex escape at line 1 column 15"),
    ],
)
def test_a_body_that_is_not_an_object_is_invalid(body: str, message: str) -> None:
    """A body that is not a JSON object is rejected as a whole."""
    with pytest.raises(ValidationError) as raised:
        Envelope.model_validate_json(body)
    assert explain(raised.value, Envelope) == ("", message)


def test_identifiers_are_not_repeated_in_a_refusal() -> None:
    """A message never holds an identifier's value, because messages end up in logs."""
    _, message = refused(identifiers={"email": ["secret@mail.example" * 20]})
    assert "secret" not in message


def test_a_path_has_a_bound() -> None:
    """A long name of an unknown field is cut in the path."""
    field, _ = refused(**{"x" * 10_000: 1})
    assert field == "x" * 256


NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
DATA = st.dictionaries(
    st.text(max_size=8),
    st.recursive(
        st.none() | st.booleans() | NUMBERS | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


@given(DATA)
def test_data_goes_through_unchanged(data: dict[str, Any]) -> None:
    """Whatever data an envelope is read with reaches the log's reader as it was sent."""
    event = accepted(read(data=data))
    assert event.data == data
    assert msgspec.json.decode(msgspec.json.encode(event), type=Event) == event
