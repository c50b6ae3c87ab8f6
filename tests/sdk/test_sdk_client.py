"""The events that `track`, `identify` and `contact` send."""

import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from math import inf, nan
from types import MappingProxyType
from typing import Any, NamedTuple, get_args
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
import uuid_utils

import touchline.sdk
from touchline.sdk import Channel, InvalidEvent, Limits, Memory, Touchline
from touchline.vocabulary import envelope
from touchline.vocabulary.registry import EVENT_TYPES


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def tl(memory: Memory, quick: Limits) -> Iterator[Touchline]:
    with Touchline(memory, source="shop", limits=quick) as tl:
        yield tl


def test_an_event_is_one_that_the_collector_can_read(tl: Touchline, memory: Memory) -> None:
    """The sent event is a valid envelope."""
    tl.track("checkout.started", {"account": "u-17", "email": ["a@b.example"]}, cart_id="77", value=80.0)
    tl.flush()
    event = envelope.Envelope.model_validate_json(touchline.sdk.wire.encode(memory.events[0])[0])
    assert event.type == "checkout.started"
    assert event.identifiers == {"account": ("u-17",), "email": ("a@b.example",)}
    assert event.data == {"cart_id": "77", "value": 80.0}
    assert abs(event.time - datetime.now(UTC)) < timedelta(seconds=5)


def test_the_channels_and_the_size_are_the_vocabularys() -> None:
    """The SDK does not import the vocabulary, but has its channels and limits."""
    assert set(get_args(Channel)) == {channel.value for channel in envelope.Channel}
    assert Limits().event_bytes == envelope.EVENT_BYTES
    assert Limits().batch_bytes + Limits().event_bytes < envelope.REQUEST_BYTES
    assert Limits().batch_events <= envelope.REQUEST_EVENTS


def test_ids_are_ordered_and_times_are_of_the_call(tl: Touchline, memory: Memory) -> None:
    """Ids are UUIDv7 in order of tracking; times have milliseconds and a Z."""
    for _ in range(200):
        tl.track("page.viewed", {"device": "d"})
    tl.flush()
    ids = [event["id"] for event in memory.events]
    assert ids == sorted(ids)
    assert all(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f-]{17}", id) for id in ids)
    assert all(re.fullmatch(r"2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", e["time"]) for e in memory.events)


def test_named_arguments_are_the_envelope_and_data_takes_what_collides(tl: Touchline, memory: Memory) -> None:
    """`channel`, `time`, `id`, `context` set the envelope; the same keys in `data` are data."""
    tl.track(
        "order.placed",
        {"account": "u"},
        id="o-1",
        channel="app",
        time=datetime(2026, 11, 21, 11, 0, 0, 999_999, timezone(timedelta(hours=1))),
        context={"locale": "de"},
        data={"id": "77", "channel": "x", "time": "noon", "data": 1, "identifiers": 2, "value": 1},
        value=2,
        type="gift",
    )
    tl.flush()
    assert memory.events == [
        {
            "id": "o-1",
            "type": "order.placed",
            "time": "2026-11-21T10:00:00.999Z",
            "channel": "app",
            "source": "shop",
            "identifiers": {"account": "u"},
            "data": {
                "id": "77",
                "channel": "x",
                "time": "noon",
                "data": 1,
                "identifiers": 2,
                "value": 2,
                "type": "gift",
            },
            "context": {"locale": "de"},
        }
    ]


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (1_795_255_200_007, "2026-11-21T10:00:00.007Z"),
    ],
)
def test_a_time_is_written_with_milliseconds(milliseconds: int, text: str) -> None:
    """Milliseconds since 1970 become RFC 3339."""
    assert touchline.sdk.wire.rfc3339(milliseconds) == text


