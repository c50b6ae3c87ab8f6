"""File formats: one table of readers by extension."""

from collections.abc import Callable
from pathlib import Path

from touchline.imports.errors import FileError
from touchline.imports.readers.csv_file import CsvReader
from touchline.imports.readers.ndjson import NdjsonReader
from touchline.imports.readers.options import FileOptions
from touchline.imports.readers.parquet import ParquetReader
from touchline.imports.readers.rows import START, Position, Reader

_TEXT: dict[str, Callable[[Path, Position, FileOptions], Reader]] = {
    ".ndjson": NdjsonReader,
    ".jsonl": NdjsonReader,
    ".csv": CsvReader,
}
_PARQUET = ".parquet"
_DETECTED = FileOptions()


def open_rows(
    path: Path,
    start: Position = START,
    options: FileOptions = _DETECTED,
    columns: frozenset[str] | None = None,
) -> Reader:
    """Open a file at its start, or at the position of an earlier row.

    Args:
        path: The file.
        start: Where to begin.
        options: How a text file is written. Default: detect it.
        columns: The columns of a Parquet file to read. Default: all.

    Raises:
        FileError: the file is missing, a folder, empty, or shorter than `start`; or its extension is unknown,
            or its header is invalid.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    kind = _kind(suffixes)
    if path.is_dir():
        raise FileError(f"{path} is a folder: pass the files in it, such as {path / '*.csv'}")
    if not path.exists():
        raise FileError(f"there is no file {path}")
    if kind != _PARQUET and kind not in _TEXT:
        raise FileError(
            f"{path}: unknown extension: use .ndjson, .jsonl or .csv (each also with .gz), or .parquet"
        )
    if kind == _PARQUET and suffixes[-1] == ".gz":
        raise FileError(f"{path}: a gzipped Parquet file: run gunzip first")
    try:
        if path.stat().st_size == 0:
            raise FileError(f"{path} is empty")
        return ParquetReader(path, start, columns) if kind == _PARQUET else _TEXT[kind](path, start, options)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror or error}") from error


def is_known(path: Path) -> bool:
    """Whether a file has the extension of a format that can be opened."""
    kind = _kind([suffix.lower() for suffix in path.suffixes])
    return kind in _TEXT or kind == _PARQUET


def _kind(suffixes: list[str]) -> str:
    return suffixes[-2] if suffixes[-1:] == [".gz"] and len(suffixes) > 1 else "".join(suffixes[-1:])
