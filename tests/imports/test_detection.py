"""What readers detect in files that say little of themselves, and the options that say it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from touchline.imports import (
    START,
    BadRow,
    FileError,
    FileOptions,
    MappingError,
    Row,
    given_options,
    open_rows,
)
from touchline.imports.readers.rows import Values

Write = Callable[[str, str | bytes], Path]

HEADER = "no;name;note\n"
ROWS = [{"no": "1", "name": "Jörg", "note": "a, b, c"}, {"no": "2", "name": "Ada", "note": "2,5"}]
TEXT = 'no;name;note\n1;Jörg;"a, b, c"\n2;Ada;2,5\n'


def _read(path: Path, **options: object) -> tuple[list[Values], list[str], dict[str, str]]:
    """The values of the rows, what is wrong with the bad ones, and what was detected."""
    reader = open_rows(path, START, given_options(options, "test"))
    try:
        rows = list(reader)
    finally:
        reader.close()
    return (
        [row.values for row in rows if isinstance(row, Row)],
        [row.what for row in rows if isinstance(row, BadRow)],
        {choice.option: choice.value for choice in reader.detected},
    )


@pytest.mark.parametrize(
    ("content", "detected"),
    [
        (TEXT.encode(), {"delimiter": "';'"}),
        (TEXT.encode("utf-8-sig"), {"encoding": "utf-8", "delimiter": "';'"}),
        (TEXT.encode("utf-16"), {"encoding": "utf-16", "delimiter": "';'"}),
        (TEXT.encode("utf-32"), {"encoding": "utf-32", "delimiter": "';'"}),
        (TEXT.replace("\n", "\r").encode(), {"line ends": "CR", "delimiter": "';'"}),
        (TEXT.replace("\n", "\r\n").encode(), {"delimiter": "';'"}),
        (f"sep=;\n{TEXT}".encode("utf-8-sig"), {"encoding": "utf-8", "delimiter": "';'"}),
        (f"\n\n{TEXT}".encode(), {"delimiter": "';'"}),
        (TEXT.replace(";", "\t").encode(), {"delimiter": "tab"}),
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_a_file_shows_how_it_is_written(
    write: Write, name: str, content: bytes, detected: dict[str, str]
) -> None:
    """Byte order marks, `sep=` lines, line ends and delimiters are detected and reported."""
    assert _read(write(name, content)) == (ROWS, [], detected)


def test_commas_in_the_names_of_columns_do_not_decide(write: Write) -> None:
    """The delimiter is the one by which the rows have as many fields as the header."""
    path = write("a.csv", 'no;at;"total, EUR, gross, net"\n1;2026;80,5\n2;2027;1,0\n')
    rows, bad, detected = _read(path)
    assert rows[0] == {"no": "1", "at": "2026", "total, EUR, gross, net": "80,5"}
    assert (bad, detected) == ([], {"delimiter": "';'"})


def test_a_file_that_is_not_utf8_is_refused_with_the_option(write: Write) -> None:
    """Without an encoding, other text than UTF-8 is an error that shows the word; with it, it is read."""
    path = write("a.csv", TEXT.encode("cp1252"))
    with pytest.raises(FileError, match=r"a\.csv line 2: .*byte 4.*encoding: cp1252 if the word is 'Jörg'"):
        _read(path)
    assert _read(path, encoding="cp1252")[0] == ROWS
    rows, bad, _ = _read(path, encoding="utf-8")
    assert rows == ROWS[1:]
    assert "encoding: cp1252" in bad[0]


def test_text_with_nul_bytes_names_the_option(write: Write) -> None:
    """UTF-16 without a byte order mark is not guessed; the message names the encoding to set."""
    path = write("a.csv", TEXT.encode("utf-16-le"))
    with pytest.raises(FileError, match="encoding: utf-16-le"):
        _read(path)
    assert _read(path, encoding="utf-16-le")[0] == ROWS


def test_text_that_is_not_of_the_given_encoding_says_so(write: Write) -> None:
    """Bytes that the given encoding has not are an error with the option."""
    with pytest.raises(FileError, match="is not utf-16"):
        _read(write("a.csv", TEXT.encode("utf-16") + b"\x00\xd8"), encoding="utf-16")


def test_rows_before_the_header_are_skipped(write: Write) -> None:
    """`skip_rows` is the number of lines before the header; bad rows keep the line of the file."""
    path = write("a.csv", f"Report\nof; today; all\n{TEXT}3;short\n")
    reader = open_rows(path, START, FileOptions(skip_rows=2))
    rows = list(reader)
    reader.close()
    assert [row.row for row in rows] == [4, 5, 6]
    assert _read(path, skip_rows=2)[0] == ROWS


def test_columns_without_a_name_are_called_by_their_number(write: Write) -> None:
    """A column without a name does not stop the import."""
    assert _read(write("a.csv", "no,,name,\n1,x,Ada,\n"))[0] == [
        {"no": "1", "column 2": "x", "name": "Ada", "column 4": ""}
    ]


def test_a_given_delimiter_is_not_detected(write: Write) -> None:
    """An option wins over the header and over a `sep=` line, and is no detection."""
    assert _read(write("a.csv", "sep=,\na;b,c\n1;2,3\n"), delimiter=";") == (
        [{"a": "1", "b,c": "2,3"}],
        [],
        {},
    )


def test_a_row_of_other_length_names_the_delimiter(write: Write) -> None:
    """Where the delimiter was detected, a row that does not fit says which option would change it."""
    _, bad, _ = _read(write("a.csv", "a,b\n1,2\n3\n"))
    assert bad == ["1 fields, but the header has 2 (if ',' is not the delimiter, set delimiter)"]


@pytest.mark.parametrize("content", [TEXT.encode("utf-16"), TEXT.replace("\n", "\r").encode()])
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_converted_text_is_resumed_at_any_row(write: Write, name: str, content: bytes) -> None:
    """From the position after any row, reading gives the rows that follow, in any encoding."""
    path = write(name, content)
    reader = open_rows(path)
    rows = list(reader)
    reader.close()
    for number, row in enumerate(rows, 1):
        reader = open_rows(path, row.after)
        assert list(reader) == rows[number:]
        reader.close()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"encoding": "klingon"}, "encoding: no encoding 'klingon': write one such as utf-8"),
        ({"delimiter": ";;"}, "delimiter: a delimiter is one character"),
        ({"decimal": "'"}, "decimal: write '.' or ','"),
        ({"skip_rows": -1}, "skip_rows: "),
        ({"dezimal": ","}, "dezimal: "),
    ],
)
def test_a_wrong_option_says_what_to_write(options: dict[str, object], says: str) -> None:
    """An option that cannot be meant is refused with its name and what to write."""
    with pytest.raises(MappingError, match=says):
        given_options(options, "--")