def test_prices_times_and_mappings_are_carried(tl: Touchline, memory: Memory) -> None:
    """Decimals, times and read-only mappings become JSON values."""
    due = datetime(2026, 11, 21, tzinfo=UTC)
    tl.track("promise.made", MappingProxyType({"account": "u"}), price=Decimal("9.90"), due_at=due)
    tl.flush()
    assert memory.events[0]["identifiers"] == {"account": "u"}
    assert memory.events[0]["data"] == {"price": 9.9, "due_at": "2026-11-21T00:00:00+00:00"}


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"time": datetime(2026, 1, 1)}, "the time has no time zone"),
        ({"time": "now"}, "the time is a str: pass an aware datetime"),
        ({"time": pd.NaT}, "the time has no time zone"),
        ({"data": 5}, "data is a int: pass a mapping"),
        ({"id": object()}, "id: a object has no JSON form"),
        ({"channel": nan}, "channel: a number is NaN or infinite"),
    ],
)
def test_an_event_whose_envelope_is_not_json_is_lost_as_invalid(
    tl: Touchline, memory: Memory, caplog: pytest.LogCaptureFixture, arguments: Mapping[str, Any], why: str
) -> None:
    """An envelope that JSON cannot hold does not raise; the event is counted, the others arrive."""
    tl.track("page.viewed", {"account": "u"})
    tl.track("page.viewed", {"account": "u"}, **arguments)
    tl.track("page.viewed", {"account": "u"})
    tl.close()
    assert tl.stats.lost == {"invalid": 1}
    assert len(memory.events) == 2
    assert why in caplog.text


def test_a_strict_client_raises_what_another_one_leaves_out(memory: Memory) -> None:
    """A strict client raises with the path and the reason, and counts the event as lost."""
    with Touchline(memory, source="shop", strict=True) as tl:
        with pytest.raises(InvalidEvent, match=r"data\.price: a number is NaN or infinite"):
            tl.track("order.placed", {"account": "u"}, price=nan)
        with pytest.raises(InvalidEvent, match="no time zone"):
            tl.track("order.placed", {"account": "u"}, time=datetime(2026, 1, 1))
        with pytest.raises(InvalidEvent, match="more than 32768 bytes"):
            tl.track("order.placed", {"account": "u"}, text="x" * 40_000)
        tl.track("order.placed", {"account": "u"}, price=1.5)
    assert tl.stats.lost == {"invalid": 2, "too_large": 1}
    assert memory.types() == ["order.placed"]


