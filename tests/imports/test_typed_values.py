"""Typed values: what mappings get for the types of Parquet, and what one unreadable cell costs."""

import datetime as dt
import uuid
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from touchline.imports import ImportItem, MappingError, Row, load_mapping, open_rows, read_events

Write = Callable[[str, str | bytes], Path]

AT = dt.datetime(2026, 1, 20, 10, 0, 0, 123456)
UTC_AT = AT.replace(tzinfo=dt.UTC)
BERLIN = ZoneInfo("Europe/Berlin")
NANO = 1_768_903_200_123_456_789
FAR = 253_402_300_800_000_000  # The first microsecond of the year 10000.


def _file(folder: Path, **columns: pa.Array) -> Path:
    path = folder / "t.parquet"
    pq.write_table(pa.table(columns), path)
    return path


def _column(folder: Path, array: pa.Array) -> list[Any]:
    reader = open_rows(_file(folder, x=array))
    rows = list(reader)
    reader.close()
    return [row.values["x"] for row in rows if isinstance(row, Row)]


@pytest.mark.parametrize(
    ("array", "values"),
    [
        (pa.array([b"u1", None]), ["u1", None]),
        (pa.array([b"u1"], pa.binary(2)), ["u1"]),
        (pa.array([Decimal("17.50"), Decimal("19.00")]), [17.5, 19]),
        (pa.array([Decimal(12345678901234567890123)]), [12345678901234567890123]),
        (pa.array([17.0, float("nan"), None]), [17.0, None, None]),
        (pa.array([1.5], pa.float16()), [1.5]),
        (pa.array([NANO], pa.timestamp("ns")), [AT]),
        (
            pa.array([NANO], pa.timestamp("ns", "Europe/Berlin")),
            [UTC_AT.astimezone(BERLIN)],
        ),
        (pa.array([NANO], pa.timestamp("ns", "+02:00")), [UTC_AT]),
        (pa.array([1_000_001], pa.duration("ns")), [dt.timedelta(milliseconds=1)]),
        (pa.array([1_000_001], pa.time64("ns")), [dt.time(0, 0, 0, 1000)]),
        (pa.array([AT.date()]), [AT.date()]),
        (pa.array(["a", "b", "a"]).dictionary_encode(), ["a", "b", "a"]),
        (pa.array([b"a"]).dictionary_encode(), ["a"]),
        (pa.array([NANO], pa.timestamp("ns")).dictionary_encode(), [AT]),
        (pa.array([{"id": Decimal(5), "tags": [b"x"]}]), [{"id": 5, "tags": ["x"]}]),
        (pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())), [{"a": 1}]),
        (pa.array([[("a", NANO)]], pa.map_(pa.string(), pa.timestamp("ns"))), [{"a": AT}]),
        (pa.array([[NANO]], pa.list_(pa.timestamp("ns"))), [[AT]]),
        (pa.array([True, None]), [True, None]),
        (pa.array([uuid.UUID(int=1).bytes], pa.uuid()), [str(uuid.UUID(int=1))]),
        (pa.nulls(1), [None]),
    ],
)
def test_types_become_plain_values(tmp_path: Path, array: pa.Array, values: list[Any]) -> None:
    """Bytes are text, decimals numbers, NaN no value, times Python's own, maps and structs dicts."""
    found = _column(tmp_path, array)
    assert found == values
    assert [type(value) for value in found] == [type(value) for value in values]


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (pa.array([AT, None, FAR], pa.timestamp("us")), "column x: cannot read the timestamp[us]: "),
        (pa.array([AT, None, FAR], pa.timestamp("us", "UTC")), "cannot read the timestamp[us, tz=UTC]"),
        (pa.array([b"a", None, b"\xff"]), "column x: cannot read the binary: binary data that is not UTF-8"),
        (pa.array([[b"a"], None, [b"\xff"]]), "not UTF-8"),
    ],
)
def test_one_unreadable_cell_costs_its_row_alone(
    tmp_path: Path, write: Write, array: pa.Array, says: str
) -> None:
    """A cell that has no value in Python refuses its row, where the mapping reads it; other rows stand."""
    file = _file(tmp_path, no=pa.array(["1", "2", "3"]), x=array)
    yaml = "events:\n  - {type: page.viewed, id: '{no}', time: {value: 2026-01-20T10:00:00Z}, channel: web"
    reads = load_mapping(str(write("reads.yaml", f"{yaml}, data: {{page: {{column: x, as: str}}}}}}")))
    leaves = load_mapping(str(write("leaves.yaml", f"{yaml}, data: {{page: no}}}}")))
    items = list(read_events(file, reads))
    assert [item.bad is None for item in items] == [True, True, False]
    assert items[2].bad is not None
    assert says in items[2].bad.what
    assert [item.bad for item in read_events(file, leaves)] == [None] * 3


PYTHON = """
def events(row):
    if %s:
        yield {"id": row["no"], "type": "page.viewed"}
"""


