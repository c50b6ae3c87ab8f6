"""The reader of Parquet. It reads a batch of rows at a time, for any size of row groups."""

from collections.abc import Iterator
from pathlib import Path

from touchline.imports.errors import FileError
from touchline.imports.rows import START, BadRow, Position, Row

_BATCH = 2_048


class ParquetReader:
    """The rows of a Parquet file. Times without a time zone stay naive."""

    def __init__(self, path: Path, start: Position = START) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._path = path
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
        self.columns: list[str] = list(self._file.schema_arrow.names)

    @property
    def progress(self) -> int:
        """Bytes of the file read so far, estimated by the share of its rows."""
        return self._size * self._done // self._rows if self._rows else self._size

    def __iter__(self) -> Iterator[Row | BadRow]:
        import pyarrow as pa

        groups, skip = self._remaining()
        try:
            for batch in self._file.iter_batches(_BATCH, row_groups=groups):
                if skip >= batch.num_rows:
                    skip -= batch.num_rows
                    continue
                for values in _plain(batch.slice(skip)).to_pylist():
                    self._done += 1
                    yield Row(self._done, values, Position(self._done + 1, self._done))
                skip = 0
        except (pa.ArrowException, OSError) as error:
            raise FileError(f"{self._path} is damaged after row {self._done}: {error}") from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()

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


def _plain(batch: "pa.RecordBatch") -> "pa.RecordBatch":  # type: ignore[name-defined]  # noqa: F821
    """Truncate nanoseconds to microseconds, the precision of Python's datetime."""
    import pyarrow as pa

    fields = [
        field.with_type(pa.timestamp("us", field.type.tz))
        if pa.types.is_timestamp(field.type) and field.type.unit == "ns"
        else field
        for field in batch.schema
    ]
    columns = [
        column.cast(field.type, safe=False) for column, field in zip(batch.columns, fields, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))
