"""The encoding in JSON: protobuf's, but with ids in hexadecimal, and numbers for enums."""

from collections.abc import Iterable
from contextlib import suppress
from math import isfinite
from typing import Any

import msgspec

from touchline.collector.dialects.dialect import Unsplittable
from touchline.collector.dialects.native import NOT_JSON
from touchline.collector.dialects.otlp.record import Read, Record, Unreadable
from touchline.collector.dialects.otlp.resource import Resource, resource_of
from touchline.vocabulary.refusal import Reason
from touchline.vocabulary.validation import InvalidEvent

_MOST_NS = 2**64


class _Values(msgspec.Struct, rename="camel"):
    values: "list[_AnyValue] | None" = None


class _AnyValue(msgspec.Struct, rename="camel"):
    string_value: str | None = None
    bool_value: bool | None = None
    int_value: int | float | str | None = None
    double_value: float | str | None = None
    array_value: _Values | None = None
    kvlist_value: "_KeyValues | None" = None
    bytes_value: str | None = None


class _KeyValue(msgspec.Struct):
    key: str = ""
    value: _AnyValue | None = None


class _KeyValues(msgspec.Struct):
    values: list[_KeyValue] | None = None


class _LogRecord(msgspec.Struct, rename="camel"):
    event_name: str | None = None
    time_unix_nano: int | str | None = None
    observed_time_unix_nano: int | str | None = None
    severity_number: int | str | None = None
    severity_text: str | None = None
    body: _AnyValue | None = None
    attributes: list[_KeyValue] | None = None
    trace_id: str | None = None
    span_id: str | None = None


class _Resource(msgspec.Struct):
    attributes: list[_KeyValue] | None = None


class _Scope(msgspec.Struct):
    name: str | None = None


class _ScopeLogs(msgspec.Struct, rename="camel"):
    scope: _Scope | None = None
    log_records: list[msgspec.Raw] | None = None


class _ResourceLogs(msgspec.Struct, rename="camel"):
    resource: _Resource | None = None
    scope_logs: list[_ScopeLogs] | None = None


class _Request(msgspec.Struct, rename="camel"):
    resource_logs: list[_ResourceLogs] | None = None


_request_decoder = msgspec.json.Decoder(_Request)
_record_decoder = msgspec.json.Decoder(_LogRecord)


def read_json(body: bytes) -> list[Read]:
    """The records of a request. One that cannot be read does not affect the others.

    Raises:
        Unsplittable: the body is no ExportLogsServiceRequest in JSON.
    """
    try:
        request = _request_decoder.decode(body)
        return [
            _record(raw, resource, (logs.scope and logs.scope.name) or "")
            for each in request.resource_logs or ()
            if each.scope_logs
            for resource in (resource_of(_values((each.resource and each.resource.attributes) or ())),)
            for logs in each.scope_logs
            for raw in logs.log_records or ()
        ]
    except (*NOT_JSON, ValueError) as error:
        raise Unsplittable(
            f"not an ExportLogsServiceRequest: {error}. Send OTLP logs in JSON, or in protobuf with"
            " Content-Type: application/x-protobuf"
        ) from error


def _record(raw: msgspec.Raw, resource: Resource, scope: str) -> Read:
    try:
        record = _record_decoder.decode(raw)
        attributes = record.attributes or ()
        name = record.event_name or _event_name(attributes)
        if not name:
            return None
        return Record(
            name,
            resource,
            scope,
            _values(attributes),
            _value(record.body),
            _nanoseconds(record.time_unix_nano),
            _nanoseconds(record.observed_time_unix_nano),
            record.severity_text or str(record.severity_number or ""),
            record.trace_id or "",
            record.span_id or "",
        )
    except (*NOT_JSON, ValueError) as error:
        invalid = InvalidEvent(Reason.INVALID_ENVELOPE, "", f"not a LogRecord of OTLP: {error}")
        return Unreadable(bytes(raw), invalid)


def _nanoseconds(given: int | str | None) -> int:
    with suppress(ValueError):
        nanoseconds = int(given or 0)
        if 0 <= nanoseconds < _MOST_NS:
            return nanoseconds
    raise ValueError("expected times in nanoseconds since 1970")


def _event_name(attributes: Iterable[_KeyValue]) -> str:
    found = next((each.value for each in attributes if each.key == "event.name"), None)
    return (found and found.string_value) or ""


def _values(attributes: Iterable[_KeyValue]) -> dict[str, Any]:
    return {each.key: _value(each.value) for each in attributes}


def _value(value: _AnyValue | None) -> Any:
    if value is None:
        return None
    if value.string_value is not None:
        return value.string_value
    if value.int_value is not None:
        return _whole(value.int_value)
    if value.double_value is not None:
        return _double(value.double_value)
    if value.bool_value is not None:
        return value.bool_value
    if value.kvlist_value is not None:
        return _values(value.kvlist_value.values or ())
    if value.array_value is not None:
        return [_value(each) for each in value.array_value.values or ()]
    return value.bytes_value


def _double(given: float | str) -> float | str:
    try:
        number = float(given)
    except ValueError:
        raise ValueError("expected doubleValue to be a number") from None
    return number if isfinite(number) else str(number)


def _whole(given: int | float | str) -> int:
    """An integer: the specification has it as text, clients also send a number."""
    with suppress(ValueError, OverflowError):
        number = int(given)
        if -(2**63) <= number < 2**63:
            return number
    raise ValueError("expected intValue to be a whole number of 64 bits")