@pytest.mark.parametrize(
    ("access", "refused"),
    [
        ("row['no']", False),
        ("'x' in row", False),
        ("row.get('y', True)", False),
        ("row['x']", True),
        ("row.get('x')", True),
        ("dict(row)", True),
        ("{**row}", True),
        ("row.items()", True),
        ("row.values()", True),
        ("row.pop('x')", True),
        ("(row | {'z': 1})['x']", True),
        ("row.copy()['x']", True),
    ],
)
def test_python_is_refused_only_the_cell_that_it_reads(
    tmp_path: Path, write: Write, access: str, refused: bool
) -> None:
    """For a Python mapping, an unreadable cell is an error where the function reads it."""
    file = _file(tmp_path, no=pa.array(["1"]), x=pa.array([b"\xff"]))
    (item,) = read_events(file, load_mapping(str(write("m.py", PYTHON % access))))
    assert (item.bad is not None) == refused
    if item.bad is not None:
        assert "column x: cannot read the binary" in item.bad.what
        assert '"no":"1"' in item.bad.body


def test_a_group_that_cannot_be_read_is_a_bad_row(tmp_path: Path, write: Write) -> None:
    """A row whose group is unreadable is bad alone; its neighbours stay in their groups."""
    file = _file(tmp_path, g=pa.array([b"a", b"\xff", b"a"]))
    code = "GROUP = 'g'\ndef events(rows):\n    yield {'id': str(len(rows)), 'type': 'page.viewed'}\n"
    items = list(read_events(file, load_mapping(str(write("m.py", code)))))
    assert [item.bad.row if item.bad else item.rows for item in items] == [2, 2]


TWICE = "events:\n  - {type: page.viewed, id: '{no}', time: at, channel: web, data: {page: %s}}\n"


def _twice(write: Write, folder: Path, kind: str) -> Path:
    if kind == "csv":
        return write("t.csv", "no,at,page,other,page\n1,2026-01-20T10:00:00Z,a,x,b\n")
    arrays = [pa.array([value]) for value in ("1", "2026-01-20T10:00:00Z", "a", "x", "b")]
    table = pa.Table.from_arrays(arrays, names=["no", "at", "page", "other", "page"])
    pq.write_table(table, folder / "t.parquet")
    return folder / "t.parquet"


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_two_columns_of_one_name_are_refused_if_mapped(tmp_path: Path, write: Write, kind: str) -> None:
    """A mapping that reads a name that two columns have is refused; another one is not."""
    file = _twice(write, tmp_path, kind)
    with pytest.raises(MappingError, match="two columns are named 'page': rename one of them"):
        list(read_events(file, load_mapping(str(write("m.yaml", TWICE % "page")))))
    (item,) = read_events(file, load_mapping(str(write("m.yaml", TWICE % "other"))))
    assert item.events[0]["data"] == {"page": "x"}
    (item,) = read_events(file, load_mapping(str(write("m.py", PYTHON % "row['page']"))))
    assert item.bad is not None
    assert "two columns are named 'page'" in item.bad.what


def test_fields_of_structs_are_columns(tmp_path: Path, write: Write) -> None:
    """`user.id` is field id of struct user, in Parquet and in NDJSON, also under `where` and in an id."""
    user = {"id": "u1", "at": {"time": AT}}
    yaml = (
        "events:\n  - {type: page.viewed, id: '{user.id}', time: {column: user.at.time, zone: UTC},"
        " channel: web, identifiers: {account: user.id}, where: {user.id: [u1]}}\n"
    )
    mapping = load_mapping(str(write("m.yaml", yaml)))
    (item,) = read_events(_file(tmp_path, user=pa.array([user])), mapping)
    assert item.events[0]["identifiers"] == {"account": "u1"}
    assert item.events[0]["time"] == "2026-01-20T10:00:00.123456+00:00"
    line = '{"user": {"id": "u1", "at": {"time": "2026-01-20T10:00:00.123456"}}}'
    assert next(iter(read_events(write("t.jsonl", line), mapping))).events == item.events
    wrong = load_mapping(str(write("w.yaml", yaml.replace("{account: user.id}", "{account: user.no}"))))
    with pytest.raises(MappingError, match=r"has no column 'user\.no'; it has user, user\.id, user\.at"):
        list(read_events(_file(tmp_path, user=pa.array([user])), wrong))


def test_an_id_without_a_key_comes_from_the_whole_row(tmp_path: Path, write: Write) -> None:
    """Without `id`, two rows that differ only in other columns have different ids, also beside bad cells."""
    yaml = "events:\n  - {type: page.viewed, time: {value: 2026-01-20T10:00:00Z}, channel: web}\n"
    file = _file(tmp_path, no=pa.array(["1", "2", "3"]), x=pa.array([b"\xff", b"\xff", b"a"]))
    items: list[ImportItem] = list(read_events(file, load_mapping(str(write("m.yaml", yaml)))))
    assert len({event["id"] for item in items for event in item.events}) == 3


def test_large_rows_are_read_in_small_batches(tmp_path: Path) -> None:
    """The size of a batch is bounded in bytes: rows of a megabyte come some at a time."""
    path = tmp_path / "t.parquet"
    cells = pa.array([bytes([65 + i % 26]) * 1_000_000 for i in range(60)])
    pq.write_table(pa.table({"x": cells}), path, compression="none", use_dictionary=False)
    reader = open_rows(path)
    before = pa.total_allocated_bytes()
    next(iter(reader))
    assert pa.total_allocated_bytes() - before < 50_000_000
    reader.close()


def test_a_value_that_many_rows_share_is_read_in_small_batches(tmp_path: Path) -> None:
    """Rows that repeat one large value of a dictionary do not take the memory of all of them at once."""
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"x": pa.array(["x" * 200_000] * 3_000)}), path)
    reader = open_rows(path)
    before = pa.total_allocated_bytes()
    next(iter(reader))
    assert pa.total_allocated_bytes() - before < 100_000_000
    reader.close()
