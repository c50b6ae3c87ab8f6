"""What becomes of each event of a request."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from touchline.collector.acceptance import Acceptance, TooManyEvents, accept, accept_each
from touchline.collector.dialects.native import Unsplittable, split
from touchline.vocabulary.event import Event as Accepted

NOW = 1_709_290_800_000  # 2024-03-01T11:00:00Z
MakeEvent = Callable[..., dict[str, Any]]


def judge(body: bytes | object) -> Acceptance:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return accept(content, received_at_ms=NOW, producer="shop-1")


def test_an_accepted_event_is_stamped_and_normalised(event: MakeEvent) -> None:
    """The log line is what `Event` reads: stamped, times in milliseconds, identifiers strongest first."""
    acceptance = judge(event(id="x", received_at="2001-01-01T00:00:00Z", producer="somebody else"))
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


def test_unknown_data_fields_are_kept(event: MakeEvent) -> None:
    """What the type does not know stays in the data as it came."""
    (line,) = judge(event(data={"cart_id": "7", "mine": {"deep": [1, None, "ü"]}})).batch.touchpoints
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
        ({"identifiers": None}, "no_identifier", "identifiers"),
        ({"identifiers": {}}, "no_identifier", "identifiers"),
        ({"identifiers": {"account": "null", "device": "000"}}, "no_identifier", "identifiers"),
        ({"identifiers": {"account": list("abcdef")}}, "invalid_envelope", "identifiers.account"),
        ({"surprise": 1}, "invalid_envelope", "surprise"),
        ({"data": [1]}, "invalid_envelope", "data"),
        ({"data": {"cart_id": "7", "value": "eighty"}}, "invalid_data", "data.value"),
        ({"data": {"cart_id": "7", "note": "x" * 40_000}}, "too_large", ""),
    ],
)
def test_a_bad_event_is_quarantined_with_what_and_where(
    event: MakeEvent, change: dict[str, Any], reason: str, field: str
) -> None:
    """Each fault has its reason, the path of the field, a message, and the event whole."""
    raw = json.dumps(event(**change)).encode()
    acceptance = judge(raw)
    (result,) = acceptance.results
    assert (result.status, result.reason, result.field) == ("quarantined", reason, field)
    assert len(result.message) > 8
    (line,) = acceptance.batch.quarantine
    kept = json.loads(line)
    assert (kept["reason"], kept["field"], kept["message"]) == (reason, field, result.message)
    assert (kept["body"].encode(), kept["producer"], kept["received_at"]) == (raw, "shop-1", NOW)
    assert acceptance.batch.touchpoints == []


def test_the_id_of_a_quarantined_event_is_told_where_it_can_be_read(event: MakeEvent) -> None:
    """A producer can match a refusal to its event by id, and by place where there is none."""
    results = judge([event(id="known", type="?"), event(id=["no", "text"]), 7]).results
    assert [result.id for result in results] == ["known", None, None]
    assert results[2].reason == "not_an_object"


def test_a_wrong_clock_is_taken_out(event: MakeEvent) -> None:
    """Where `sent_at` and the collector's clock differ by more than 5 s, the time is moved by that."""
    hours_ahead = event(time="2024-03-01T13:59:00Z", sent_at="2024-03-01T14:00:00Z")
    close = event(time="2024-03-01T10:59:00Z", sent_at="2024-03-01T11:00:04Z")
    times = [json.loads(line)["time"] for line in judge([hours_ahead, close]).batch.touchpoints]
    assert times == [NOW - 60_000, NOW - 60_000]


@pytest.mark.parametrize(("minutes", "status"), [(5, "stored"), (6, "quarantined")])
def test_five_minutes_ahead_are_let_pass(event: MakeEvent, minutes: int, status: str) -> None:
    """A clock that is a little fast costs no event."""
    (result,) = judge(event(time=f"2024-03-01T11:0{minutes}:00Z")).results
    assert result.status == status


