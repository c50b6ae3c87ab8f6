"""Times of a mapping: spellings, zones, clock changes, and the durations that move them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from touchline.imports import ImportItem, MappingError, Position, load_mapping, read_events
from touchline.imports.bookmarks import Bookmark, Bookmarks
from touchline.imports.yaml_mapping.spelling import Order, read_spelling

Write = Callable[[str, str | bytes], Path]

MAPPING = """\
events:
  - type: contact.queued
    id: "{no}"
    time: %s
    channel: phone
    data: {contact_id: no}
"""


def _items(write: Write, time: str, text: str) -> list[ImportItem]:
    return list(read_events(write("calls.csv", text), load_mapping(str(write("m.yaml", MAPPING % time)))))


def _times(write: Write, time: str, text: str) -> list[Any]:
    """The time of each row's event, or what is wrong with the row."""
    return [item.bad.what if item.bad else item.events[0]["time"] for item in _items(write, time, text)]


@pytest.mark.parametrize(
    ("text", "order", "iso"),
    [
        ("2026-12-31", None, "2026-12-31T00:00:00"),
        ("2026-12-31 9:12:58", None, "2026-12-31T09:12:58"),
        ("2026/12/31 09:12", None, "2026-12-31T09:12:00"),
        ("31.12.2026 23:15", None, "2026-12-31T23:15:00"),
        ("1.2.2026 9:12:58", None, "2026-02-01T09:12:58"),
        ("31.12.26 23:15 Uhr", None, "2026-12-31T23:15:00"),
        ("31.12.1998", None, "1998-12-31T00:00:00"),
        ("31.12.98", None, "1998-12-31T00:00:00"),
        ("31.12.2026 00:00:00 9:12:58", None, "2026-12-31T09:12:58"),
        ("2026-12-31 00:00:00 9:12:58", None, "2026-12-31T09:12:58"),
        ("2026-12-31  9:12:58.123456789", None, "2026-12-31T09:12:58.123456"),
        ("31/12/2026 11:15 PM", "dmy", "2026-12-31T23:15:00"),
        ("12/31/2026 12:05 a.m.", "mdy", "2026-12-31T00:05:00"),
        ("3-4-26", "mdy", "2026-03-04T00:00:00"),
        ("3-4-26", "dmy", "2026-04-03T00:00:00"),
        ("2026-12-31T23:15:00Z", "dmy", "2026-12-31T23:15:00+00:00"),
        ("31 Dec 2026 23:15", None, "2026-12-31T23:15:00"),
        ("Dec 31st, 2026", None, "2026-12-31T00:00:00"),
        ("Thu, 31 Dec 2026 23:15:00 +0100", None, "2026-12-31T23:15:00+01:00"),
        ("2026-04-05 21:06:21 +0400", None, "2026-04-05T21:06:21+04:00"),
        ("2026-04-05 21:06:21 -05", None, "2026-04-05T21:06:21-05:00"),
        ("2026-04-05 21:06:21Z", None, "2026-04-05T21:06:21+00:00"),
    ],
)
def test_usual_spellings_are_read(text: str, order: Order | None, iso: str) -> None:
    """Dates and times are read as people and systems write them."""
    time, letters = read_spelling(text, order)
    assert (time.isoformat(), letters) == (iso, None)


@pytest.mark.parametrize(
    ("text", "order", "says"),
    [
        ("03/04/2026", None, "day or month first"),
        ("31-12-2026 9:00", None, "day or month first"),
        ("31/12/2026", "mdy", "month must be in"),
        ("13:00 PM", None, "not a usual spelling"),
        ("1.2.2026 13:00 PM", None, "1 to 12"),
        ("31 Foo 2026", None, "no month 'Foo'"),
        ("2026-02-30", None, "day is out of range"),
        ("yesterday", None, "set format"),
        ("1764547200", None, "set format"),
    ],
)
def test_what_could_be_read_two_ways_is_refused(text: str, order: Order | None, says: str) -> None:
    """A time that is no time, or has two readings, is refused with what to write."""
    with pytest.raises(ValueError, match=says):
        read_spelling(text, order)


def test_a_long_text_is_no_time(write: Write) -> None:
    """A text of many pages is refused without being searched, and its message stays short."""
    (what,) = _times(write, "{column: at, zone: UTC}", f"no,at\n1,{'1 ' * 50_000}\n")
    assert "longer than 100 characters" in what
    assert len(what) < 300


