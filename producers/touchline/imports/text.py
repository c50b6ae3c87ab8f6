"""Readers of NDJSON and CSV, plain or gzipped. They hold one row at a time."""

import csv
import gzip
import io
import zlib
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import orjson

from touchline.imports.errors import FileError
from touchline.imports.rows import LONGEST_ROW, START, BadRow, Position, Row

_BODY = 64 * 1024
_DELIMITERS = ",;\t|"


class _Line(NamedTuple):
    text: str
    problem: str | None
    row: int
    after: Position


class _Lines:
    """Lines of a file with their positions; a line that is too long or not UTF-8 has a problem."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._raw = path.open("rb")
        packed = path.suffix.lower() == ".gz"
        # gzip reads in small steps; the buffer makes reading lines cheap.
        self._stream: io.BufferedIOBase = (
            io.BufferedReader(gzip.GzipFile(fileobj=self._raw), 64 * 1024) if packed else self._raw
        )
        self._at = START

    @property
    def progress(self) -> int:
        return self._raw.tell()

    def seek(self, place: Position) -> None:
        try:
            self._stream.seek(0, io.SEEK_SET)
            # One byte less, to detect the end of the file.
            self._stream.seek(max(0, place.offset - 1))
            if place.offset and not self._stream.read(1):
                raise FileError(
                    f"{self._path} ends before row {place.row}, up to which it was imported:"
                    " it has changed; import it from its start"
                )
        except (EOFError, OSError, zlib.error) as error:
            raise self._damaged(error) from error
        self._at = place

    def __iter__(self) -> Iterator[_Line]:
        return self

    def __next__(self) -> _Line:
        try:
            raw = self._stream.readline(LONGEST_ROW + 1)
            if not raw:
                raise StopIteration
            length, problem = len(raw), None
            if length > LONGEST_ROW:
                problem = f"the row is longer than {LONGEST_ROW:,} bytes: shorten it"
                rest = raw
                while rest and not rest.endswith(b"\n"):
                    rest = self._stream.readline(LONGEST_ROW)
                    length += len(rest)
                raw = raw[:_BODY]
        except (EOFError, OSError, zlib.error) as error:
            raise self._damaged(error) from error
        row = self._at.row
        self._at = Position(row + 1, self._at.offset + length)
        try:
            text = raw.decode("utf-8-sig" if row == 1 else "utf-8")
        except UnicodeDecodeError as error:
            text = raw.decode("utf-8", "backslashreplace")
            problem = problem or f"not UTF-8 at byte {error.start + 1} of the row: save the file as UTF-8"
        return _Line(text, problem, row, self._at)

    def close(self) -> None:
        self._stream.close()
        self._raw.close()

    def _damaged(self, error: Exception) -> FileError:
        return FileError(f"{self._path} is damaged or cut off after row {self._at.row - 1}: {error}")


@contextmanager
def _closed_on_error(lines: _Lines) -> Iterator[None]:
    try:
        yield
    except BaseException:
        lines.close()
        raise


class NdjsonReader:
    """One JSON object per line; empty lines are skipped."""

    columns = None

    def __init__(self, path: Path, start: Position = START) -> None:
        self._lines = _Lines(path)
        with _closed_on_error(self._lines):
            self._lines.seek(start)

    @property
    def progress(self) -> int:
        """Bytes of the file read so far."""
        return self._lines.progress

    def __iter__(self) -> Iterator[Row | BadRow]:
        for text, problem, row, after in self._lines:
            if not text.strip():
                continue
            if problem is None:
                try:
                    values = orjson.loads(text)
                except orjson.JSONDecodeError as error:
                    problem = f"not JSON: {error.msg} at column {error.colno}"
                else:
                    if isinstance(values, dict):
                        yield Row(row, values, after)
                        continue
                    problem = "not a JSON object: write one object per line"
            yield BadRow(row, problem, text[:_BODY].rstrip("\r\n"), after)

    def close(self) -> None:
        """Close the file."""
        self._lines.close()


class CsvReader:
    """CSV with a header line. The delimiter is comma, semicolon, tab or bar: the most frequent in the header.

    Quoted fields may hold line breaks. If a row over several lines is invalid (a missing quotation mark),
    only its first line is bad: reading continues with the next line.
    """

    def __init__(self, path: Path, start: Position = START) -> None:
        self._lines = _Lines(path)
        self._again: deque[_Line] = deque()
        self._taken: list[_Line] = []
        with _closed_on_error(self._lines):
            self.columns: list[str] = self._header(path)
            if start != START:
                self._lines.seek(start)

    @property
    def progress(self) -> int:
        """Bytes of the file read so far."""
        return self._lines.progress

    def __iter__(self) -> Iterator[Row | BadRow]:
        while True:
            self._taken.clear()
            problem: str | None = None
            fields: list[str] = []
            try:
                fields = next(self._parser)
            except StopIteration:
                return
            except csv.Error as error:
                problem = f"not CSV: {error}"
            else:
                if not fields:
                    continue
                problem = next((line.problem for line in self._taken if line.problem), None)
                if problem is None and len(fields) != len(self.columns):
                    problem = f"{len(fields)} fields, but the header has {len(self.columns)}"
            first = self._taken[0]
            if problem is None:
                yield Row(first.row, dict(zip(self.columns, fields, strict=True)), self._taken[-1].after)
            else:
                self._again.extendleft(reversed(self._taken[1:]))
                yield BadRow(first.row, problem, first.text[:_BODY].rstrip("\r\n"), first.after)

    def close(self) -> None:
        """Close the file."""
        self._lines.close()

    def _header(self, path: Path) -> list[str]:
        first = next(self._lines, None)
        if first is None:
            raise FileError(f"{path} is empty: start a CSV file with a line of column names")
        self._again.append(first)
        feed = _Feed(self._lines, self._again, self._taken)
        self._parser = csv.reader(feed, delimiter=max(_DELIMITERS, key=first.text.count), strict=True)
        problem = first.problem
        names: list[str] = []
        try:
            names = next(self._parser)
        except csv.Error as error:
            problem = problem or f"cannot read the column names: {error}"
        twice = sorted({name for name in names if names.count(name) > 1})
        if problem is None and not (names and all(names)):
            problem = "a column has no name"
        elif problem is None and twice:
            problem = f"two columns are named {twice[0]!r}"
        if problem:
            raise FileError(f"{path} line 1: {problem}")
        return names


class _Feed:
    """Lines for the CSV parser: first those to read again. It records the lines that the parser takes."""

    def __init__(self, lines: _Lines, again: deque[_Line], taken: list[_Line]) -> None:
        self._lines = lines
        self._again = again
        self._taken = taken
        self._length = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self._length = len(line.text) + (self._length if self._taken else 0)
        self._taken.append(line)
        if self._length > LONGEST_ROW:
            raise csv.Error(f"the row is longer than {LONGEST_ROW:,} characters")
        return line.text
