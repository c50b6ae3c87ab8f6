"""Debezium's envelope of a change of a table, in JSON or Avro, as a row.

A row has the table's columns: those after the change, or those before it if the row was deleted. The column
`_change` holds the rest: `op` (c created, r read by a snapshot, u updated, d deleted), `ts_ms`, `before`,
`after` and `source`.
"""

from typing import Any, Final

import msgspec
import orjson

from touchline.imports import Values
from touchline.topics.errors import UnreadableRecord
from touchline.topics.values.avro import AvroValues, Parsed
from touchline.topics.values.json_values import as_row, parse
from touchline.topics.values.semantic_types import Converter, converted, converter

CHANGE: Final = "_change"
"""The column with what is said about the change."""

_MOST_TABLES: Final = 200
_ROWS: Final = ("c", "r", "u", "d")
_NO_ROWS: Final = ("t", "m")
_DELETED: Final = "d"


class _Outer(msgspec.Struct):
    """JSON with its schema beside it; without one, the envelope is the value itself."""

    schema: msgspec.Raw = msgspec.Raw(b"null")
    payload: msgspec.Raw = msgspec.Raw(b"")


_outer = msgspec.json.Decoder(_Outer)

Converters = dict[str, Converter]


class DebeziumValues:
    """Reads changes of tables.

    Args:
        avro: Reads values that begin with the id of a schema; None where there is no registry.
        deletions: Whether to give a row for a deletion.
    """

    def __init__(self, avro: AvroValues | None, *, deletions: bool) -> None:
        self._avro = avro
        self._deletions = deletions
        self._by_text: dict[bytes, Converters] = {}
        self._by_number: dict[int, Converters] = {}

    def __call__(self, value: bytes) -> Values | None:
        """The row of a change; None if the change is none of a row, or a deletion that is not wanted.

        Raises:
            UnreadableRecord: the value is no change of a table.
            RegistryUnavailable: the registry cannot be asked now.
        """
        if value[:1] == b"\0":
            envelope, converters = self._from_avro(value)
        else:
            envelope, converters = self._from_json(value)
        if envelope is None:
            return None
        change = as_row(envelope)
        op = change.get("op")
        if op in _NO_ROWS or (op == _DELETED and not self._deletions):
            return None
        if op not in _ROWS:
            raise UnreadableRecord(
                f"no change of a table: op is {op!r}, not one of {', '.join(_ROWS)}; for records that only "
                "have the columns of a table, pass --format json"
            )
        before, after = (_side(change.get(side), converters) for side in ("before", "after"))
        if op != _DELETED and after is None:
            raise UnreadableRecord(f"no change of a table: op is {op!r}, and after is empty")
        row = before if op == _DELETED else after
        about = {
            "op": op,
            "ts_ms": change.get("ts_ms"),
            "before": before,
            "after": after,
            "source": change.get("source"),
        }
        # `|` keeps unreadable cells unreadable.
        return (row or {}) | {CHANGE: about}

    def _from_json(self, value: bytes) -> tuple[Any, Converters]:
        try:
            outer = _outer.decode(value)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            # The other reader says what is wrong.
            return parse(value), {}
        payload, text = bytes(outer.payload), bytes(outer.schema)
        if not payload:
            return parse(value), {}
        if (known := self._by_text.get(text)) is None:
            if len(self._by_text) >= _MOST_TABLES:
                del self._by_text[next(iter(self._by_text))]
            known = self._by_text[text] = _connect_converters(orjson.loads(text))
        return orjson.loads(payload), known

    def _from_avro(self, value: bytes) -> tuple[Any, Converters]:
        if self._avro is None:
            raise UnreadableRecord("it begins with the id of a schema: pass --registry")
        content, parsed = self._avro.read(value)
        if (known := self._by_number.get(parsed.number)) is None:
            if len(self._by_number) >= _MOST_TABLES:
                del self._by_number[next(iter(self._by_number))]
            known = self._by_number[parsed.number] = _avro_converters(parsed)
        return content, known


def _side(row: Any, converters: Converters) -> Values | None:
    if row is None:
        return None
    if isinstance(row, str):
        # The connector of MongoDB writes the document as text.
        row = parse(row.encode())
    return converted(as_row(row), converters)


def _connect_converters(schema: Any) -> Converters:
    """The converters of a table's columns, from the schema in Kafka Connect's JSON."""
    found: Converters = {}
    for side in _fields(schema):
        if side.get("field") not in ("before", "after"):
            continue
        for column in _fields(side):
            parameters = column.get("parameters")
            convert = converter(column.get("name"), parameters if isinstance(parameters, dict) else {})
            if convert is not None:
                found[str(column.get("field"))] = convert
    return found


def _fields(schema: Any) -> list[dict[str, Any]]:
    fields = schema.get("fields") if isinstance(schema, dict) else None
    return [field for field in fields if isinstance(field, dict)] if isinstance(fields, list) else []


def _avro_converters(parsed: Parsed) -> Converters:
    """The converters of a table's columns, from an Avro schema that Kafka Connect wrote."""
    found: Converters = {}
    for side in _fields(parsed.schema):
        if side["name"] not in ("before", "after"):
            continue
        for branch in _branches(side["type"]):
            for column in _fields(parsed.named.get(branch) if isinstance(branch, str) else branch):
                for kind in _branches(column["type"]):
                    if not isinstance(kind, dict):
                        continue
                    parameters = kind.get("connect.parameters") or {}
                    if (convert := converter(kind.get("connect.name"), parameters)) is not None:
                        found[str(column["name"])] = convert
    return found


def _branches(schema: Any) -> list[Any]:
    return schema if isinstance(schema, list) else [schema]