@pytest.mark.parametrize(
    ("text", "zone", "time"),
    [
        ("2026-01-20 10:00:00 GMT", "Europe/Berlin", "2026-01-20T10:00:00+00:00"),
        ("2026-01-20 10:00:00 CET", "Europe/Berlin", "2026-01-20T10:00:00+01:00"),
        ("2026-01-20 10:00:00 EST", "Europe/Berlin", "2026-01-20T10:00:00-05:00"),
        ("2026-01-20 10:00:00 IST", "Asia/Kolkata", "2026-01-20T10:00:00+05:30"),
        ("2026-10-25 02:30:00 CET", "Europe/Berlin", "2026-10-25T02:30:00+01:00"),
        ("2026-10-25 02:30:00 CEST", "Europe/Berlin", "2026-10-25T02:30:00+02:00"),
    ],
)
@pytest.mark.parametrize("format", ["iso", '"%Y-%m-%d %H:%M:%S %Z"'])
def test_the_letters_of_a_zone_are_honoured(
    write: Write, text: str, zone: str, time: str, format: str
) -> None:
    """A zone named by letters decides, also which of the repeated hours it is."""
    cell = f"{{column: at, zone: {zone}, format: {format}}}"
    assert _times(write, cell, f"no,at\n1,{text}\n") == [time]


def test_letters_with_several_meanings_are_refused(write: Write) -> None:
    """Letters that are no zone, or several, refuse the row and say what to write."""
    (what,) = _times(write, '{column: at, format: "%d.%m.%Y %H:%M %Z"}', "no,at\n1,20.01.2026 10:00 IST\n")
    assert "the zone 'IST' is unknown or has several meanings: use offsets such as +01:00" in what


BERLIN = "{column: at, zone: Europe/Berlin}"
FIRST, SECOND = "+02:00", "+01:00"


def _night(clocks: str) -> str:
    return "no,at\n" + "".join(f"{i},2026-10-25 {clock}\n" for i, clock in enumerate(clocks.split()))


@pytest.mark.parametrize(
    ("clocks", "offsets"),
    [
        ("01:50 02:10 02:50 02:05 02:55 03:10", "FFFSSS"),
        ("02:30", "F"),
        ("04:00 03:10 02:55 02:05 02:50 02:10 01:50", "SSSSFFF"),
        ("02:50 02:40 04:00", "FSS"),
    ],
)
def test_a_repeated_hour_keeps_the_order_of_the_file(write: Write, clocks: str, offsets: str) -> None:
    """Of the two readings of a local time, the one that keeps rising or falling times in order is taken."""
    items = _items(write, BERLIN, _night(clocks))
    found = [item.events[0]["time"][-6:] for item in items]
    assert found == [FIRST if mark == "F" else SECOND for mark in offsets]


def test_times_in_a_repeated_hour_are_counted(write: Write) -> None:
    """Each row says how many of its times could be read two ways."""
    items = _items(write, BERLIN, _night("01:50 02:10 02:50 03:10"))
    assert [item.repeated for item in items] == [0, 1, 1, 0]


def test_a_repeated_hour_is_read_alike_after_an_interruption(write: Write) -> None:
    """From the position of any row on, the times are those of an uninterrupted reading."""
    file = write("calls.csv", _night("01:50 02:10 02:50 02:05 02:55 03:10"))
    mapping = load_mapping(str(write("m.yaml", MAPPING % BERLIN)))
    items = list(read_events(file, mapping))
    for number, item in enumerate(items, 1):
        assert list(read_events(file, mapping, item.position)) == items[number:]


def test_a_skipped_hour_is_refused(write: Write) -> None:
    """A local time that the clock change left out is refused with the zone."""
    (what,) = _times(write, BERLIN, "no,at\n1,2026-03-29 02:30\n")
    assert "no such time in Europe/Berlin, whose clocks went forward" in what


