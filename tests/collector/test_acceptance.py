"""The result of each event of a request."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from touchline.collector.acceptance import Acceptance, accept, accept_each
from touchline.collector.accounts import account_row
from touchline.collector.dialects.dialect import Received, TooManyEvents, Unsplittable
from touchline.collector.dialects.native import split
from touchline.log.kafka.topics import QUARANTINE_RECORD_BYTES
from touchline.vocabulary.envelope import REQUEST_BYTES
from touchline.vocabulary.event import Event as Accepted
from touchline.vocabulary.normaliser import Normaliser
from touchline.vocabulary.validation import Validator

NOW = 1_709_290_800_000  # 2024-03-01T11:00:00Z
MakeEvent = Callable[..., dict[str, Any]]


NOBODY = {"type": "page.viewed", "data": {"page": "/"}}
"""An event of nobody's contact, cart, order or session."""


def validate(body: bytes | object) -> Acceptance:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return accept(Received(content, NOW, "shop-1"))


def test_an_accepted_event_is_stamped_and_normalised(event: MakeEvent) -> None:
    """The log line is an `Event`: stamped, times in milliseconds, identifiers strongest first."""
    acceptance = validate(event(id="x", received_at="2001-01-01T00:00:00Z", producer="somebody else"))
    (line,) = acceptance.batch.touchpoints
    assert json.loads(line)["entity"] == "account:u-17"
    assert msgspec.json.decode(line, type=Accepted) == Accepted(
        id="x",
        type="checkout.started",
        time=NOW - 3_600_000,
        channel="web",
        source="shop",
        identifiers=("account:u-17", "email:a@b.example"),
        data={"cart_id": "77", "value": 80.0, "currency": "EUR"},
        received_at=NOW,
        producer="shop-1",
    )
    assert [(result.id, result.status) for result in acceptance.results] == [("x", "stored")]


def test_visitors_of_one_kiosk_stay_apart(event: MakeEvent) -> None:
    """On a kiosk the device is stored as a terminal, which is weaker than all that names a visitor."""
    visitors = [
        event(channel="kiosk", identifiers={"device": "kiosk-1", "email": f"{name}@x.example"})
        for name in ("ann", "bob")
    ]
    lines = map(json.loads, validate(visitors).batch.touchpoints)
    assert [line["identifiers"] for line in lines] == [
        ["email:ann@x.example", "terminal:kiosk-1"],
        ["email:bob@x.example", "terminal:kiosk-1"],
    ]


def test_a_withheld_caller_is_nobody_else(event: MakeEvent) -> None:
    """Events of callers without a number are stored, each with the identifier of its contact."""
    calls = [
        event(type="contact.started", identifiers={"phone": number}, data={"contact_id": f"c-{place}"})
        for place, number in enumerate(["Restricted", "anonymous", ""])
    ]
    lines = map(json.loads, validate(calls).batch.touchpoints)
    assert [line["entity"] for line in lines] == ["contact:c-0", "contact:c-1", "contact:c-2"]


def test_numbers_and_lists_are_identifiers(event: MakeEvent) -> None:
    """A whole number is the identifier that its digits are; a list is several; lost digits are refused."""
    sent = [event(identifiers={"account": value}) for value in (17, 17.0, ["u1", "u2"], 2**60 + 0.0)]
    acceptance = validate(sent)
    assert [json.loads(line)["identifiers"] for line in acceptance.batch.touchpoints] == [
        ["account:17"],
        ["account:17"],
        ["account:u1", "account:u2"],
    ]
    assert acceptance.results[3].field == "identifiers.account"


def test_settings_decide_identifiers(event: MakeEvent) -> None:
    """Region, placeholders and terminals of the settings apply to what is accepted."""
    normaliser = Normaliser("GB", {"account": ["test"]}, ["phone:020 7946 0018"])
    sent = event(identifiers={"account": "TEST", "phone": ["020 7946 0018", "020 7946 0019", "100"]})
    acceptance = accept_each(
        [json.dumps(sent).encode()], received_at_ms=NOW, producer="p", validator=Validator(normaliser)
    )
    (line,) = acceptance.batch.touchpoints
    assert json.loads(line)["identifiers"] == ["phone:+442079460019", "terminal:+442079460018"]


