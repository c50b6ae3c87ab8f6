"""Requests with very many events, in every format that has lists of events."""

import gc
import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from touchline.collector.acceptance import accept
from touchline.collector.dialects import DIALECTS
from touchline.collector.dialects.dialect import Dialect, Received, TooManyEvents

LISTS = {
    "segment": ("/v1/batch", "application/json", b'{"batch": [', b"]}"),
    "posthog": ("/batch/", "application/json", b'{"api_key": "k", "batch": [', b"]}"),
    "snowplow": ("/com.snowplowanalytics.snowplow/tp2", "application/json", b'{"data": [', b"]}"),
    "cloudevents": ("/v1/cloudevents", "application/cloudevents-batch+json", b"[", b"]"),
    "otlp": (
        "/v1/logs",
        "application/json",
        b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [',
        b"]}]}]}",
    ),
}


@pytest.mark.parametrize("dialect", [one for one in DIALECTS if one.name in LISTS], ids=lambda one: one.name)
def test_more_events_than_allowed_are_not_translated(dialect: Dialect) -> None:
    """They are counted first: a request of two bytes an event would else take gigabytes."""
    path, content_type, begin, end = LISTS[dialect.name]
    body = begin + b"{}," * dialect.most_events + b"{}" + end
    given = Received(body, 1_767_323_045_000, "shop", path, headers={"content-type": content_type})
    with pytest.raises(TooManyEvents, match=f"{dialect.most_events + 1} events in one request"):
        dialect.translate(given)


def _segment(text: str) -> dict[str, Any]:
    context = {"library": {"name": text}, "app": {"name": text}, "locale": text}
    return {"batch": [{"type": "track", "event": text, "userId": "u", "context": context}]}


def _snowplow(text: str) -> dict[str, Any]:
    described = {"schema": f"iglu:com.example/{text}/jsonschema/1-0-0", "data": {}}
    schema = "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0"
    event = {"e": "ue", "ue_pr": json.dumps({"schema": schema, "data": described}), "aid": text, "uid": text}
    return {"data": [{**event, "co": json.dumps({"data": [described]})}]}


def _posthog(text: str) -> list[dict[str, Any]]:
    return [{"event": text, "distinct_id": text, "properties": {"$lib": text, "$os": text}}]


def _cloudevent(text: str) -> list[dict[str, Any]]:
    return [
        {"specversion": "1.0", "id": text, "source": text, "type": text, "subject": text, text[:20]: text}
    ]


def _otlp(text: str) -> dict[str, Any]:
    service = {"key": "service.name", "value": {"stringValue": text}}
    record = {"eventName": text, "attributes": [{"key": text, "value": {"stringValue": text}}]}
    return {
        "resourceLogs": [{"resource": {"attributes": [service]}, "scopeLogs": [{"logRecords": [record]}]}]
    }


LONG = {
    "segment": _segment,
    "snowplow": _snowplow,
    "posthog": _posthog,
    "cloudevents": _cloudevent,
    "otlp": _otlp,
}


@pytest.mark.parametrize("dialect", [one for one in DIALECTS if one.name in LONG], ids=lambda one: one.name)
def test_long_names_do_not_stay_in_memory(dialect: Dialect) -> None:
    """Caches by names hold short ones only: else a client could fill the memory with names."""
    path, content_type, _, _ = LISTS[dialect.name]

    def send(number: int) -> None:
        body = json.dumps(LONG[dialect.name](f"n{number}" + "x" * 50_000)).encode()
        headers = {"content-type": content_type}
        given = Received(body, 1_767_323_045_000, "shop", path, headers=headers)
        assert accept(given, dialect=dialect).results

    _stays_flat(send)


@pytest.mark.parametrize(
    "broken", ["3", '"x"', "{}", '{"event": 3, "e": 3}', '{"type": 3}', '[NaN, "\\ud83d"]']
)
@pytest.mark.parametrize("dialect", [one for one in DIALECTS if one.name in LISTS], ids=lambda one: one.name)
def test_refused_events_do_not_stay_in_memory(dialect: Dialect, broken: str) -> None:
    """They are freed with their request: the garbage collector would come too late for large ones."""
    path, content_type, begin, end = LISTS[dialect.name]
    body = begin + broken.encode() + b"," + b'"' + b"x" * 50_000 + b'"' + end

    def send(number: int) -> None:
        given = Received(body, 1_767_323_045_000, "shop", path, headers={"content-type": content_type})
        accept(given, dialect=dialect)

    _stays_flat(send)


def _stays_flat(send: Callable[[int], None]) -> None:
    """Check that requests leave nothing behind, also before a garbage collection."""
    send(0)
    gc.disable()
    tracemalloc.start()
    try:
        for number in range(1, 51):
            send(number)
        assert tracemalloc.get_traced_memory()[0] < 500_000
    finally:
        tracemalloc.stop()
        gc.enable()