@pytest.mark.parametrize(
    ("cell", "wait", "time"),
    [
        ("plus: {column: wait, unit: s}", "200", "2026-01-20T10:03:20+01:00"),
        ("plus: {column: wait, unit: min}", "1.5", "2026-01-20T10:01:30+01:00"),
        ("plus: wait", "0:03:20", "2026-01-20T10:03:20+01:00"),
        ("plus: wait", "1 day, 0:00:01", "2026-01-21T10:00:01+01:00"),
        ("plus: wait", "PT3M20S", "2026-01-20T10:03:20+01:00"),
        ("plus: wait", "P1DT1H", "2026-01-21T11:00:00+01:00"),
        ("plus: {column: wait, unit: s}", "3:20", "2026-01-20T10:03:20+01:00"),
        ("plus: {column: wait, unit: min}", "3:20", "2026-01-20T13:20:00+01:00"),
        ("minus: {column: wait, unit: ms}", "500", "2026-01-20T09:59:59.500000+01:00"),
        ("plus: [wait, wait]", "0:01:00", "2026-01-20T10:02:00+01:00"),
        ("plus: wait, minus: wait", "0:01:00", "2026-01-20T10:00:00+01:00"),
    ],
)
def test_durations_move_a_time(write: Write, cell: str, wait: str, time: str) -> None:
    """A time is its column plus or minus the durations in other columns, in any usual form."""
    rows = f'no,at,wait\n1,2026-01-20 10:00,"{wait}"\n'
    assert _times(write, f"{{column: at, zone: Europe/Berlin, {cell}}}", rows) == [time]


def test_a_duration_counts_across_a_clock_change(write: Write) -> None:
    """An hour's wait ends an hour later, whatever the clocks show."""
    cell = "{column: at, zone: Europe/Berlin, plus: {column: wait, unit: h}}"
    assert _times(write, cell, "no,at,wait\n1,2026-03-29 01:30,1\n") == ["2026-03-29T03:30:00+02:00"]


@pytest.mark.parametrize(
    ("cell", "wait", "says"),
    [
        (
            "plus: wait",
            "200",
            "cannot read '200' as a duration (a number needs unit: ms, s, min",
        ),
        ("plus: wait", "3:20", "write unit: s for minutes:seconds"),
        ("plus: {column: wait, unit: s}", "-1", "a duration is not negative"),
        ("plus: {column: wait, unit: s}", "soon", "write 0:03:20, PT3M20S, or a number with unit"),
        ("plus: wait", "0:99:00", "minutes and seconds go up to 59"),
        ("plus: wait", "", "column wait is empty: the time needs a value"),
        ("plus: {column: wait, unit: d}", "9999999", "leads out of the years 1 to 9999"),
        ("plus: {column: wait, unit: d}", "1e300", "cannot read '1e300' as a duration"),
    ],
)
def test_what_is_no_duration_refuses_the_row(write: Write, cell: str, wait: str, says: str) -> None:
    """A duration that cannot be read refuses its row with the column and what to write."""
    rows = f"no,at,wait\n1,2026-01-20 10:00,{wait}\n"
    (what,) = _times(write, f"{{column: at, zone: Europe/Berlin, {cell}}}", rows)
    assert says in what


def test_a_duration_is_a_number_of_seconds_in_data(write: Write) -> None:
    """`as: duration` gives seconds."""
    mapping = MAPPING % "{column: at, zone: UTC}" + "      wait_seconds: {column: wait, as: duration}\n"
    mapping = mapping.replace("data: {contact_id: no}", "data:\n      contact_id: no")
    file = write("calls.csv", "no,at,wait\n1,2026-01-20 10:00,0:03:20\n2,2026-01-20 10:00,0:00:01.5\n")
    items = list(read_events(file, load_mapping(str(write("m.yaml", mapping)))))
    assert [item.events[0]["data"]["wait_seconds"] for item in items] == [200, 1.5]


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("{column: at, plus: {column: wait, unit: sec}}", r"line 4: events\[1\]\.time\.plus"),
        ("{column: at, plus: {columm: wait}}", r"there is no such key; write column"),
        ("{column: at, plus: wait, as: str}", "plus and minus move a time: write as: time"),
        ("{column: at, unit: s}", "unit belongs to a duration"),
    ],
)
def test_a_wrong_duration_in_a_mapping_names_its_line(write: Write, cell: str, says: str) -> None:
    """Errors of `plus`, `minus` and `unit` have the line, the key and what to write."""
    with pytest.raises(MappingError, match=says):
        load_mapping(str(write("m.yaml", MAPPING % cell)))


def test_a_bookmark_keeps_what_was_known_of_the_times(tmp_path: Path, write: Write) -> None:
    """The position of a bookmark has the state of the times; one without is read as well."""
    (item,) = _items(write, BERLIN, _night("02:30"))
    Bookmarks(tmp_path / "b.json").put("key", Bookmark(position=item.position))
    assert Bookmarks(tmp_path / "b.json").of("key").position == item.position
    old = write("old.json", '{"key": {"position": [7, 500], "done": false}}')
    assert Bookmarks(old).of("key").position == Position(7, 500)
