"""Requests as PostHog's libraries send them, and what the collector stores of them."""

import json
from collections.abc import Mapping
from typing import Any

from touchline.collector.acceptance import Acceptance, accept
from touchline.collector.dialects.dialect import Received
from touchline.collector.dialects.posthog import POSTHOG
from touchline.vocabulary.ids import derived_id

NOW = 1_796_000_000_000
"""2026-11-30T00:53:20Z"""

UUID4 = "5e0c8a51-2b7d-4c1e-9f6a-7d3b1c2e4f50"
UUID7 = "01a22a99-e630-7d2f-9b7e-2c39b51a4ee3"
OTHER_UUID7 = "01a22a99-e66a-70fe-8e66-d4e34cb4db54"
OLD_BROWSER = "17f2a6b3c4d5e6-0a1b2c3d4e5f60-1a2b3c4d-1fa400-17f2a6b3c4d7f8"


def received(
    body: object, path: str = "/batch/", headers: Mapping[str, str] | None = None, **query: str
) -> Received:
    """A request with a body; an object is sent as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Received(content, NOW, "web-shop", path, query, headers or {})


def stored(body: object, *arguments: Any, **query: Any) -> list[dict[str, Any]]:
    """The events of a request, as they are in the log; all of them must be stored."""
    acceptance = accepted(body, *arguments, **query)
    assert [(result.status, result.message) for result in acceptance.results] == [
        ("stored", "") for _ in acceptance.results
    ]
    return [json.loads(line) for line in acceptance.batch.touchpoints]


def accepted(body: object, *arguments: Any, **query: Any) -> Acceptance:
    """What the collector accepts of a request."""
    return accept(received(body, *arguments, **query), dialect=POSTHOG)


def event(name: str = "Quiz Finished", distinct_id: object = "u-17", /, **properties: Any) -> dict[str, Any]:
    """An event of a server, unless its properties say otherwise."""
    return {
        "event": name,
        "distinct_id": distinct_id,
        "timestamp": "2026-11-30T00:50:00.250Z",
        "uuid": str(derived_id(f"{name}{distinct_id}")),
        "properties": properties,
    }


def identifiers(name: str = "Quiz Finished", distinct_id: object = "u-17", /, **properties: Any) -> list[str]:
    """The identifiers of one event."""
    [line] = stored({"batch": [event(name, distinct_id, **properties)]})
    return list(line["identifiers"])
