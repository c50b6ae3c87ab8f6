"""Readers of files: rows, bad rows, places to take up again, and what cannot be read at all."""

import csv
import datetime as dt
import io
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from touchline.imports import START, BadRow, FileError, FileOptions, Position, Row, open_rows

Write = Callable[[str, str | bytes], Path]

UTF8 = FileOptions(encoding="utf-8")


def _read(path: Path, start: Position = START, options: FileOptions = UTF8) -> list[Row | BadRow]:
    reader = open_rows(path, start, options)
    try:
        return list(reader)
    finally:
        reader.close()


def _values(path: Path) -> list[dict[str, object]]:
    return [row.values for row in _read(path) if isinstance(row, Row)]


def _bad(path: Path) -> list[tuple[int, str, str]]:
    return [(row.row, row.what, row.body) for row in _read(path) if isinstance(row, BadRow)]


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "A.CSV"])
def test_csv_rows_are_dicts_of_text(write: Write, name: str) -> None:
    """A CSV row is its header's names with the text of the fields, whether packed or not."""
    path = write(name, 'id,words\n1,"a, ""b""\nc"\n2,\n')
    assert _values(path) == [{"id": "1", "words": 'a, "b"\nc'}, {"id": "2", "words": ""}]


@pytest.mark.parametrize("name", ["a.ndjson", "a.jsonl", "a.jsonl.gz"])
def test_ndjson_rows_are_objects(write: Write, name: str) -> None:
    """Each line of NDJSON is a row; empty lines are none, but count as lines."""
    path = write(name, '{"a": 1}\n\n{"a": [2]}')
    assert [(row.row, row.values) for row in _read(path) if isinstance(row, Row)] == [
        (1, {"a": 1}),
        (3, {"a": [2]}),
    ]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_header_shows_the_separator(write: Write, mark: str) -> None:
    """The separator is the one that the header has most of; a byte order mark is no part of a name."""
    path = write("a.csv", f"\ufeffa{mark}b\n1{mark}x y\n")
    assert _values(path) == [{"a": "1", "b": "x y"}]


def test_a_broken_json_line_fails_alone(write: Write) -> None:
    """A line that is not JSON, no object or not UTF-8 is bad with its line and reason; the rest is read."""
    path = write("a.jsonl", b'{"a": 1}\n{"a": \n[1]\n{"a": "\xff"}\n{"a": 2}\n')
    assert _values(path) == [{"a": 1}, {"a": 2}]
    bad = _bad(path)
    assert [(row, body) for row, _, body in bad] == [(2, '{"a": '), (3, "[1]"), (4, '{"a": "\\xff"}')]
    assert "not JSON" in bad[0][1]
    assert "not a JSON object" in bad[1][1]
    assert "not UTF-8 at byte 8" in bad[2][1]


def test_a_csv_row_with_other_fields_than_the_header_fails_alone(write: Write) -> None:
    """A CSV row of too few or too many fields, or of broken text, is bad and its neighbours are not."""
    path = write("a.csv", b"a,b\n1,2\n3\n4,5,6\n7,\xe9\n8,9\n")
    assert _values(path) == [{"a": "1", "b": "2"}, {"a": "8", "b": "9"}]
    assert [(row, what[:8], body) for row, what, body in _bad(path)] == [
        (3, "1 fields", "3"),
        (4, "3 fields", "4,5,6"),
        (5, "not UTF-", "7,\\xe9"),
    ]


@pytest.mark.parametrize("tail", ["", '\n5,"x"\n'])
def test_a_lost_quotation_mark_costs_one_row(write: Write, tail: str) -> None:
    """A field that opens with a quotation mark and never closes it does not swallow the rows after it."""
    rows = "\n".join(f"{i},{i}" for i in range(10, 5_010))
    path = write("a.csv", f'a,b\n1,"lost\n{rows}{tail}')
    assert [row for row, _, _ in _bad(path)] == [2]
    assert len(_values(path)) == 5_000 + bool(tail)


def test_a_row_longer_than_the_bound_is_bad_and_cut(write: Write) -> None:
    """A line of megabytes is bad, kept only in part, and the next one is read."""
    long = "x" * 3_000_000
    for path in (write("a.jsonl", f'{{"a": "{long}"}}\n{{"a": 1}}\n'), write("a.csv", f"a\n{long}\n1\n")):
        ((_, what, body),) = _bad(path)
        assert "longer than 1,048,576 bytes" in what
        assert len(body) == 64 * 1024
        assert len(_values(path)) == 1


