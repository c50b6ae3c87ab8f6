"""The reader of NDJSON: one JSON object per line."""

from collections.abc import Iterator
from pathlib import Path

import orjson

from touchline.imports.readers.lines import Lines
from touchline.imports.readers.options import Choice, FileOptions
from touchline.imports.readers.rows import BODY, START, BadRow, Position, Row


class NdjsonReader:
    """One JSON object per line; empty lines are skipped.

    Raises:
        FileError: the file ends before `start`.
    """

    columns = None

    def __init__(self, path: Path, start: Position, options: FileOptions) -> None:
        self._lines = Lines(path, options.encoding)
        self.detected: tuple[Choice, ...] = self._lines.detected
        if start != START:
            try:
                self._lines.seek(start)
            except BaseException:
                self._lines.close()
                raise

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
            yield BadRow(row, problem, text[:BODY].rstrip("\r\n"), after)

    def close(self) -> None:
        """Close the file."""
        self._lines.close()
