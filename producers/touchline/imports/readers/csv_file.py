"""The reader of CSV: a header line, then rows of text."""

import csv
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from touchline.imports.errors import FileError
from touchline.imports.readers.dialect import fits, named, sep_line
from touchline.imports.readers.lines import Line, Lines
from touchline.imports.readers.options import Choice, FileOptions
from touchline.imports.readers.rows import (
    BODY,
    LONGEST_ROW,
    START,
    BadRow,
    Position,
    Row,
    SpoiledRow,
    Unreadable,
    Values,
    two_columns,
)
from touchline.vocabulary.wording import counted


class CsvReader:
    """CSV with a header line. What `options` leave open is detected and listed in `detected`.

    Quoted fields may hold line breaks. If a row over several lines is invalid (a missing quotation mark),
    only its first line is bad: reading continues with the next line. A column without a name is called
    `column 3`, by its number.

    Raises:
        FileError: the file has no header, is not of the encoding, or ends before `start`.
    """

    def __init__(self, path: Path, start: Position, options: FileOptions) -> None:
        self._path = path
        self._lines = Lines(path, options.encoding, carriage_returns=True)
        self._again: deque[Line] = deque()
        self._taken: list[Line] = []
        self.detected: tuple[Choice, ...] = self._lines.detected
        try:
            self._lines.check_encoding()
            self._skip(options.skip_rows or 0)
            self._delimiter = self._chosen(options.delimiter)
            self._parser = csv.reader(
                _Feed(self._lines, self._again, self._taken), delimiter=self._delimiter, strict=True
            )
            self.columns: list[str] = self._header()
            self._twice = {
                name: Unreadable(two_columns(name)) for name in self.columns if self.columns.count(name) > 1
            }
            if start != START:
                self._again.clear()
                self._lines.seek(start)
        except BaseException:
            self._lines.close()
            raise

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
                    problem = self._other_length(len(fields))
            first = self._taken[0]
            if problem is None:
                values: Values = dict(zip(self.columns, fields, strict=True))
                if self._twice:
                    values = SpoiledRow(values | self._twice)
                yield Row(first.row, values, self._taken[-1].after)
            else:
                self._again.extendleft(reversed(self._taken[1:]))
                yield BadRow(first.row, problem, first.text[:BODY].rstrip("\r\n"), first.after)

    def close(self) -> None:
        """Close the file."""
        self._lines.close()

    def _other_length(self, fields: int) -> str:
        problem = f"{fields} fields, but the header has {len(self.columns)}"
        if any(choice.option == "delimiter" for choice in self.detected):
            problem += f" (if {named(self._delimiter)} is not the delimiter, set delimiter)"
        return problem

    def _skip(self, lines: int) -> None:
        for _ in range(lines):
            next(self._lines, None)

    def _chosen(self, delimiter: str | None) -> str:
        """The delimiter, by the option, the `sep=` line, or the header and the first rows."""
        first = next(self._lines, None)
        while first is not None and not first.text.strip():
            first = next(self._lines, None)
        sep = sep_line(first.text) if first is not None else None
        if sep is not None:
            first = next(self._lines, None)
        if first is None:
            raise FileError(f"{self._path} is empty: start a CSV file with a line of column names")
        self._again.append(first)
        if delimiter is not None:
            return delimiter
        if sep is not None:
            self.detected += (Choice("delimiter", named(sep), "its sep= line"),)
            return sep
        best = fits(self._lines.sample.split("\n", first.row - 1)[-1])[0]
        why = f"{counted(best.fields, 'column')}, as in {best.share:.0%} of the first rows"
        self.detected += (Choice("delimiter", named(best.delimiter), why),)
        return best.delimiter

    def _header(self) -> list[str]:
        first = self._again[0]
        problem = first.problem
        names: list[str] = []
        try:
            names = next(self._parser)
        except csv.Error as error:
            problem = problem or f"cannot read the column names: {error}"
        if problem is None and not any(name.strip() for name in names):
            problem = "no column has a name: set skip_rows if the header comes later"
        if problem:
            raise FileError(f"{self._path} line {first.row}: {problem}")
        return [name if name.strip() else f"column {number}" for number, name in enumerate(names, 1)]


class _Feed:
    """Lines for the CSV parser: first those to read again. It records the lines that the parser takes."""

    def __init__(self, lines: Lines, again: deque[Line], taken: list[Line]) -> None:
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
