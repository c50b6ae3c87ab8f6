"""Numbers in text, by the marks that the options name."""

from collections.abc import Callable
from pathlib import Path

import pytest

from touchline.imports import FileOptions, MappingError, given_options, load_mapping, read_events
from touchline.imports.yaml_mapping.numbers import read_number, read_whole

Write = Callable[[str, str | bytes], Path]


@pytest.mark.parametrize(
    ("text", "options", "number"),
    [
        ("80.5", {}, 80.5),
        ("1e3", {}, 1000),
        (" -7 ", {}, -7),
        ("1,080.50", {}, 1080.5),
        ("1,234,080.50", {}, 1_234_080.5),
        ("80,5", {"decimal": ","}, 80.5),
        ("1.080,50", {"decimal": ","}, 1080.5),
        ("1080", {"decimal": ","}, 1080),
        ("1.080", {"decimal": ",", "thousands": "."}, 1080),
        ("1,080", {"thousands": ","}, 1080),
        ("1080.5", {"thousands": ","}, 1080.5),
        ("1 080\u00a0500,5", {"decimal": ",", "thousands": "space"}, 1_080_500.5),
        ("1\u202f080,5", {"decimal": ",", "thousands": " "}, 1080.5),
        ("1\u2019080.5", {"thousands": "'"}, 1080.5),
        (17, {}, 17),
        (17.5, {"decimal": ","}, 17.5),
    ],
)
def test_numbers_are_read_by_their_marks(text: object, options: dict[str, str], number: float) -> None:
    """The decimal mark and the mark between thousands are those of the options."""
    assert read_number(text, given_options(options, "test")) == number


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("80,5", {}),
        ("1,080", {}),
        ("1.080,50", {}),
        ("1,08,050.5", {}),
        ("10,80", {"thousands": ","}),
        ("1.080", {"decimal": ","}),
        ("80.5", {"decimal": ",", "thousands": "."}),
        ("1080,500.5", {"thousands": ","}),
    ],
)
def test_a_number_with_two_readings_names_the_options(text: str, options: dict[str, str]) -> None:
    """What could be thousands or a fraction is refused, with the options that decide."""
    with pytest.raises(ValueError, match="set decimal and thousands"):
        read_number(text, given_options(options, "test"))


@pytest.mark.parametrize("text", ["", "x", "12 %", "(5)", "=1+1"])
def test_other_text_is_no_number(text: str) -> None:
    """Text that is no number is refused; a formula is not computed."""
    with pytest.raises(ValueError, match=r"^$"):
        read_number(text, FileOptions())


@pytest.mark.parametrize(
    ("text", "number"),
    [("7", 7), ("7.0", 7), (7.0, 7), ("1,080.00", 1080), (2**70, 2**70), (str(2**70), 2**70)],
)
def test_whole_numbers_stay_exact(text: object, number: int) -> None:
    """A whole number is read without loss, also if it is written with zeros behind the point."""
    assert read_whole(text, FileOptions()) == number


@pytest.mark.parametrize("text", ["7.5", 7.5])
def test_a_fraction_is_no_whole_number(text: object) -> None:
    """A fraction is refused rather than cut."""
    with pytest.raises(ValueError, match="not whole: write as: float"):
        read_whole(text, FileOptions())


MAPPING = """\
decimal: ","
thousands: "."
delimiter: ";"
skip_rows: 1
encoding: cp1252
events:
  - type: order.placed
    id: "{no}"
    time: {column: at, zone: Europe/Berlin}
    channel: web
    identifiers: {account: who}
    data: {order_id: no, value: {column: total, as: float}, currency: {value: EUR}}
"""
FILE = "Bestellungen;2026\nno;at;who;total\n1;31.12.2026 23:15;Jörg;1.080,50\n".encode("cp1252")


def test_options_stand_in_the_mapping(write: Write) -> None:
    """A mapping says how its files are written."""
    (item,) = read_events(write("a.csv", FILE), load_mapping(str(write("m.yaml", MAPPING))))
    assert item.events[0]["data"]["value"] == 1080.5
    assert item.events[0]["identifiers"] == {"account": "Jörg"}
    assert item.events[0]["time"] == "2026-12-31T23:15:00+01:00"


def test_other_options_replace_those_of_the_mapping(write: Write) -> None:
    """Options given to a command win over those of the mapping, in YAML and in Python."""
    file = write("a.csv", FILE)
    wrong = MAPPING.replace("cp1252", "utf-8").replace('thousands: "."', 'thousands: "\'"')
    mapping = load_mapping(str(write("m.yaml", wrong)))
    given = FileOptions(encoding="cp1252", decimal=",", thousands=".")
    (item,) = read_events(file, mapping.with_options(given))
    assert item.events[0]["data"]["value"] == 1080.5
    code = (
        "OPTIONS = {'encoding': 'cp1252', 'skip_rows': 1}\n"
        "def events(row):\n    yield {'id': row['no'], 'type': row['who']}\n"
    )
    python = load_mapping(str(write("m.py", code)))
    assert [item.events[0]["type"] for item in read_events(file, python)] == ["Jörg"]
    (item,) = read_events(file, python.with_options(FileOptions(encoding="latin-1")))
    assert item.events[0]["type"] == "Jörg"
    with pytest.raises(MappingError, match="decimal and thousands are both"):
        mapping.with_options(FileOptions(decimal=".", thousands="."))
    merged = mapping.with_options(FileOptions(thousands="."))
    assert (merged.options.decimal, merged.options.thousands) == (",", ".")


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (
            "encoding: cp1252",
            "encoding: ansi",
            r"m\.yaml line 5: encoding: no encoding 'ansi'",
        ),
        ('decimal: ","', 'decimal: "x"', r"m\.yaml line 1: decimal: write '\.' or ','"),
        ('thousands: "."', 'thousands: ","', "decimal and thousands are both ','"),
        ("skip_rows: 1", "skip_rows: one", r"m\.yaml line 4: skip_rows: "),
        ("skip_rows: 1", "skiprows: 1", r"m\.yaml line 4: skiprows: there is no such key; write skip_rows"),
    ],
)
def test_a_wrong_option_in_a_mapping_names_its_line(write: Write, before: str, after: str, says: str) -> None:
    """An option that cannot be meant is an error with its line and what to write."""
    with pytest.raises(MappingError, match=says):
        load_mapping(str(write("m.yaml", MAPPING.replace(before, after))))


def test_options_of_python_are_checked(write: Write) -> None:
    """OPTIONS of a Python mapping is a dict of known options."""
    code = "OPTIONS = %s\ndef events(row): return []\n"
    with pytest.raises(MappingError, match="OPTIONS is a dict"):
        load_mapping(str(write("m.py", code % "'utf-8'")))
    with pytest.raises(MappingError, match=r"m\.py: OPTIONS encoding: no encoding 'x'"):
        load_mapping(str(write("m.py", code % "{'encoding': 'x'}")))
