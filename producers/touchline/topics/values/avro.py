"""Avro in the format of registries: a zero byte, the id of the schema in four bytes, then the value."""

from io import BytesIO
from typing import Any, Final, NamedTuple

import fastavro
import orjson
from fastavro.types import Schema

from touchline.imports import Values
from touchline.topics.errors import UnreadableRecord
from touchline.topics.registry import Registry
from touchline.topics.registry import Schema as Registered
from touchline.topics.values.json_values import SCHEMA_ID_BYTES, as_row, parse

_MOST_PARSED: Final = 200


class Parsed(NamedTuple):
    """A schema that values are read by.

    Attributes:
        number: Its id.
        schema: As fastavro parsed it; None where values are JSON.
        named: The named types in it, by their full names.
    """

    number: int
    schema: Schema | None
    named: dict[str, Any]


class AvroValues:
    """Reads values by the schemas of a registry."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._parsed: dict[int, Parsed] = {}

    def __call__(self, value: bytes) -> Values:
        """The record in a value.

        Raises:
            UnreadableRecord: it is not what its schema says, or has no schema.
            RegistryUnavailable: the registry cannot be asked now.
        """
        return as_row(self.read(value)[0])

    def read(self, value: bytes) -> tuple[Any, Parsed]:
        """What is in a value, and the schema of it.

        Raises:
            UnreadableRecord, RegistryUnavailable: as above.
        """
        if value[:1] != b"\0" or len(value) < SCHEMA_ID_BYTES:
            raise UnreadableRecord(
                "it does not begin with the id of a schema (a zero byte and four more): if it is JSON, pass "
                "--format json"
            )
        number = int.from_bytes(value[1:SCHEMA_ID_BYTES], "big")
        parsed = self._schema(number)
        if parsed.schema is None:
            return parse(value), parsed
        stream = BytesIO(value)
        stream.seek(SCHEMA_ID_BYTES)
        try:
            content = fastavro.schemaless_reader(stream, parsed.schema, None)
        except Exception as error:  # fastavro lets errors of any kind through, for a value that is damaged.
            raise UnreadableRecord(
                f"not what its schema (id {number}) says: {type(error).__name__}: {error}"
            ) from None
        if stream.read(1):
            raise UnreadableRecord(f"longer than its schema (id {number}) says")
        return content, parsed

    def _schema(self, number: int) -> Parsed:
        if (known := self._parsed.get(number)) is None:
            if len(self._parsed) >= _MOST_PARSED:
                del self._parsed[next(iter(self._parsed))]
            known = self._parsed[number] = _parse(self._registry.schema(number), number)
        return known


def _parse(registered: Registered, number: int) -> Parsed:
    if registered.kind == "JSON":
        return Parsed(number, None, {})
    named: dict[str, Any] = {}
    try:
        for text in registered.references:
            fastavro.parse_schema(_loads(text), named)
        schema = fastavro.parse_schema(_loads(registered.text), named)
    except Exception as error:  # of any kind, for a schema that is not valid
        raise UnreadableRecord(
            f"its schema (id {number}) is not valid: {type(error).__name__}: {error}"
        ) from None
    if (why := _danger(schema, named)) is not None:
        raise UnreadableRecord(f"its schema (id {number}) {why}")
    return Parsed(number, schema, named)


def _loads(text: str) -> Any:
    # A schema may be the bare name of a type.
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _danger(schema: Any, named: dict[str, Any]) -> str | None:
    """Why a damaged value of a few bytes could end this process, or take all of its memory; None if none can.

    fastavro follows a recursive schema without a limit, and reads as many empty items as a value says.
    """
    try:
        _least_bytes(schema, named, ())
    except UnreadableRecord as error:
        return str(error)
    return None


def _least_bytes(schema: Any, named: dict[str, Any], within: tuple[str, ...]) -> int:
    """How many bytes the shortest value has."""
    match schema:
        case str() if schema in named:
            if schema in within:
                raise UnreadableRecord(f"is recursive ({schema}): such values are not read")
            return _least_bytes(named[schema], named, within)
        case str():
            return 0 if schema == "null" else 1
        case list():
            for branch in schema:
                _least_bytes(branch, named, within)
            return 1
        case {"type": "record" | "error", "name": str(name), "fields": list(fields)}:
            return sum(_least_bytes(field["type"], named, (*within, name)) for field in fields)
        case {"type": "array", "items": items}:
            if not _least_bytes(items, named, within):
                raise UnreadableRecord("has an array of items without a length: such values are not read")
            return 1
        case {"type": "map", "values": values}:
            _least_bytes(values, named, within)
            return 1
        case {"type": "fixed", "size": int(size)}:
            return size
        case {"type": "enum"}:
            return 1
        case {"type": inner}:
            return _least_bytes(inner, named, within)
    return 1
