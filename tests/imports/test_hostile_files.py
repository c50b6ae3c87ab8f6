"""Files and mappings that are made to exhaust memory, or to be taken for more than data."""

import gzip
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from touchline.imports import BadRow, MappingError, Row, load_mapping, open_rows, read_events

Write = Callable[[str, str | bytes], Path]

MAPPING = "events:\n  - {type: page.viewed, id: '{no}', time: at, channel: web, data: {page: page}}\n"


def _bomb(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (_bomb(9), "more than 100,000 values, with its aliases"),
        (_bomb(60), "more than 100,000 values, with its aliases"),
        ("a: &a\n  <<: *a", "100,000 values|is not YAML"),
        ("&a [*a]", "100,000 values"),
        ("[" * 5_000, "too deep|is not YAML"),
        ("a: " * 5_000, "is not YAML"),
        ("# " + "x" * 1_100_000, "a mapping has at most 1,048,576"),
        ("!!python/object/apply:os.system ['true']", "is not YAML"),
    ],
)
def test_a_mapping_that_grows_without_end_is_refused(write: Write, text: str, says: str) -> None:
    """Aliases that multiply, endless nesting, and tags of code are refused at once."""
    with pytest.raises(MappingError, match=says):
        load_mapping(str(write("m.yaml", text)))


def _packed(folder: Path, name: str, head: bytes, part: bytes, parts: int, tail: bytes) -> Path:
    path = folder / name
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(head)
        for _ in range(parts):
            file.write(part)
        file.write(tail)
    return path


@pytest.mark.parametrize("name", ["a.csv.gz", "a.jsonl.gz"])
def test_a_packed_line_of_any_length_takes_little_memory(tmp_path: Path, name: str) -> None:
    """A line that unpacks to hundreds of megabytes is one bad row; the row after it is read."""
    csv = name.startswith("a.csv")
    head, tail = (b"no,at\n", b"\n1,2\n") if csv else (b"", b'\n{"no": 1}\n')
    path = _packed(tmp_path, name, head, b"x" * 1_000_000, 200, tail)
    tracemalloc.start()
    reader = open_rows(path)
    rows = list(reader)
    reader.close()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [type(row) for row in rows] == [BadRow, Row]
    assert peak < 10_000_000


def test_a_header_of_any_length_takes_little_memory(tmp_path: Path) -> None:
    """A packed file that is one endless quoted field gives bad rows, and memory stays small."""
    path = _packed(tmp_path, "a.csv.gz", b'no,at\n"', b"x,\n" * 100_000, 30, b"")
    tracemalloc.start()
    reader = open_rows(path)
    first = next(iter(reader))
    reader.close()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(first, BadRow)
    assert peak < 60_000_000


@pytest.mark.parametrize(
    "cell", ["=1+1", '=HYPERLINK("http://x")', "@SUM(A1)", "+1", "-1", "\x00", "<b>", "{{7*7}}"]
)
def test_a_formula_is_plain_text(write: Write, cell: str) -> None:
    """A cell that a spreadsheet or a page would interpret is data as it stands."""
    quoted = '"' + cell.replace('"', '""') + '"'
    file = write("a.csv", f"no,at,page\n1,2026-01-20T10:00:00Z,{quoted}\n")
    (item,) = read_events(file, load_mapping(str(write("m.yaml", MAPPING))))
    assert item.events[0]["data"] == {"page": cell}
