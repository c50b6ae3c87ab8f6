"""Parts of ClickHouse's Native format that the engine does not write: headers without rows."""

from collections.abc import Sequence

_BLOCK_INFO = b"\x01\x00\x02\xff\xff\xff\xff\x00"
_NO_CUSTOM_SERIALIZATION = b"\x00"


def header_block(columns: Sequence[tuple[str, str]]) -> bytes:
    """A block without rows, from the name and type of each column: clients read the columns from it."""
    parts = [_varint(len(columns)), _varint(0)]
    for name, kind in columns:
        parts += [_text(name), _text(kind)]
    return b"".join(parts)


def hello_block(display_name: str, version: str, time_zone: str) -> bytes:
    """The answer to clickhouse-go's first query, in the newer revision that this client announces.

    One row of display name, version, revision and time zone. The revision is 0: for all further queries the
    client then reads blocks as the engine writes them, without the additions of newer revisions.
    """
    columns = (
        ("displayName()", "String", _text(display_name)),
        ("version()", "String", _text(version)),
        ("revision()", "UInt32", (0).to_bytes(4, "little")),
        ("timezone()", "String", _text(time_zone)),
    )
    parts = [_BLOCK_INFO, _varint(len(columns)), _varint(1)]
    for name, kind, value in columns:
        parts += [_text(name), _text(kind), _NO_CUSTOM_SERIALIZATION, value]
    return b"".join(parts)


def _text(text: str) -> bytes:
    encoded = text.encode()
    return _varint(len(encoded)) + encoded


def _varint(number: int) -> bytes:
    low, high = number & 0x7F, number >> 7
    return bytes((low | 0x80,)) + _varint(high) if high else bytes((low,))
