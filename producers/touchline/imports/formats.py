"""File formats: one table of readers by extension."""

from collections.abc import Callable
from pathlib import Path

from touchline.imports.errors import FileError
from touchline.imports.parquet import ParquetReader
from touchline.imports.rows import START, Position, Reader
from touchline.imports.text import CsvReader, NdjsonReader

_READERS: dict[str, Callable[[Path, Position], Reader]] = {
    ".ndjson": NdjsonReader,
    ".jsonl": NdjsonReader,
    ".csv": CsvReader,
    ".parquet": ParquetReader,
}


def open_rows(path: Path, start: Position = START) -> Reader:
    """Open a file at its start, or at the position of an earlier row.

    Raises:
        FileError: the file is missing, a folder, empty, or shorter than `start`; or its extension is unknown,
            or its header is invalid.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    kind = suffixes[-2] if suffixes[-1:] == [".gz"] and len(suffixes) > 1 else "".join(suffixes[-1:])
    reader = _READERS.get(kind)
    if path.is_dir():
        raise FileError(f"{path} is a folder: pass the files in it, such as {path / '*.csv'}")
    if not path.exists():
        raise FileError(f"there is no file {path}")
    if reader is None:
        raise FileError(
            f"{path}: unknown extension: use .ndjson, .jsonl or .csv (each also with .gz), or .parquet"
        )
    if reader is ParquetReader and suffixes[-1] == ".gz":
        raise FileError(f"{path}: a gzipped Parquet file: run gunzip first")
    try:
        if path.stat().st_size == 0:
            raise FileError(f"{path} is empty")
        return reader(path, start)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror or error}") from error