class Scalar:
    """A value of a library that the SDK does not know."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __repr__(self) -> str:
        return f"Scalar({self._value!r})"

    def item(self) -> Any:
        return self._value


class Moment(datetime):
    """A time of a library that the SDK does not know."""


@dataclass
class Offer:
    price: Any


@dataclass
class Priced:
    """As `orjson` writes a dataclass: without what its author keeps private."""

    price: Any
    _cost: Any = 1


class Price(Enum):
    UNKNOWN = nan


class Size(Enum):
    LARGE = "l"


class Point(NamedTuple):
    x: Any
    y: Any


ID = UUID("0199f0c2-0000-7000-8000-000000000001")

VALUES: list[tuple[Any, Any]] = [
    (None, None),
    (True, True),
    ("null", "null"),
    (2**64 - 1, 2**64 - 1),
    (-(2**63), -(2**63)),
    (Decimal("9.90"), 9.9),
    (ID, str(ID)),
    (uuid_utils.UUID(str(ID)), str(ID)),
    (datetime(2026, 11, 21, tzinfo=UTC), "2026-11-21T00:00:00+00:00"),
    (Moment(2026, 11, 21, 10, 0, 0, 5, UTC), "2026-11-21T10:00:00.000005+00:00"),
    (pd.Timestamp("2026-11-21T10:00:00.123456789+01:00"), "2026-11-21T10:00:00.123456+01:00"),
    (type("Day", (date,), {})(2026, 11, 21), "2026-11-21"),
    (timedelta(minutes=1, milliseconds=500), 60.5),
    (pd.Timedelta("90s"), 90.0),
    ("caf\u00e9".encode(), "caf\u00e9"),
    (bytearray(b"b"), "b"),
    (Size.LARGE, "l"),
    (Offer(Decimal(3)), {"price": 3.0}),
    (Priced(3), {"price": 3}),
    (Point(1, {2}), {"x": 1, "y": [2]}),
    ((1, "b"), [1, "b"]),
    ({10, 9}, [9, 10]),
    (frozenset({"b", 1, "a"}), [1, "a", "b"]),
    ({"b": 1}.keys(), ["b"]),
    ({"b": 1}.values(), [1]),
    (deque([1, 2]), [1, 2]),
    (MappingProxyType({"b": {"c": (1,)}}), {"b": {"c": [1]}}),
    ({1: "a", ID: "b", Size.LARGE: "c"}, {"1": "a", str(ID): "b", "l": "c"}),
    (Scalar(5), 5),
    (Scalar("five"), "five"),
    (np.int64(5), 5),
    (np.float64(2.5), 2.5),
    (np.float32(0.5), 0.5),
    (np.bool_(True), True),
    (np.array(5), 5),
]
"""A value of an application, and what is sent."""

VALUELESS: list[tuple[Any, str]] = [
    (nan, "NaN or infinite"),
    (-inf, "NaN or infinite"),
    (Decimal("NaN"), "NaN or infinite"),
    (Decimal("1e999"), "NaN or infinite"),
    (np.float64("nan"), "NaN or infinite"),
    (np.float32("-inf"), "NaN or infinite"),
    (Price.UNKNOWN, "NaN or infinite"),
    (Scalar(nan), "NaN or infinite"),
    (pd.NaT, "NaT"),
    (2**64, "beyond 64 bits"),
    (b"\xff", "not UTF-8"),
    (np.array([1, 2]), "a ndarray has no JSON form"),
    (np.timedelta64(3, "s"), "a timedelta64 has no JSON form"),
    (object(), "a object has no JSON form"),
    (1j, "a complex has no JSON form"),
    ([1, {2: 3}, nan], "NaN or infinite"),
]
"""A value that JSON cannot hold, and a part of the reason."""


@pytest.mark.parametrize(("value", "sent"), VALUES)
def test_values_of_applications_are_carried(tl: Touchline, memory: Memory, value: Any, sent: Any) -> None:
    """Each kind of value is sent as JSON, whether or not another field makes the encoder walk."""
    tl.track("order.placed", {"account": "u"}, value=value)
    tl.track("order.placed", {"account": "u"}, value=value, text="\ud800")
    tl.flush()
    assert memory.events[0]["data"] == {"value": sent}
    assert memory.events[1]["data"] == {"value": sent, "text": "\ufffd"}
    assert tl.stats.omitted == 0


@pytest.mark.parametrize(("value", "why"), VALUELESS)
def test_a_value_without_json_costs_its_field_alone(
    tl: Touchline, memory: Memory, caplog: pytest.LogCaptureFixture, value: Any, why: str
) -> None:
    """The field is left out, the event says so, and the log names the type, the field and the reason."""
    tl.track("order.placed", {"account": "u"}, context={"locale": "de"}, value=value, cart_id="77", note=None)
    tl.close()
    [event] = memory.events
    assert event["data"] == {"cart_id": "77", "note": None}
    assert event["context"]["locale"] == "de"
    assert "data.value" in event["context"]["omitted_fields"]
    assert tl.stats.lost == {}
    assert tl.stats.omitted >= 1
    [line] = [record.getMessage() for record in caplog.records]
    assert "fields left out of events, such as type order.placed field data.value" in line
    assert why in line


def test_the_innermost_field_is_left_out(tl: Touchline, memory: Memory) -> None:
    """Of an object in a list only its own field is left out; a list with such a value is left out whole."""
    identifiers: Any = {"account": "u", "email": nan}
    items = [{"sku": "a", "price": nan}, {"sku": "b", "price": Decimal(2)}]
    tl.track("order.placed", identifiers, items=items, sizes=[1, nan], offer=Offer(nan))
    tl.flush()
    [event] = memory.events
    assert event["identifiers"] == {"account": "u"}
    assert event["data"] == {"items": [{"sku": "a"}, {"sku": "b", "price": 2.0}], "offer": {}}
    assert event["context"]["omitted_fields"] == [
        "identifiers.email",
        "data.items.price",
        "data.sizes",
        "data.offer.price",
    ]


def test_what_cannot_be_read_costs_its_field_alone(tl: Touchline, memory: Memory) -> None:
    """A value that holds itself, and one whose reading raises, are left out."""
    ring: list[Any] = []
    ring.append(ring)

    class Broken(dict[str, Any]):
        def items(self) -> Any:
            raise LookupError("u-secret")

    tl.track(
        "order.placed", {"account": "u"}, ring=ring, broken=MappingProxyType(Broken(a=nan)), cart_id="77"
    )
    tl.flush()
    assert memory.events[0]["data"] == {"cart_id": "77"}
    assert tl.stats.omitted == 2


@pytest.mark.parametrize(
    ("value", "sent"),
    [(17, 17), (2**70, str(2**70)), (ID, str(ID)), (b"u", "u"), (None, None), ([1, "b"], [1, "b"])],
    ids=repr,
)
def test_identifiers_need_not_be_text(tl: Touchline, memory: Memory, value: Any, sent: Any) -> None:
    """Whole numbers, UUIDs and None are taken as identifiers, as the collector reads them."""
    tl.track("page.viewed", {"account": value, "device": "d"})
    tl.flush()
    assert memory.events[0]["identifiers"] == {"account": sent, "device": "d"}
    read = envelope.Envelope.model_validate_json(touchline.sdk.wire.encode(memory.events[0])[0]).identifiers
    texts = {17: ("17",), None: ()}.get(sent) if not isinstance(sent, list) else ("1", "b")
    assert read["account"] == (texts if texts is not None else (sent,))


def test_a_time_of_a_library_is_the_time_of_the_event(tl: Touchline, memory: Memory) -> None:
    """`time` takes a subclass of `datetime`."""
    tl.track("page.viewed", {"account": "u"}, time=pd.Timestamp("2026-11-21T10:00:00.123456789+01:00"))
    tl.flush()
    assert memory.events[0]["time"] == "2026-11-21T09:00:00.123Z"


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("a\ud800b", "a\ufffdb"),
        ("\udfff", "\ufffd"),
        ("a\ud83d\ude00", "a\U0001f600"),
        (["x", {"\ud800": ("y\ud800", 1, None)}], ["x", {"\ufffd": ["y\ufffd", 1, None]}]),
        (MappingProxyType({"a": Offer("\ud800")}), {"a": {"price": "\ufffd"}}),
    ],
    ids=ascii,
)
def test_half_a_surrogate_pair_costs_its_character(
    tl: Touchline, memory: Memory, value: Any, sent: Any
) -> None:
    """A lone surrogate becomes U+FFFD, a pair its character; everything else is sent as it is."""
    tl.track("page.viewed", {"account": "u\ud800"}, value=value, price=Decimal("9.9"), count=np.int64(3))
    tl.flush()
    assert memory.events[0]["identifiers"] == {"account": "u\ufffd"}
    assert memory.events[0]["data"] == {"value": sent, "price": 9.9, "count": 3}


def test_an_event_past_the_size_is_lost_as_too_large(tl: Touchline, memory: Memory) -> None:
    """An event of more than 32 KB is not sent."""
    tl.track("page.viewed", {"account": "u"}, text="x" * 32 * 1024)
    tl.flush()
    assert tl.stats.lost == {"too_large": 1}
    assert memory.events == []


def test_identify_links_identifiers(tl: Touchline, memory: Memory) -> None:
    """`identify` sends `identity.linked` without data."""
    tl.identify({"account": "u-17", "device": "c0ffee"}, channel="app")
    tl.flush()
    [event] = memory.events
    assert (event["type"], event["channel"], event["data"]) == ("identity.linked", "app", {})
    assert event["identifiers"] == {"account": "u-17", "device": "c0ffee"}


def test_a_contact_sends_an_event_for_each_step(tl: Touchline, memory: Memory) -> None:
    """Each step of a contact is an event with the contact's id, channel and reason."""
    with tl.contact("phone", {"phone": "+49301"}, reason="billing", line="free") as call:
        call.menu_entered(menu="main")
        call.queued("tier1", told_seconds=60)
        call.answered(agent="a7")
        call.held()
        call.resumed()
        call.transferred("tier2")
        call.answered(agent="a8", wait_seconds=30)
        call.reauthenticated()
        call.escalated()
        call.resolved = True
    tl.flush()
    assert memory.types() == [
        f"contact.{step}"
        for step in (
            "started",
            "menu_entered",
            "queued",
            "answered",
            "held",
            "resumed",
            "transferred",
            "answered",
            "reauthenticated",
            "escalated",
            "ended",
        )
    ]
    data = [event["data"] for event in memory.events]
    assert {
        (event["channel"], event["data"]["contact_id"], event["data"]["reason"]) for event in memory.events
    } == {("phone", call.id, "billing")}
    assert data[0]["line"] == "free"
    assert data[2]["queue"] == "tier1"
    assert data[3]["agent"] == "a7"
    assert 0 <= data[3]["wait_seconds"] < 5
    assert [step.get("told_seconds") for step in data[2:8]] == [60, 60, None, None, None, None]
    assert data[7]["wait_seconds"] == 30
    assert data[-1]["resolved"] is True
    for event in memory.events:
        EVENT_TYPES[event["type"]].model.model_validate(event["data"], strict=True)


