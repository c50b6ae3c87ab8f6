"""Exports as they come from the field: files of our own, and the cases beside the repository."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import orjson
import pytest

from touchline.analysis.replay import replay
from touchline.config.rule_packs import load_rules
from touchline.imports import FileError, MappingError, load_mapping, read_events
from touchline.vocabulary.envelope import Envelope, to_event

Write = Callable[[str, str | bytes], Path]

CASES = Path(__file__).parents[2].parent / "shared" / "cases"

SHOP = """\
source: shop
events:
  - type: order.placed
    skip: {Total: null}
    id: "{Name}"
    time: Created at
    channel: web
    identifiers: {email: Email, phone: Phone}
    data: {order_id: Name, value: {column: Total, as: float}, currency: Currency}
  - type: order.cancelled
    skip: {Cancelled at: null}
    id: "{Name}"
    time: Cancelled at
    channel: web
    identifiers: {email: Email}
    data: {order_id: Name}
"""
ORDERS = '''\
Name,Email,Currency,Total,Created at,Lineitem,Note,Cancelled at,Phone
#1,ada@mail.example,EUR,"1,080.50",2026-04-05 21:06:21 +0400,"Mug 12"" blue","First: Ada
City: ""Ulm""",,'+442079460018
#1,,,,2026-04-05 21:06:21 +0400,Saucer,,,'+442079460018
#2,,EUR,10.00,2026-04-05 21:06:21 +0400,Mug,,2026-04-06 21:06:21 +0400,
'''


def test_a_shop_export_is_one_order_per_first_row(write: Write) -> None:
    """Rows that continue an order are skipped; thousands, offsets and quoted line breaks are read."""
    items = list(read_events(write("orders.csv", ORDERS), load_mapping(str(write("shop.yaml", SHOP)))))
    assert [item.bad for item in items] == [None] * 3
    events = [event for item in items for event in item.events]
    assert [(event["type"], event["id"]) for event in events] == [
        ("order.placed", "shop:order.placed:#1"),
        ("order.placed", "shop:order.placed:#2"),
        ("order.cancelled", "shop:order.cancelled:#2"),
    ]
    assert [event["data"].get("value") for event in events] == [1080.5, 10, None]
    assert events[0]["time"] == "2026-04-05T21:06:21+04:00"


def test_rows_without_a_customer_are_kept(write: Write) -> None:
    """An order that names nobody is an event, by its order as an identifier."""
    items = list(read_events(write("orders.csv", ORDERS), load_mapping(str(write("shop.yaml", SHOP)))))
    kept = [to_event(Envelope.model_validate_json(orjson.dumps(event))) for event in items[2].events]
    assert [event.identifiers if event else None for event in kept] == [("order:#2",), ("order:#2",)]


IDS = """\
events:
  - {type: cart.updated, id: "{no}", time: {value: 2026-01-20T10:00:00Z}, channel: web,
     identifiers: {account: cust}, data: {cart_id: no}}
"""


@pytest.mark.parametrize(
    ("value", "account"),
    [
        ('["u1", "u2"]', ("u1", "u2")),
        ("17", "17"),
        ("17.0", "17"),
        ("null", None),
        ("[]", None),
        ('{"id": 5}', "identifier account: expected text, got an object"),
        ("[1, 2, 3, 4, 5, 6]", "at most 5 values"),
        ("17.5", "got a fraction"),
        ("12345678901234567890123", "a float beyond 2^53"),
    ],
)
def test_typed_values_are_identifiers_only_if_they_are_exact(
    write: Write, value: str, account: str | tuple[str, ...] | None
) -> None:
    """Lists and whole numbers are identifiers; objects, fractions and inexact numbers refuse their row."""
    file = write("a.jsonl", f'{{"no": "1", "cust": {value}}}\n')
    (item,) = read_events(file, load_mapping(str(write("m.yaml", IDS))))
    if item.bad is None:
        assert item.events[0]["identifiers"].get("account") == account
    else:
        assert isinstance(account, str)
        assert account in item.bad.what


CALLS = """\
source: calls
events:
  - &call
    type: contact.started
    id: "{call}"
    time: {column: [day, clock], zone: Europe/Berlin}
    channel: phone
    identifiers: {phone: caller}
    data: {contact_id: call}
  - <<: *call
    type: contact.queued
    data: {contact_id: call, queue: topic}
  - <<: *call
    type: contact.answered
    where: {answered: Y}
    time: {column: [day, clock], zone: Europe/Berlin, plus: {column: wait, unit: s}}
    data: {contact_id: call, wait_seconds: {column: wait, as: duration, unit: s}}
  - <<: *call
    type: contact.ended
    where: {answered: Y}
    time: {column: [day, clock], zone: Europe/Berlin, plus: [{column: wait, unit: s}, talk]}
  - <<: *call
    type: contact.abandoned
    where: {answered: N}
"""
ROWS = """\
call,day,clock,caller,topic,answered,wait,talk
c1,31.12.2026,9:12:58,+4930123456,billing,Y,62,0:03:20
c2,31.12.2026,9:13:00,Withheld,billing,N,,
c3,31.12.2026,9:13:00,Withheld,billing,Y,5,0:00:07
c4,31.12.2026,9:13:01,,billing,N,,
"""


def _folded(events: Iterable[dict[str, Any]]) -> list[tuple[str, str]]:
    """The rules and anchors of the signals that the default pack finds."""
    accepted = [to_event(Envelope.model_validate_json(orjson.dumps(event))) for event in events]
    result = replay([event for event in accepted if event is not None], load_rules())
    return [(signal["rule"], signal["anchor"]) for signal in result["signals"]]


def test_a_row_of_a_call_gives_its_whole_course(write: Write) -> None:
    """One row with a start, a wait and a duration gives each step at its time, also for withheld callers."""
    items = list(read_events(write("calls.csv", ROWS), load_mapping(str(write("calls.yaml", CALLS)))))
    events = [event for item in items for event in item.events]
    assert [(event["type"], event["time"]) for event in items[0].events] == [
        ("contact.started", "2026-12-31T09:12:58+01:00"),
        ("contact.queued", "2026-12-31T09:12:58+01:00"),
        ("contact.answered", "2026-12-31T09:14:00+01:00"),
        ("contact.ended", "2026-12-31T09:17:20+01:00"),
    ]
    assert items[0].events[2]["data"]["wait_seconds"] == 62
    accepted = [to_event(Envelope.model_validate_json(orjson.dumps(event))) for event in events]
    assert {event.entity for event in accepted if event} == {
        "phone:+4930123456",
        "contact:c2",
        "contact:c3",
        "contact:c4",
    }
    anchors = sorted(anchor for rule, anchor in _folded(events) if rule == "queue_abandoned")
    assert anchors == ["calls:contact.queued:c2", "calls:contact.queued:c4"]


def _case(folder: str, file: str, mapping: str) -> list[Any]:
    """The events of a case's file, and what is wrong with its bad rows."""
    path = CASES / folder
    if not path.exists():
        pytest.skip(f"the cases are not here: ../shared/cases/{folder}")
    found: list[Any] = []
    for item in read_events(path / file, load_mapping(str(path / mapping))):
        found += [item.bad.what] if item.bad else item.events
    return found


@pytest.mark.parametrize(
    ("folder", "file", "mapping", "events"),
    [
        ("01-ties", "row_per_call.csv", "row_per_call.yaml", 0),
        ("02-nan-id", "floatid.parquet", "m.yaml", 3),
        ("03-parquet-9999", "crm.parquet", "m.yaml", 5_000),
        ("04-binary-id", "bin.parquet", "m.yaml", 3),
        ("10-phones", "phones.csv", "c.yaml", 9),
        ("11-strptime-Z", "z.csv", "z.yaml", 4),
        ("13-csv-shapes", "cr.csv", "c.yaml", 2),
        ("13-csv-shapes", "semi.csv", "c.yaml", 1),
        ("13-csv-shapes", "sep.csv", "c.yaml", 1),
        ("16-nested-parquet", "dec.parquet", "md.yaml", 3),
        ("16-nested-parquet", "nested.parquet", "mn.yaml", 3),
        ("17-shop-export", "orders.csv", "m.yaml", 3),
    ],
)
def test_every_row_of_a_case_is_read(folder: str, file: str, mapping: str, events: int) -> None:
    """No row of these files is refused."""
    found = _case(folder, file, mapping)
    assert [what for what in found if isinstance(what, str)] == []
    assert len(found) == events or not events


def test_a_case_in_another_encoding_names_the_option() -> None:
    """Text in cp1252 is refused with the option that reads it."""
    with pytest.raises(FileError, match="encoding: cp1252 if the word is 'Jörg'"):
        _case("13-csv-shapes", "cp1252.csv", "c.yaml")


@pytest.mark.parametrize(("file", "name"), [("dup.csv", "mail"), ("dupcol.parquet", "cust")])
def test_a_case_of_two_columns_of_one_name_is_refused(file: str, name: str) -> None:
    """A mapping that reads a name that two columns have does not fit the file."""
    with pytest.raises(MappingError, match=f"two columns are named '{name}'"):
        _case("12-dup-columns", file, "m.yaml")


def test_each_call_of_a_case_that_was_not_answered_is_one_friction() -> None:
    """Events of one millisecond are in the order of a call's course: abandoned after queued."""
    found = _folded(_case("01-ties", "row_per_call.csv", "row_per_call.yaml"))
    assert sum(rule == "queue_abandoned" for rule, _ in found) == 26
    path = CASES / "01-ties" / "ties.jsonl"
    found = _folded(event for item in read_events(path) for event in item.events)
    assert sum(rule == "queue_abandoned" for rule, _ in found) == 100


def test_the_values_of_cases_are_those_that_were_meant() -> None:
    """NaN is no account, zones given by letters count, decimals and fields of structs are read."""
    accounts = [
        event["identifiers"].get("account") for event in _case("02-nan-id", "floatid.parquet", "m.yaml")
    ]
    assert accounts == ["17", None, None]
    accounts = [event["identifiers"]["account"] for event in _case("04-binary-id", "bin.parquet", "m.yaml")]
    assert accounts == ["u1", "u2", "u3"]
    offsets = [event["time"][-6:] for event in _case("11-strptime-Z", "z.csv", "z.yaml")]
    assert offsets == ["+00:00", "+00:00", "+01:00", "-05:00"]
    decimals = _case("16-nested-parquet", "dec.parquet", "md.yaml")
    assert [event["data"]["value"] for event in decimals] == [17.5, 18.1, 19]
    listed = _case("05-list-object-bigint-id", "ids.ndjson", "m.yaml")
    assert ["object" in found or "2^53" in found for found in listed if isinstance(found, str)] == [True] * 4
    assert [found["identifiers"]["account"] for found in listed if isinstance(found, dict)] == [
        ("u1", "u2"),
        "17",
        "17",
        "true",
    ]
    nested = _case("16-nested-parquet", "nested.parquet", "mn.yaml")
    assert [event["identifiers"]["account"] for event in nested] == ["u1", "u2", "u3"]
    orders = _case("17-shop-export", "orders.csv", "m.yaml")
    assert [event["data"].get("value") for event in orders] == [1080.5, 10, None]


def test_the_phone_numbers_of_cases_are_those_that_were_meant() -> None:
    """Quotes and formulas of spreadsheets are taken off; exponents and placeholders are no number."""
    accepted = [
        to_event(Envelope.model_validate_json(orjson.dumps(event)))
        for event in (
            *_case("10-phones", "phones.csv", "c.yaml"),
            *_case("17-shop-export", "orders.csv", "m.yaml"),
        )
    ]
    phones = [
        next((name for name in event.identifiers if name.startswith("phone:")), None)
        for event in accepted
        if event is not None
    ]
    first, second = "phone:+442079460018", "phone:+442079460019"
    assert phones == [
        *("phone:442079460018", None, None, first, second, None, None, None, None),
        *(first, None, second),
    ]