def test_unknown_data_fields_are_kept(event: MakeEvent) -> None:
    """Unknown fields of the data are kept unchanged."""
    (line,) = validate(event(data={"cart_id": "7", "mine": {"deep": [1, None, "ü"]}})).batch.touchpoints
    assert json.loads(line)["data"]["mine"] == {"deep": [1, None, "ü"]}


@pytest.mark.parametrize(
    ("change", "reason", "field"),
    [
        ({"type": "checkout.exploded"}, "unknown_type", "type"),
        ({"schema": 999}, "unknown_version", "schema"),
        ({"time": "1970-01-01T00:00:00Z"}, "time_too_old", "time"),
        ({"time": "2100-01-01T00:00:00Z"}, "time_in_future", "time"),
        ({"time": 1709290800}, "invalid_envelope", "time"),
        ({"time": None}, "invalid_envelope", "time"),
        ({"time": "2024-03-01T10:00:00"}, "invalid_envelope", "time"),
        ({"id": None}, "invalid_envelope", "id"),
        ({"id": 7}, "invalid_envelope", "id"),
        ({"id": "x" * 65}, "invalid_envelope", "id"),
        ({"channel": "pigeon"}, "invalid_envelope", "channel"),
        ({"id": "0"}, "invalid_envelope", "id"),
        ({"id": "00000000-0000-0000-0000-000000000000"}, "invalid_envelope", "id"),
        (NOBODY | {"identifiers": None}, "no_identifier", "identifiers"),
        (NOBODY | {"identifiers": {}}, "no_identifier", "identifiers"),
        (NOBODY | {"identifiers": {"account": "null", "device": "000"}}, "no_identifier", "identifiers"),
        (NOBODY | {"identifiers": {"phone": "Withheld"}}, "no_identifier", "identifiers"),
        ({"identifiers": {"account": {"id": 5}}}, "invalid_envelope", "identifiers.account"),
        ({"identifiers": {"account": list("abcdef")}}, "invalid_envelope", "identifiers.account"),
        ({"surprise": 1}, "invalid_envelope", "surprise"),
        ({"data": [1]}, "invalid_envelope", "data"),
        ({"data": {"cart_id": "7", "value": "eighty"}}, "invalid_data", "data.value"),
        ({"data": {"cart_id": "7", "note": "x" * 40_000}}, "too_large", ""),
    ],
)
def test_an_invalid_event_is_quarantined_with_a_reason_and_a_field(
    event: MakeEvent, change: dict[str, Any], reason: str, field: str
) -> None:
    """Each error has its reason, the path of the field and a message; the event is kept unchanged."""
    raw = json.dumps(event(**change)).encode()
    acceptance = validate(raw)
    (result,) = acceptance.results
    assert (result.status, result.reason, result.field) == ("quarantined", reason, field)
    assert len(result.message) > 8
    (line,) = acceptance.batch.quarantine
    kept = json.loads(line)
    assert (kept["reason"], kept["field"], kept["message"]) == (reason, field, result.message)
    assert (kept["body"].encode(), kept["producer"], kept["received_at"]) == (raw, "shop-1", NOW)
    assert acceptance.batch.touchpoints == []


def test_a_result_has_the_id_of_a_quarantined_event_if_readable(event: MakeEvent) -> None:
    """A producer can match a result to its event by id, and by position if there is no id."""
    results = validate([event(id="known", type="?"), event(id=["no", "text"]), 7]).results
    assert [result.id for result in results] == ["known", None, None]
    assert results[2].reason == "not_an_object"


def test_a_wrong_clock_is_corrected(event: MakeEvent) -> None:
    """If `sent_at` and the collector's clock differ by more than 5 s, the time is moved by the difference."""
    hours_ahead = event(time="2024-03-01T13:59:00Z", sent_at="2024-03-01T14:00:00Z")
    close = event(time="2024-03-01T10:59:00Z", sent_at="2024-03-01T11:00:04Z")
    times = [json.loads(line)["time"] for line in validate([hours_ahead, close]).batch.touchpoints]
    assert times == [NOW - 60_000, NOW - 60_000]


