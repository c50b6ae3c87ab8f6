"""Exports as they come from the field: files of our own, and the cases beside the repository."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

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
