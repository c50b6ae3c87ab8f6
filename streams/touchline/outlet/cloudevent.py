"""A change of a friction as a CloudEvent 1.0, in structured JSON."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from touchline.tables.rows import FrictionChangeRow

CONTENT_TYPE = "application/cloudevents+json; charset=UTF-8"

TYPE_PREFIX = "touchline.friction."
"""Before the kind of the change."""

NOBODY = UUID(int=0)
"""Stands for a customer that was forgotten."""

_encode = msgspec.json.Encoder().encode


def cloud_event(change: FrictionChangeRow) -> bytes:
    """The event as JSON, always the same bytes for the same change.

    `sequence` grows with every change of a subject, and of a customer; as text it has the same order.
    `time` is when the pipeline learned of the change.
    """
    event: dict[str, Any] = {
        "specversion": "1.0",
        "type": TYPE_PREFIX + change.kind,
        "source": f"/touchline/rules/{change.rule}",
        "id": change.id,
        "time": _rfc3339(change.version),
        "subject": str(change.subject),
        "sequence": f"{change.version:020}",
        "datacontenttype": "application/json",
    }
    if change.customer == NOBODY:
        event["data"] = {"rule": change.rule, "status": change.status, "forgotten": True}
    else:
        event["partitionkey"] = str(change.customer)
        event["data"] = _data(change)
    return _encode(event)


def _data(change: FrictionChangeRow) -> dict[str, Any]:
    return {
        "rule": change.rule,
        "rule_version": change.rule_version,
        "status": change.status,
        "friction": change.friction,
        "customer": change.customer,
        "identifier": change.identifier,
        "journey": change.journey,
        "channel": change.channel,
        "source": change.source,
        "opened_at": _rfc3339(change.opened_at),
        "detected_at": _rfc3339(change.detected_at),
        "resolved_at": None if change.resolved_at is None else _rfc3339(change.resolved_at),
        "anchor": change.anchor,
        "evidence": change.evidence,
        "count": change.count,
        "weight": change.weight,
        "factor": change.factor,
    }


def _rfc3339(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
