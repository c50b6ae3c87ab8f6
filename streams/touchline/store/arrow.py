"""Columns as Arrow: the fastest exact way into ClickHouse. Milliseconds stay integers throughout."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from touchline.store.import_blocker import imports_blocked

with imports_blocked("numpy", "pandas"):
    import pyarrow as pa

    pa.array([])  # pyarrow looks for pandas at the first array

_TYPES: dict[str, pa.DataType] = {
    "String": pa.string(),
    "UUID": pa.string(),
    "UInt8": pa.uint8(),
    "UInt16": pa.uint16(),
    "UInt32": pa.uint32(),
    "UInt64": pa.uint64(),
    "Int64": pa.int64(),
    "Float64": pa.float64(),
}


def arrow_type(clickhouse: str) -> pa.DataType:
    """The Arrow type of a ClickHouse column type."""
    for wrapper in ("LowCardinality(", "Nullable("):
        if clickhouse.startswith(wrapper):
            return arrow_type(clickhouse[len(wrapper) : -1])
    if clickhouse.startswith("Array("):
        return pa.list_(arrow_type(clickhouse[6:-1]))
    if clickhouse.startswith("DateTime64(3"):
        return pa.timestamp("ms")
    if clickhouse.startswith("Enum8("):
        return pa.string()
    return _TYPES[clickhouse]


def record_batch(columns: Mapping[str, Sequence[Any]], types: Mapping[str, pa.DataType]) -> pa.RecordBatch:
    """The columns as an Arrow record batch. UUIDs are objects or text, times are ms.

    Raises:
        KeyError: the table has no such column.
        ValueError: a value does not fit its column, or the columns differ in length.
    """
    return pa.record_batch(
        [_array(values, types[name]) for name, values in columns.items()], names=list(columns)
    )


def arrow_stream(batches: Sequence[pa.RecordBatch]) -> bytes:
    """Batches with the same columns, in Arrow's stream format."""
    table = pa.Table.from_batches(batches).combine_chunks()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if values and isinstance(values[0], UUID):
        return pa.array([value.bytes for value in values], pa.binary(16))
    return pa.array(values, kind)