@pytest.mark.parametrize(("minutes", "status"), [(5, "stored"), (6, "quarantined")])
def test_a_time_five_minutes_ahead_is_accepted(event: MakeEvent, minutes: int, status: str) -> None:
    """A time up to five minutes in the future is accepted."""
    (result,) = validate(event(time=f"2024-03-01T11:0{minutes}:00Z")).results
    assert result.status == status


def test_the_second_of_two_valid_events_with_one_id_is_a_duplicate(event: MakeEvent) -> None:
    """The first valid event is stored; an invalid event with the same id before it does not count."""
    acceptance = validate(
        [event(id="x", type="?"), event(id="x", source="first"), event(id="x", source="second")]
    )
    assert [result.status for result in acceptance.results] == ["quarantined", "stored", "duplicate"]
    assert json.loads(acceptance.batch.touchpoints[0])["source"] == "first"


@pytest.mark.parametrize(
    ("change", "conflicting"),
    [
        ({}, False),
        ({"data": {"value": 80.0, "currency": "EUR", "cart_id": "77"}}, False),
        ({"time": "2024-03-01T10:00:05.000Z", "context": {"try": 2}}, False),
        ({"time": "2024-03-01T10:00:05.001Z"}, True),
        ({"data": {"cart_id": "78"}}, True),
        ({"source": "till"}, True),
        ({"identifiers": {"account": "u-18"}}, True),
    ],
)
def test_a_duplicate_with_other_content_is_marked(
    event: MakeEvent, change: dict[str, Any], conflicting: bool
) -> None:
    """A duplicate whose content differs from the first is marked; the order of fields is no difference."""
    results = validate([event(id="x"), event(id="x", **change)]).results
    assert [(one.status, one.conflicting) for one in results] == [
        ("stored", False),
        ("duplicate", conflicting),
    ]
    row = json.loads(account_row(results, "shop-1", NOW))
    assert (row["repeated"], row["conflicting"]) == (1, int(conflicting))


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"NaN", "not_an_object"),
        (b'{"id": NaN}', "invalid_envelope"),
        (b'{"id": "half an emoji \\ud83d"}', "malformed_json"),
        (b'{"data": ' + b"[" * 5000 + b"]" * 5000 + b"}", "malformed_json"),
        (b'{"a": "],[{\\"", "b": tru}', "malformed_json"),
        (b'{"id": "\xff"}', "malformed_json"),
    ],
)
def test_an_event_that_is_not_json_does_not_affect_the_others(
    event: MakeEvent, bad: bytes, reason: str
) -> None:
    """In an array and in NDJSON the other events are stored, and the invalid one is kept unchanged."""
    good = [json.dumps(event()).encode() for _ in range(2)]
    for body in (b"[%s , %s,\n%s]" % (good[0], bad, good[1]), b"%s\n%s\n\n%s\n" % (good[0], bad, good[1])):
        acceptance = validate(body)
        assert [result.status for result in acceptance.results] == ["stored", "quarantined", "stored"]
        kept = json.loads(acceptance.batch.quarantine[0])
        assert kept["reason"] == reason
        assert kept["body"] == bad.decode(errors="backslashreplace")


@pytest.mark.parametrize(
    "body", [b"hello", b'{"id": "cut o', b"[{}, {", b"a=1&b=2", b"\xff\xfe\x00", b"[1],[2]"]
)
def test_a_body_that_is_not_json_is_quarantined_whole(body: bytes) -> None:
    """A body that cannot be split into events is quarantined as one."""
    acceptance = validate(body)
    assert not acceptance.readable
    assert [result.reason for result in acceptance.results] == ["malformed_json"]
    assert json.loads(acceptance.batch.quarantine[0])["body"] == body.decode(errors="backslashreplace")
    with pytest.raises(Unsplittable):
        split(body)


@pytest.mark.parametrize("part", [b"\x00", b"\xff", b'"'])
def test_quarantine_keeps_the_first_two_megabytes_of_larger_bodies(part: bytes) -> None:
    """Written as JSON, it fits one record of Kafka, whatever bytes it has; the message says how many."""
    size = 3 * REQUEST_BYTES
    acceptance = accept(Received(part * size, NOW, "shop"))
    (line,) = acceptance.batch.quarantine
    assert len(line) < QUARANTINE_RECORD_BYTES
    assert f"of {size} bytes, the first {REQUEST_BYTES} are kept" in json.loads(line)["message"]


