"""Which reader a file needs, by its extension."""

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
    """Open a file at its start, or at a position that an earlier reading gave.

    Raises:
        FileError: there is no such file, it is a folder, it is empty, its extension is not known, its
            header cannot be read, or it is shorter than `start`.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    kind = suffixes[-2] if suffixes[-1:] == [".gz"] and len(suffixes) > 1 else "".join(suffixes[-1:])
    reader = _READERS.get(kind)
    if path.is_dir():
        raise FileError(f"{path} is a folder; name the files in it, such as {path / '*.csv'}")
    if not path.exists():
        raise FileError(f"there is no file {path}")
    if reader is None:
        raise FileError(
            f"{path}: its extension does not say what it is; name it .ndjson, .jsonl, .csv (each also with"
            " .gz) or .parquet"
        )
    if reader is ParquetReader and suffixes[-1] == ".gz":
        raise FileError(f"{path}: Parquet is compressed within; unpack it with gunzip first")
    try:
        if path.stat().st_size == 0:
            raise FileError(f"{path} is empty")
        return reader(path, start)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror or error}") from error
