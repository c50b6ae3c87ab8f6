"""OTLP/HTTP logs of OpenTelemetry, in protobuf and JSON: each log record with an event name is an event.

| Log record | Touchline |
|---|---|
| all of it | `id`: UUIDv5 over the content, as OpenTelemetry has no ids (`event`) |
| `eventName`, or attribute `event.name` | `type`: by `conventions`, else by `vocabulary_names` |
| `timeUnixNano`, or else `observedTimeUnixNano` | `time`; without both, the time of receipt |
| resource `service.name` | `source`; else the name of the key |
| attribute `channel`, parameter `channel` of the URL, resource | `channel` (`event`) |
| attributes `user.id`, `user.email` and so on | `identifiers` (`identifiers`) |
| attributes `session.id`, `consent.…` | `context.session_id`, `context.consent` |
| other attributes; the body | `data`, with `_` for each dot in a name |
| trace, span, scope, severity, other resource attributes | `context` |

A record without a name is a line of a log and no event. It is rejected, which the response counts.
"""

from typing import Final

from touchline.collector.dialects.dialect import Described, Dialect, Received, Translated, limited
from touchline.collector.dialects.otlp.answers import answer, refuse
from touchline.collector.dialects.otlp.event import translated
from touchline.collector.dialects.otlp.json_format import read_json
from touchline.collector.dialects.otlp.protobuf import MEDIA_TYPE, is_protobuf, read_protobuf

MOST_BYTES: Final = 4 * 1024 * 1024
MOST_RECORDS: Final = 20_000


def translate(received: Received) -> list[Translated]:
    """The log records of a request, in order.

    Raises:
        Unsplittable: the body is no ExportLogsServiceRequest.
        TooManyEvents: there are more than the dialect's `most_events`.
    """
    read = read_protobuf if is_protobuf(received.headers) else read_json
    return translated(limited(read(received.body), MOST_RECORDS), received)


OTLP: Final = Dialect(
    name="otlp",
    described=Described(
        "Send events as OpenTelemetry's logs (OTLP/HTTP), in JSON or protobuf.",
        accepts={"application/json": {"type": "object"}, MEDIA_TYPE: {"type": "string", "format": "binary"}},
        answers={"application/json": {"type": "object"}, MEDIA_TYPE: {}},
    ),
    paths=("/v1/logs",),
    translate=translate,
    answer=answer,
    refuse=refuse,
    most_bytes=MOST_BYTES,
    most_events=MOST_RECORDS,
)
