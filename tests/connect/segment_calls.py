"""Calls of Segment's clients, for tests, and what the dialect makes of them."""

import json
from typing import Any

import orjson
from hypothesis import strategies as st

from touchline.collector.acceptance import accept
from touchline.collector.dialects.dialect import Received
from touchline.collector.dialects.segment import SEGMENT
from touchline.vocabulary.validation import InvalidEvent

NOW = 1_780_000_600_000
TIME = "2026-05-28T20:36:30.000Z"
CALL = {"type": "track", "messageId": "m-1", "timestamp": TIME, "anonymousId": "a-1", "userId": "u-1"}


def received(body: Any, path: str = "/v1/batch") -> Received:
    """A request with a body, at `NOW`."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Received(content, NOW, "shop", path)


def events(body: Any, path: str = "/v1/batch") -> list[dict[str, Any]]:
    """The native events of a request; each of its calls must give one."""
    made = [each.event for each in SEGMENT.translate(received(body, path))]
    return [orjson.loads(each) for each in made if isinstance(each, bytes)]


def event(path: str = "/v1/batch", batch: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """The native event of a call, which is alone in its batch. A field that is None is left out."""
    call = {name: value for name, value in (CALL | fields).items() if value is not None}
    body = call if path != "/v1/batch" else {"batch": [call], **(batch or {})}
    (made,) = events(body, path)
    return made


def track(name: str, **properties: Any) -> dict[str, Any]:
    """The native event of a track call."""
    return event(event=name, properties=properties)


def stored(**fields: Any) -> dict[str, Any]:
    """The accepted event of a call."""
    call = {name: value for name, value in (CALL | fields).items() if value is not None}
    acceptance = accept(received({"batch": [call]}), dialect=SEGMENT)
    (result,) = acceptance.results
    assert result.status == "stored", result
    line: dict[str, Any] = orjson.loads(acceptance.batch.touchpoints[0])
    return line


def refusal(**fields: Any) -> InvalidEvent:
    """Why a call gives no event."""
    call = {name: value for name, value in (CALL | fields).items() if value is not None}
    (translated,) = SEGMENT.translate(received({"batch": [call]}))
    assert isinstance(translated.event, InvalidEvent)
    assert orjson.loads(translated.original) == call
    return translated.event


TEXT = st.text(max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)
"""Any JSON value, NaN included."""
