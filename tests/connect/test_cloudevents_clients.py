"""The CloudEvents SDKs for Python, JavaScript and Go send to a real collector."""

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import urllib3
from cloudevents.core.bindings.http import HTTPMessage, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

from tests.collector.served import Served, serving
from tests.connect.fetched import go_program, node_folder
from tests.connect.outage import LOSE_ANSWER, OK, REFUSE, Outage
from touchline.collector import Keys
from touchline.log.sqlite import SqliteLog

pytestmark = pytest.mark.slow

CLIENTS = Path(__file__).parent / "cloudevents_clients"
SECONDS = 60


@pytest.fixture(scope="module")
def outage() -> Outage:
    return Outage()


@pytest.fixture(scope="module")
def served(outage: Outage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One collector for all clients: each test reads the events of its own source."""
    folder = tmp_path_factory.mktemp("cloudevents")
    log = SqliteLog(folder / "log.sqlite")
    try:
        with serving(log, log, Keys(folder / "keys.json"), around=outage.around) as served:
            yield served
    finally:
        log.close()


def run(*command: str | Path) -> None:
    """Run a client to its end."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def events(served: Served, source: str) -> dict[str, dict[str, Any]]:
    """The events of a source by the id of their CloudEvent; those that came twice have one id."""
    lines = [line for line in served.lines("touchpoints") if line["source"] == source]
    found = {line["context"]["cloudevent"]["id"]: line for line in lines}
    assert len({line["id"] for line in lines}) == len(found)
    return found


def test_go(served: Served, outage: Outage) -> None:
    """All is stored by one connection; a 503 is repeated, and what came twice is one event."""
    outage.plan = [OK, LOSE_ANSWER, OK, REFUSE]
    outage.requests, outage.connections = 0, set()
    run(go_program(CLIENTS), f"{served.url}/v1/cloudevents")
    found = events(served, "https://shop.example/go")
    assert list(found) == ["binary", "repeated", "structured", "unknown", "5", "6", "7", "8"]
    assert (outage.requests, len(outage.connections)) == (10, 1)
    for event in found.values():
        assert event["identifiers"] == ["account:u-17"]
        assert (event["channel"], event["time"]) == ("app", 1_795_987_140_123)
        assert event["context"]["cloudevent"]["subject"] == 'a b "é%'
    assert {event["type"] for event in found.values()} == {
        "checkout.started",
        "custom.com_example_quiz_finished",
    }
    assert found["structured"]["data"] == found["repeated"]["data"] == {"cart_id": "77", "value": 80.5}


def test_javascript(served: Served, outage: Outage) -> None:
    """All is stored, in both modes and with data of any type; the transport of the page notices a 503."""
    outage.plan = [OK, OK, OK, OK, REFUSE]
    run("node", node_folder(CLIENTS) / "send.mjs", f"{served.url}/v1/cloudevents")
    found = events(served, "https://shop.example/js")
    assert {event_id: event["type"] for event_id, event in found.items()} == {
        "binary": "checkout.started",
        "structured": "checkout.started",
        "unknown": "custom.com_example_quiz_finished",
        "text": "custom.note_left",
        "bytes": "custom.note_left",
        "repeated": "checkout.started",
    }
    assert outage.plan == []
    for event in found.values():
        assert event["identifiers"] == ["account:u-17"]
        assert (event["channel"], event["time"]) == ("app", 1_795_987_140_123)
    data = {event_id: event["data"] for event_id, event in found.items()}
    assert data["binary"] == data["structured"] == {"value": 80.5, "cart_id": "77"}
    assert data["text"] == {"data": "Grüße", "cart_id": "77"}
    assert data["bytes"] == {"data_base64": "AP8=", "cart_id": "77"}


def test_python(served: Served, outage: Outage) -> None:
    """All is stored in every mode; the application's own HTTP client repeats a 503."""
    about = {
        "source": "https://shop.example/python",
        "type": "com.example.checkout.started",
        "time": datetime(2026, 11, 29, 21, 19, 0, 123_456, UTC),
        "subject": 'a b "é%',
        "datacontenttype": "application/json",
        "account": "u-17",
        "channel": "app",
    }
    made = {
        event_id: CloudEvent(about | {"id": event_id, "specversion": "1.0"}, {"cartId": "77", "value": 80.5})
        for event_id in ("binary", "structured", "first", "second")
    }
    batch = [json.loads(to_structured_event(made[event_id]).body) for event_id in ("first", "second")]
    messages = [
        to_binary_event(made["binary"]),
        to_structured_event(made["structured"]),
        HTTPMessage({"content-type": "application/cloudevents-batch+json"}, json.dumps(batch).encode()),
    ]
    outage.plan = [LOSE_ANSWER, OK, REFUSE]
    retries = urllib3.Retry(5, allowed_methods=None, status_forcelist=[503])
    with urllib3.PoolManager(retries=retries, timeout=20) as http:
        for message in messages:
            answer = http.request(
                "POST", f"{served.url}/v1/cloudevents", body=message.body, headers=message.headers
            )
            assert (answer.status, answer.data) == (204, b"")
    found = events(served, "https://shop.example/python")
    assert list(found) == ["binary", "structured", "first", "second"]
    for event in found.values():
        assert event["type"] == "checkout.started"
        assert event["identifiers"] == ["account:u-17"]
        assert (event["channel"], event["time"]) == ("app", 1_795_987_140_123)
        assert event["context"]["cloudevent"]["subject"] == 'a b "é%'
        assert event["data"] == {"cart_id": "77", "value": 80.5}


def test_an_event_that_is_not_stored_has_a_result(served: Served) -> None:
    """The answer says why; the event is in quarantine. A body that is no CloudEvent is refused."""
    headers = {"content-type": "application/cloudevents+json"}
    nobody = {"specversion": "1.0", "id": "1", "source": "s", "type": "thing.done"}
    answer = served.http.request("POST", f"{served.url}/v1/cloudevents", json=nobody, headers=headers)
    assert answer.status == 200
    assert answer.json()["results"][0]["reason"] == "no_identifier"
    assert json.loads(served.lines("quarantine")[-1]["body"]) == nobody
    refused = served.http.request("POST", f"{served.url}/v1/cloudevents", body=b"a=b", headers=headers)
    assert refused.status == 400
    assert "in quarantine" in refused.json()["error"]["message"]