def test_an_abandoned_contact_does_not_end(tl: Touchline, memory: Memory) -> None:
    """After `abandoned` there is no `contact.ended`."""
    with tl.contact("chat", {"account": "u"}) as chat:
        chat.queued("sales")
        chat.abandoned()
    tl.flush()
    assert memory.types() == ["contact.started", "contact.queued", "contact.abandoned"]
    assert 0 <= memory.events[2]["data"]["wait_seconds"] < 5
    assert "reason" not in memory.events[0]["data"]


def test_an_exception_ends_a_contact_and_propagates(tl: Touchline, memory: Memory) -> None:
    """An exception in the block ends the contact without `resolved`, and propagates."""
    with pytest.raises(LookupError), tl.contact("phone", {"account": "u"}):
        raise LookupError
    tl.flush()
    assert memory.types() == ["contact.started", "contact.ended"]
    assert "resolved" not in memory.events[1]["data"]


def test_the_public_names_are_these() -> None:
    """The public names of the SDK change only on purpose."""
    assert sorted(touchline.sdk.__all__) == [
        "Accepted",
        "Account",
        "Batch",
        "BeforeSend",
        "Binding",
        "Channel",
        "Checkout",
        "Contact",
        "Embedded",
        "Example",
        "Identifier",
        "Identifiers",
        "InvalidEvent",
        "Limits",
        "Loss",
        "Memory",
        "OnError",
        "OnLoss",
        "Outcome",
        "Problem",
        "Promise",
        "QueueFull",
        "Refused",
        "Retry",
        "Stats",
        "TooLarge",
        "Touchline",
        "Transport",
        "Visit",
        "WhenFull",
        "bind",
        "close_on_sigterm",
    ]
    assert all(hasattr(touchline.sdk, name) for name in touchline.sdk.__all__)


@pytest.mark.parametrize("wrong", [{"batch_events": 0}, {"retry_least": -1}, {"queue_bytes": 10}])
def test_an_invalid_limit_raises(wrong: dict[str, Any]) -> None:
    """Limits must be positive, and the queue must hold at least one event."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Limits(**wrong)