def test_the_second_of_two_good_events_with_one_id_is_a_duplicate(event: MakeEvent) -> None:
    """The first good one stands; a bad one before it does not take its id."""
    acceptance = judge(
        [event(id="x", type="?"), event(id="x", source="first"), event(id="x", source="second")]
    )
    assert [result.status for result in acceptance.results] == ["quarantined", "stored", "duplicate"]
    assert json.loads(acceptance.batch.touchpoints[0])["source"] == "first"


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
def test_one_that_is_no_json_does_not_fail_its_neighbours(event: MakeEvent, bad: bytes, reason: str) -> None:
    """In an array and in NDJSON the good ones before and after it are stored, and it is kept as it came."""
    good = [json.dumps(event()).encode() for _ in range(2)]
    for body in (b"[%s , %s,\n%s]" % (good[0], bad, good[1]), b"%s\n%s\n\n%s\n" % (good[0], bad, good[1])):
        acceptance = judge(body)
        assert [result.status for result in acceptance.results] == ["stored", "quarantined", "stored"]
        kept = json.loads(acceptance.batch.quarantine[0])
        assert kept["reason"] == reason
        assert kept["body"] == bad.decode(errors="backslashreplace")


@pytest.mark.parametrize(
    "body", [b"hello", b'{"id": "cut o', b"[{}, {", b"a=1&b=2", b"\xff\xfe\x00", b"[1],[2]"]
)
def test_what_is_no_json_at_all_is_quarantined_whole(body: bytes) -> None:
    """Nothing can be told apart in it, so that it is kept as one, and said so."""
    acceptance = judge(body)
    assert not acceptance.readable
    assert [result.reason for result in acceptance.results] == ["malformed_json"]
    assert json.loads(acceptance.batch.quarantine[0])["body"] == body.decode(errors="backslashreplace")
    with pytest.raises(Unsplittable):
        split(body)


def test_an_event_may_be_spread_over_lines(event: MakeEvent) -> None:
    """A single event written for people is one event, also with a byte order mark."""
    assert judge(b"\xef\xbb\xbf" + json.dumps(event(), indent=2).encode()).results[0].status == "stored"


def test_numbers_that_no_reader_shares_are_refused(event: MakeEvent) -> None:
    """A number over 64 bits, or one that overflows, would be changed on its way; so it is not let in."""
    text = json.dumps(event(data={"cart_id": "7", "n": "N"}))
    for number in ("1" * 30, "1e999"):
        (result,) = judge(text.replace('"N"', number).encode()).results
        assert (result.status, result.field.split(".")[0]) == ("quarantined", "data")


def test_a_request_of_too_many_events_is_refused_whole(event: MakeEvent) -> None:
    """The bound counts events, good or bad."""
    body = json.dumps([event(), 1, event()]).encode()
    with pytest.raises(TooManyEvents, match="3 events; a request may hold 2"):
        accept(body, received_at_ms=NOW, producer="p", most_events=2)
    assert len(accept(body, received_at_ms=NOW, producer="p", most_events=3).results) == 3


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
def test_any_mix_has_one_result_an_event_in_order(mix: list[tuple[Any, int | None]], lines: bool) -> None:
    """Stored, duplicate and quarantined add up to what was sent, each in its place, nothing changed."""
    raws = [json.dumps(value, indent=None if lines else indent).encode() for value, indent in mix]
    if lines:
        raws.append(b'{"the": "last"}')
    body = b"\n".join(raws) if lines else b"[" + b", ".join(raws) + b"]"
    acceptance = accept(body, received_at_ms=NOW, producer="p")
    # Judged alone, each has the same fate, save for repeated ids.
    alone = [accept_each([raw], received_at_ms=NOW, producer="p") for raw in raws]
    seen: set[str | None] = set()
    stored: list[bytes] = []
    for result, one in zip(acceptance.results, alone, strict=True):
        expected = one.results[0]
        if expected.status == "stored" and expected.id in seen:
            assert (result.status, result.id) == ("duplicate", expected.id)
            continue
        assert result == expected
        if result.status == "stored":
            seen.add(result.id)
            stored.extend(one.batch.touchpoints)
    assert list(acceptance.batch.touchpoints) == stored
    kept = [json.loads(line)["body"].encode() for line in acceptance.batch.quarantine]
    bad = [raw for raw, one in zip(raws, alone, strict=True) if one.results[0].status == "quarantined"]
    assert kept == bad
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
    """Whatever the bytes, there is a result for each thing told apart, and nothing of it is lost."""
    acceptance = accept(body, received_at_ms=NOW, producer="p")
    assert len(acceptance.results) == len(acceptance.batch.quarantine)
    if not acceptance.readable:
        assert json.loads(acceptance.batch.quarantine[0])["body"] == body.decode(errors="backslashreplace")
