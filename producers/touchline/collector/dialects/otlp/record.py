"""A log record, whatever the encoding in which it came."""

from typing import Any, NamedTuple

from touchline.collector.dialects.otlp.resource import Resource
from touchline.vocabulary.validation import InvalidEvent


class Record(NamedTuple):
    """A log record with an event name.

    Values are as in JSON: bytes are Base64, and numbers that are not finite are text.

    Attributes:
        scope: The name of the scope.
        time_ns: When it happened, nanoseconds since 1970; 0 if unknown.
        observed_ns: When it was collected; 0 if unknown.
    """

    name: str
    resource: Resource
    scope: str
    attributes: dict[str, Any]
    body: Any = None
    time_ns: int = 0
    observed_ns: int = 0
    severity: str = ""
    trace_id: str = ""
    span_id: str = ""


class Unreadable(NamedTuple):
    """A record that cannot be read, as it came."""

    original: bytes
    why: InvalidEvent


Read = Record | Unreadable | None
"""A record; None for a line of a log, which has no event name."""