def _parquet(path: Path, rows: int) -> Path:
    times = [dt.datetime(2026, 1, 1) + dt.timedelta(seconds=i) for i in range(rows)]
    table = pa.table({"n": list(range(rows)), "at": pa.array(times, pa.timestamp("ns"))})
    pq.write_table(table, path, row_group_size=1_000)
    return path


def test_parquet_rows_keep_their_types(tmp_path: Path) -> None:
    """Parquet gives numbers as numbers and times, also of nanoseconds, as Python's own datetimes."""
    rows = _read(_parquet(tmp_path / "a.parquet", 3))
    assert rows[2] == Row(3, {"n": 2, "at": dt.datetime(2026, 1, 1, 0, 0, 2)}, Position(4, 3))
    assert isinstance(rows[2], Row)
    assert type(rows[2].values["at"]) is dt.datetime


def _samples(write: Write, folder: Path) -> list[Path]:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([["a", "b"], *([i, 'x\n"y"' * (i % 3)] for i in range(50)), ["short"], [1, 2]])
    return [
        write("s.csv", text.getvalue()),
        write("s.csv.gz", text.getvalue().replace("x", "é")),
        write("s.jsonl.gz", "".join(f'{{"n": {i}}}\nbroken\n' for i in range(30))),
        _parquet(folder / "s.parquet", 2_500),
    ]


def test_taking_up_again_equals_reading_on(write: Write, tmp_path: Path) -> None:
    """From the place after any row, reading gives exactly the rows that were still to come."""
    for path in _samples(write, tmp_path):
        rows = _read(path)
        for i in range(0, len(rows), max(1, len(rows) // 25)):
            assert _read(path, rows[i].after) == rows[i + 1 :]
        assert _read(path, rows[-1].after) == []


def test_progress_ends_at_the_size_of_the_file(write: Write, tmp_path: Path) -> None:
    """Progress never falls, and at the end it is the file's size on the disk."""
    for path in _samples(write, tmp_path):
        reader = open_rows(path)
        seen = [reader.progress for _ in reader]
        assert seen == sorted(seen)
        assert reader.progress == path.stat().st_size
        reader.close()


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(write: Write, tmp_path: Path) -> None:
    """Reading a file of tens of megabytes holds a small part of it."""
    line = '{"a": "' + "x" * 200 + '"}\n'
    paths = [
        write("a.jsonl", line * 100_000),
        write("a.csv.gz", "a,b\n" + ("x" * 200 + ",1\n") * 100_000),
        _parquet(tmp_path / "a.parquet", 100_000),
    ]
    for path in paths:
        reader = open_rows(path)
        tracemalloc.start()
        count = sum(1 for _ in reader)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        reader.close()
        assert count == 100_000
        assert peak < 4_000_000


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.txt", "x", "extension"),
        ("a.gz", "x", "extension"),
        ("a.parquet.gz", "x", "gunzip"),
        ("a.csv", "", "is empty"),
        ("a.csv.gz", "", "is empty"),
        ("a.csv", ";;\n", "no column has a name: set skip_rows"),
        ("a.csv", b"a,\xff\n", "not UTF-8"),
        ("a.parquet", "no parquet, " * 9, "not a Parquet file"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    write: Write, name: str, content: str | bytes, says: str
) -> None:
    """What is no readable file is an error with its path and what to do."""
    path = write(name, content)
    with pytest.raises(FileError, match=says) as error:
        _read(path)
    assert name in str(error.value)


def test_a_missing_file_and_a_folder_say_so(tmp_path: Path) -> None:
    """A path that is no file is named as what it is."""
    with pytest.raises(FileError, match="there is no file"):
        open_rows(tmp_path / "none.csv")
    with pytest.raises(FileError, match="is a folder"):
        open_rows(tmp_path)


def test_a_file_cut_off_gives_its_rows_and_then_an_error(write: Write, tmp_path: Path) -> None:
    """Of a packed file that was cut off, readable rows come first; then the error says where."""
    whole = write("a.jsonl.gz", "".join(f'{{"n": {i * 7919 % 10007}}}\n' for i in range(50_000)))
    path = tmp_path / "cut.jsonl.gz"
    path.write_bytes(whole.read_bytes()[:-5_000])
    reader = open_rows(path)
    rows: list[Row | BadRow] = []
    with pytest.raises(FileError, match=r"damaged or cut off after row \d+"):
        rows.extend(reader)
    reader.close()
    assert rows


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_a_file_shorter_than_the_place_is_refused(write: Write, name: str) -> None:
    """A file that has become shorter than where reading had come to is not taken for read."""
    with pytest.raises(FileError, match="it has changed"):
        open_rows(write(name, '{"a": 1}\n'), Position(9, 500))
