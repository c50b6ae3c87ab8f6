"""Requests with very many events, in every format that has lists of events."""

import pytest

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
