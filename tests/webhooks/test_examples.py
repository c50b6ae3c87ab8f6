"""Example payloads in the shape of each provider's documentation become the events that their files say."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest

from tests.webhooks.signing import NOW_MS, signed
from touchline.collector import Acceptance, accept
from touchline.collector.dialects.dialect import Received
from touchline.collector.webhooks.kinds import KINDS
from touchline.collector.webhooks.receiver import Webhooks
from touchline.vocabulary.event import Event
from touchline.vocabulary.order import in_order
from touchline.vocabulary.registry import EVENT_TYPES

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("*.json"))
MakeWebhooks = Callable[..., Webhooks]


def request_of(path: Path) -> tuple[Received, dict[str, Any]]:
    """The signed request of an example, and the example."""
    example = json.loads(path.read_text(encoding="utf-8"))
    kind = path.name.split(".")[0]
    body = orjson.dumps(example.get("body", {}))
    return signed(kind, body, example.get("headers"), form=example.get("form")), example


def accepted(webhooks: Webhooks, received: Received) -> Acceptance:
    """What the collector makes of a request that it admits."""
    dialect = webhooks.dialect()
    assert dialect.admit is not None
    producer = dialect.admit(received)
    assert isinstance(producer, str)
    return accept(received._replace(producer=producer), dialect=dialect)


def lines_of(webhooks: Webhooks, received: Received) -> list[dict[str, Any]]:
    """The accepted events; none may be in quarantine."""
    acceptance = accepted(webhooks, received)
    assert not acceptance.batch.quarantine, acceptance.results
    return [json.loads(line) for line in acceptance.batch.touchpoints]


def utc(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_becomes_its_events(path: Path, webhooks: MakeWebhooks) -> None:
    """Type, time, channel, customer and data are as the example says; the rest is below the kind's name."""
    received, example = request_of(path)
    kind = path.name.split(".")[0]
    found = lines_of(webhooks(kind, **example.get("source", {})), received)
    for line, expected in zip(found, example["events"], strict=True):
        kept = line["data"].pop(kind.replace("-", "_"), None)
        assert kept or line["type"] == "identity.linked"
        shown = {name: line[name] for name in expected if name != "time"}
        assert {**shown, "time": utc(line["time"])} == expected
        assert line["producer"] == f"{kind}.src"
        assert line["source"] == "src"


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"generic"}))
def test_each_kind_has_examples_of_known_and_of_other_events(kind: str) -> None:
    """Each provider has at least two examples, of types of the vocabulary and of custom ones."""
    examples = [json.loads(path.read_text()) for path in EXAMPLES if path.name.startswith(f"{kind}.")]
    types = {event["type"] for example in examples for event in example["events"]}
    assert len(examples) >= 2
    assert types & EVENT_TYPES.keys()
    assert any(name.startswith("custom.") for name in types) or kind == "typeform"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_repeat_has_the_same_ids(path: Path, webhooks: MakeWebhooks) -> None:
    """A provider that sends the same event again, later, gets the same ids."""
    received, example = request_of(path)
    kind = path.name.split(".")[0]
    hooks = webhooks(kind, **example.get("source", {}))
    later = received._replace(received_at_ms=NOW_MS + 60_000)
    first, again = lines_of(hooks, received), lines_of(hooks, later)
    assert [line["id"] for line in first] == [line["id"] for line in again]
    assert len({line["id"] for line in first}) == len(first)


def test_events_of_one_second_are_in_the_order_of_their_story(webhooks: MakeWebhooks) -> None:
    """Times of whole seconds are often equal: the phases of the types order the events."""
    batch = json.loads((EXAMPLES[0].parent / "sendgrid.batch.json").read_text())["body"]
    received = signed("sendgrid", orjson.dumps(batch[::-1]))
    events = [msgspec.convert(line, Event) for line in lines_of(webhooks("sendgrid"), received)]
    assert len({event.time for event in events}) == 1
    stages = [event.type for event in in_order(events)]
    assert stages == ["campaign.delivered", "campaign.opened", "campaign.clicked"]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_data_say_nothing_of_who_and_where_the_customer_is(path: Path, webhooks: MakeWebhooks) -> None:
    """E-mail addresses and phone numbers are identifiers alone; names, places and IP addresses are gone."""
    received, example = request_of(path)
    kind = path.name.split(".")[0]
    for line in lines_of(webhooks(kind, **example.get("source", {})), received):
        stored = json.dumps([line["data"], line["context"]])
        for value in (
            "home.example",
            "+493090182001",
            "Kim",
            "Beispiel",
            "Berlin",
            "198.51.100.7",
        ):
            assert value not in stored
