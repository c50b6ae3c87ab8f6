"""The encoding in protobuf. Its library is loaded with the first request: it takes 8 MB and 70 ms."""

from base64 import b64encode
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from touchline.collector.dialects.dialect import Unsplittable
from touchline.collector.dialects.otlp.record import Read, Record
from touchline.collector.dialects.otlp.resource import Resource, resource_of

if TYPE_CHECKING:
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
    from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

MEDIA_TYPE: Final = "application/x-protobuf"


def is_protobuf(headers: Mapping[str, str]) -> bool:
    """Whether a request, and so its response, is in protobuf."""
    return headers.get("content-type", "").partition(";")[0].strip().lower() == MEDIA_TYPE


def read_protobuf(body: bytes) -> list[Read]:
    """The records of a request.

    Raises:
        Unsplittable: the body is no ExportLogsServiceRequest.
    """
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    try:
        request = ExportLogsServiceRequest.FromString(body)
    except DecodeError:
        raise Unsplittable("not an ExportLogsServiceRequest: send OTLP logs in protobuf") from None
    return [
        _record(record, resource, scope.scope.name)
        for each in request.resource_logs
        if each.scope_logs
        for resource in (resource_of(_values(each.resource.attributes)),)
        for scope in each.scope_logs
        for record in scope.log_records
    ]


def partial_success(rejected: int, message: str) -> bytes:
    """An ExportLogsServiceResponse that says how many records are not stored, and why."""
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
        ExportLogsPartialSuccess,
        ExportLogsServiceResponse,
    )

    partial = ExportLogsPartialSuccess(rejected_log_records=rejected, error_message=message)
    return bytes(ExportLogsServiceResponse(partial_success=partial).SerializeToString())


def rpc_status(code: int, message: str) -> bytes:
    """A google.rpc.Status."""
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsPartialSuccess

    # On the wire the two are alike: field 1 is a number, field 2 a text.
    return bytes(
        ExportLogsPartialSuccess(rejected_log_records=code, error_message=message).SerializeToString()
    )


def _record(record: "LogRecord", resource: Resource, scope: str) -> Read:
    name = record.event_name or _event_name(record.attributes)
    if not name:
        return None
    return Record(
        name,
        resource,
        scope,
        _values(record.attributes),
        _value(record.body),
        record.time_unix_nano,
        record.observed_time_unix_nano,
        record.severity_text or (str(record.severity_number) if record.severity_number else ""),
        record.trace_id.hex(),
        record.span_id.hex(),
    )


def _event_name(attributes: "Iterable[KeyValue]") -> str:
    return next((each.value.string_value for each in attributes if each.key == "event.name"), "")


def _values(attributes: "Iterable[KeyValue]") -> dict[str, Any]:
    return {each.key: _value(each.value) for each in attributes}


def _value(value: "AnyValue") -> Any:
    kind = value.WhichOneof("value")
    match kind:
        case "string_value":
            return value.string_value
        case "kvlist_value":
            return _values(value.kvlist_value.values)
        case "array_value":
            return [_value(each) for each in value.array_value.values]
        case "bytes_value":
            return b64encode(value.bytes_value).decode()
        case "double_value":
            number = value.double_value
            return number if isfinite(number) else str(number)
        case None:
            return None
    return getattr(value, kind)
