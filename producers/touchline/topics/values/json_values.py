"""JSON: one object per record, as it is or behind the id of its schema."""

from typing import Any, Final

import orjson

from touchline.imports import Values
from touchline.topics.errors import UnreadableRecord

SCHEMA_ID_BYTES: Final = 5
"""A zero byte and four bytes of the schema's id stand before a value that a registry's client wrote."""


def read_json(value: bytes) -> Values:
    """The object in a value.

    Raises:
        UnreadableRecord: it is no JSON object.
    """
    return as_row(parse(value))


def parse(value: bytes) -> Any:
    """What is in JSON. The id of its schema, if there is one, is skipped: JSON never begins with a zero byte.

    Raises:
        UnreadableRecord: it is no JSON.
    """
    if value[:1] == b"\0":
        value = value[SCHEMA_ID_BYTES:]
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise UnreadableRecord(f"not JSON: {error.msg} at column {error.colno}") from None


def as_row(content: Any) -> Values:
    """The content of a value, if it has named fields.

    Raises:
        UnreadableRecord: it has none.
    """
    if not isinstance(content, dict):
        raise UnreadableRecord("not an object: a mapping needs one with named fields")
    return content
