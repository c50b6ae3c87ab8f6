"""The reader of Parquet. It reads a batch of rows at a time, for any size of row groups."""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from touchline.imports.errors import FileError
from touchline.imports.readers.rows import START, BadRow, Position, Row, SpoiledRow, Unreadable, two_columns
from touchline.imports.readers.values import plain

if TYPE_CHECKING:
    import pyarrow as pa

# Dictionary encoding hides the size of values, so a batch has few rows even where they look small.
_BATCH = 512
_BATCH_BYTES = 16 * 1024 * 1024


class ParquetReader:
    """The rows of a Parquet file. Times without a time zone stay naive.

    Args:
        path: The file.
        start: Where to begin.
        columns: The columns to read, `a.b` for field b of struct a. Default: all.

    Raises:
        FileError: the file is no Parquet file, or is shorter than `start`.
    """

    def __init__(self, path: Path, start: Position = START, columns: frozenset[str] | None = None) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._path = path
        self.detected = ()
        try:
            self._file = pq.ParquetFile(path, pre_buffer=False)
        except (pa.ArrowException, OSError) as error:
            raise FileError(f"{path} is not a Parquet file, or is damaged: {error}") from error
        self._rows = self._file.metadata.num_rows
        if start.offset > self._rows:
            self.close()
            raise FileError(
                f"{path} has {self._rows} rows, fewer than the {start.offset} already imported:"
                " it has changed; import it from its start"
            )
        self._done = start.offset
        self._size = path.stat().st_size
        self.columns: list[str] = [
            name for field in self._file.schema_arrow for name in _names(field.name, field.type)
        ]
        self._columns = sorted(columns & set(self.columns)) if columns else None

    @property
    def progress(self) -> int:
        """Bytes of the file read so far, estimated by the share of its rows."""
        return self._size * self._done // self._rows if self._rows else self._size

    def __iter__(self) -> Iterator[Row | BadRow]:
        import pyarrow as pa

        groups, skip = self._remaining()
        try:
            for batch in self._file.iter_batches(self._batch(), row_groups=groups, columns=self._columns):
                if skip >= batch.num_rows:
                    skip -= batch.num_rows
                    continue
                for values in _rows(batch.slice(skip)):
                    self._done += 1
                    yield Row(self._done, values, Position(self._done + 1, self._done))
                skip = 0
        except (pa.ArrowException, OSError) as error:
            raise FileError(f"{self._path} is damaged after row {self._done}: {error}") from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _batch(self) -> int:
        """Rows of one batch: fewer where rows are large."""
        groups = range(self._file.num_row_groups)
        size = sum(self._file.metadata.row_group(group).total_byte_size for group in groups)
        rows: int = _BATCH_BYTES * self._rows // max(1, size)
        return max(1, min(_BATCH, rows))

    def _remaining(self) -> tuple[list[int], int]:
        """The row groups that are not read yet, and the rows to skip in the first of them."""
        before, skip = 0, self._done
        while before < self._file.num_row_groups:
            rows = self._file.metadata.row_group(before).num_rows
            if skip < rows:
                break
            skip -= rows
            before += 1
        return list(range(before, self._file.num_row_groups)), skip


def _names(name: str, of: "pa.DataType") -> Iterator[str]:
    """The name of a column, and those of the fields in it."""
    import pyarrow as pa

    yield name
    if pa.types.is_struct(of):
        for field in of:
            yield from _names(f"{name}.{field.name}", field.type)


def _rows(batch: "pa.RecordBatch") -> Iterator[dict[str, Any]]:
    names = batch.schema.names
    columns, spoiled = [], False
    for column, name in zip(batch.columns, names, strict=True):
        if names.count(name) > 1:
            cells, whole = [Unreadable(two_columns(name))] * batch.num_rows, False
        else:
            cells, whole = _cells(column, name)
        columns.append(cells)
        spoiled = spoiled or not whole
    for row in zip(*columns, strict=True):
        values = dict(zip(names, row, strict=False))
        yield SpoiledRow(values) if spoiled and any(type(cell) is Unreadable for cell in row) else values


def _cells(column: "pa.Array", name: str) -> tuple[list[Any], bool]:
    """The values of a column, and whether all can be read; if not, each is converted by itself."""
    import pyarrow as pa

    target = _precise(column.type)
    try:
        if target != column.type:
            column = column.cast(target, safe=False)
        values: list[Any] = column.to_pylist()
        if pa.types.is_floating(target):
            return [None if value != value else value for value in values], True
        return values if _is_plain(target) else [plain(value) for value in values], True
    except Exception:  # Of whichever kind: the cell that caused it gets the reason.
        return [_cell(cell, name) for cell in column], False


@lru_cache(maxsize=1024)
def _is_plain(of: "pa.DataType") -> bool:
    """Whether Python's values of a type need no conversion."""
    import pyarrow as pa

    types = pa.types
    return bool(types.is_string(of) or types.is_integer(of) or types.is_timestamp(of) or types.is_boolean(of))


def _cell(cell: "pa.Scalar", name: str) -> Any:
    try:
        return plain(cell.as_py())
    except Exception as error:  # pyarrow raises many kinds.
        return Unreadable(f"column {name}: cannot read the {cell.type}: {error}")


@lru_cache(maxsize=1024)
def _precise(of: "pa.DataType") -> "pa.DataType":
    """The type to convert a column to: microseconds, Python's precision, for nanoseconds; no dictionaries."""
    import pyarrow as pa

    types = pa.types
    if types.is_dictionary(of):
        return _precise(of.value_type)
    if types.is_timestamp(of) and of.unit == "ns":
        return pa.timestamp("us", of.tz)
    if types.is_duration(of) and of.unit == "ns":
        return pa.duration("us")
    if types.is_time64(of) and of.unit == "ns":
        return pa.time64("us")
    if types.is_list(of) or types.is_large_list(of):
        value = of.value_field.with_type(_precise(of.value_type))
        return pa.list_(value) if types.is_list(of) else pa.large_list(value)
    if types.is_map(of):
        return pa.map_(_precise(of.key_type), _precise(of.item_type))
    if types.is_struct(of):
        return pa.struct([field.with_type(_precise(field.type)) for field in of])
    return of
