"""Quarantine keeps no key of a producer."""

import json
from base64 import b64encode

import pytest

from touchline.collector.acceptance import accept
from touchline.collector.dialects import DIALECTS
from touchline.collector.dialects.dialect import Received
from touchline.collector.masking import HIDDEN, masked

KEY = "tl_" + "aB3-_xY9" * 5 + "abc"
FOREIGN = "phc_" + "q7W" * 10
NOW = 1_767_323_045_000

BODIES = {
    "native": ('{"key": "%s"', "%s", '[{"id": "%s", "type": 3}]'),
    "cloudevents": ('{"specversion": "%s"', '{"id": "%s"}'),
    "otlp": ('{"resourceLogs": "%s"}',),
    "segment": (
        '{"writeKey": "%s", "batch": 3}',
        '{"writeKey": "%s", "batch": [{"type": "track", "writeKey": "%s"}, 3]}',
        '{"batch": [], "writeKey": "%s"',
    ),
    "posthog": (
        '{"api_key": "%s", "batch": 3}',
        '[{"api_key": "%s", "event": 3}]',
        '{"properties": {"token": "%s"}}',
        '{"batch": [], "api_key": "%s"',
    ),
    "snowplow": ('{"data": 3, "key": "%s"}', '{"data": [{"e": "ue", "ue_pr": "%s"}]}'),
}
PATHS = {
    "segment": "/v1/batch",
    "posthog": "/batch/",
    "snowplow": f"/k/{KEY}/com.snowplowanalytics.snowplow/tp2",
    "cloudevents": "/v1/cloudevents",
    "otlp": "/v1/logs",
}
MEDIA = {"cloudevents": "application/cloudevents+json"}


@pytest.mark.parametrize(
    ("name", "template"), [(name, template) for name, templates in BODIES.items() for template in templates]
)
def test_no_format_leaves_its_key_in_quarantine(name: str, template: str) -> None:
    """Neither where the body cannot be read at all, nor where one of its events cannot; the rest stays."""
    dialect = next(each for each in DIALECTS if each.name == name)
    headers = {"content-type": MEDIA.get(name, "application/json")}
    body = template.replace("%s", KEY).encode()
    given = Received(body, NOW, "shop", PATHS.get(name, "/v1/events"), {}, headers)
    lines = accept(given, dialect=dialect).batch.quarantine
    assert lines
    for line in lines:
        assert KEY not in line.decode()
    assert any(HIDDEN in json.loads(line)["body"] for line in lines)


@pytest.mark.parametrize(
    ("name", "template"),
    [("segment", '{"writeKey": "%s", "batch": 3}'), ("posthog", '{"api_key": "%s", "batch": 3}')],
)
def test_a_key_of_another_form_is_hidden_where_it_is_named(name: str, template: str) -> None:
    """Also one that the client has for its former service."""
    dialect = next(each for each in DIALECTS if each.name == name)
    body = template.replace("%s", FOREIGN).encode()
    [line] = accept(Received(body, NOW, "shop", PATHS[name]), dialect=dialect).batch.quarantine
    assert json.loads(line)["body"] == template.replace("%s", HIDDEN)


def test_a_body_that_came_as_a_form_is_kept_as_text() -> None:
    """In base64, nobody could read it, and the key would stay in it."""
    posthog = next(each for each in DIALECTS if each.name == "posthog")
    body = b"data=" + b64encode(b'{"api_key": "%s", "batch": 3}' % KEY.encode())
    [line] = accept(Received(body, NOW, "shop", "/batch/"), dialect=posthog).batch.quarantine
    assert json.loads(line)["body"] == '{"api_key": "…", "batch": 3}'


def test_a_short_secret_hides_nothing() -> None:
    """Without keys, a client may send any text as its key: a short one may be part of anything."""
    assert masked(b'{"api_key": "a", "b": "a"}', "a") == b'{"api_key": "a", "b": "a"}'