def test_an_event_may_be_spread_over_lines(event: MakeEvent) -> None:
    """An indented JSON object is one event, also after a byte order mark."""
    assert validate(b"\xef\xbb\xbf" + json.dumps(event(), indent=2).encode()).results[0].status == "stored"


def test_numbers_beyond_64_bits_are_rejected(event: MakeEvent) -> None:
    """A number that does not fit 64 bits is rejected, because JSON parsers read it differently."""
    text = json.dumps(event(data={"cart_id": "7", "n": "N"}))
    for number in ("1" * 30, "1e999"):
        (result,) = validate(text.replace('"N"', number).encode()).results
        assert (result.status, result.field.split(".")[0]) == ("quarantined", "data")


def test_a_request_with_too_many_events_is_rejected(event: MakeEvent) -> None:
    """The limit counts valid and invalid events."""
    body = json.dumps([event(), 1, event()]).encode()
    with pytest.raises(TooManyEvents, match="3 events in one request; send at most 2"):
        accept(Received(body, NOW, "p"), most_events=2)
    assert len(accept(Received(body, NOW, "p"), most_events=3).results) == 3


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
good_events = st.builds(
    lambda number, time, data: {
        "id": f"e-{number}",
        "type": "page.viewed",
        "time": time,
        "channel": "web",
        "source": "shop",
        "identifiers": {"device": "c0ffee"},
        "data": {"url": "/x", "mine": data},
    },
    st.integers(0, 5),
    st.sampled_from(["2024-03-01T10:00:00Z", "1970-01-01T00:00:00Z", "soon"]),
    json_values,
)
elements = good_events | json_values


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(elements, st.sampled_from([None, 2])), max_size=8), st.booleans())
def test_any_mix_has_one_result_per_event_in_order(mix: list[tuple[Any, int | None]], lines: bool) -> None:
    """Every event has one result, in order: stored, duplicate or quarantined unchanged."""
    raws = [json.dumps(value, indent=None if lines else indent).encode() for value, indent in mix]
    if lines:
        raws.append(b'{"the": "last"}')
    body = b"\n".join(raws) if lines else b"[" + b", ".join(raws) + b"]"
    acceptance = accept(Received(body, NOW, "p"))
    # Validated alone, each event has the same result, except for repeated ids.
    alone = [accept_each([raw], received_at_ms=NOW, producer="p") for raw in raws]
    seen: set[str | None] = set()
    stored: list[bytes] = []
    for result, single in zip(acceptance.results, alone, strict=True):
        expected = single.results[0]
        if expected.status == "stored" and expected.id in seen:
            assert (result.status, result.id, result.message) == ("duplicate", expected.id, "")
            continue
        assert result == expected
        if result.status == "stored":
            seen.add(result.id)
            stored.extend(single.batch.touchpoints)
    assert list(acceptance.batch.touchpoints) == stored
    kept = [json.loads(line)["body"].encode() for line in acceptance.batch.quarantine]
    invalid = [
        raw for raw, single in zip(raws, alone, strict=True) if single.results[0].status == "quarantined"
    ]
    assert kept == invalid
    tally = Counter(result.status for result in acceptance.results)
    assert tally["stored"] == len(acceptance.batch.touchpoints)
    assert tally["quarantined"] == len(acceptance.batch.quarantine)
    assert tally.total() == len(raws)
    for line in acceptance.batch.touchpoints:
        assert b"\n" not in line
        msgspec.json.decode(line, type=Accepted)


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=60) | st.text(alphabet='[]{}",:\\ \n1aé', max_size=40).map(str.encode))
def test_no_body_raises(body: bytes) -> None:
    """Any body gives a result for each of its events, and keeps every byte."""
    acceptance = accept(Received(body, NOW, "p"))
    assert len(acceptance.results) == len(acceptance.batch.quarantine)
    if not acceptance.readable:
        assert json.loads(acceptance.batch.quarantine[0])["body"] == body.decode(errors="backslashreplace")
