"""Any other provider, by a mapping file."""

import json
from collections.abc import Callable
from typing import Any

from tests.webhooks.signing import signed
from touchline.collector import Acceptance, accept
from touchline.collector.dialects.dialect import Received
from touchline.collector.webhooks.receiver import Webhooks

MakeWebhooks = Callable[..., Webhooks]
ONE = {"id": "r-1", "at": 1795173000, "person": {"mail": "kim@home.example"}, "stars": "4"}


def accepted(hooks: Webhooks, value: Any, headers: dict[str, str] | None = None) -> Acceptance:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    received: Received = signed("generic", body, headers)
    return accept(received._replace(producer="p"), dialect=hooks.dialect())


def lines(acceptance: Acceptance) -> list[dict[str, Any]]:
    return [json.loads(line) for line in acceptance.batch.touchpoints]


def test_an_object_is_mapped_as_a_row_of_a_file(webhooks: MakeWebhooks) -> None:
    """Nested fields are read as `a.b`; the id is that of the mapping, below the source's."""
    [line] = lines(accepted(webhooks("generic"), ONE))
    assert line["id"] == "generic:src:mapping:feedback.given:r-1"
    assert (line["type"], line["channel"], line["source"]) == ("feedback.given", "web", "src")
    assert (line["time"], line["identifiers"]) == (1795173000000, ["email:kim@home.example"])
    assert line["data"] == {"feedback_id": "r-1", "metric": "csat", "score": 4.0}


def test_a_list_and_a_list_within_an_object_hold_several_events(webhooks: MakeWebhooks) -> None:
    """One that the mapping cannot read is in quarantine, and the others are stored."""
    other = {**ONE, "id": "r-2"}
    broken = {**ONE, "at": "yesterday"}
    found = accepted(webhooks("generic"), [ONE, broken, 7, other])
    assert [result.status for result in found.results] == ["stored", "quarantined", "quarantined", "stored"]
    assert [json.loads(line)["body"] for line in found.batch.quarantine] == [json.dumps(broken), "7"]
    assert "column at" in json.loads(found.batch.quarantine[0])["message"]
    below = accepted(webhooks("generic", items="data.list"), {"data": {"list": [ONE, other]}})
    assert [line["data"]["feedback_id"] for line in lines(below)] == ["r-1", "r-2"]
    [whole] = accepted(webhooks("generic", items="data.list"), ONE).batch.quarantine
    assert "nothing at data.list" in json.loads(whole)["message"]


def test_form_fields_are_an_object(webhooks: MakeWebhooks) -> None:
    """A body of form fields is one event; JSON is JSON, whatever its header says, as curl sends it."""
    form = b"id=r-9&at=1795173000&person.mail=kim%40home.example&stars=2"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    [line] = lines(accepted(webhooks("generic"), form, headers))
    assert (line["data"]["feedback_id"], line["data"]["score"]) == ("r-9", 2.0)
    [line] = lines(accepted(webhooks("generic"), ONE, headers))
    assert line["data"]["feedback_id"] == "r-1"


def test_options_of_a_source_change_its_events(webhooks: MakeWebhooks) -> None:
    """A source may have a channel of its own, and ignore types."""
    assert lines(accepted(webhooks("generic", channel="store"), ONE))[0]["channel"] == "store"
    assert not accepted(webhooks("generic", ignore="feedback.*"), ONE).results
