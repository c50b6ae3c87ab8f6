"""Every event type and its example."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from touchline.cli.configure.schema import example
from touchline.vocabulary import Envelope, Normaliser, explain, to_event
from touchline.vocabulary.families import order, promise, voice
from touchline.vocabulary.order import PHASES as IN_FORCE
from touchline.vocabulary.registry import (
    DIALECT,
    EVENT_TYPES,
    OWN_PHASE,
    envelope_schema,
    json_schema,
    type_of,
)

BRITISH = Normaliser("GB")

PROMISED = {
    "marketing": "campaign.delivered campaign.opened campaign.clicked coupon.redeemed",
    "web": "page.viewed page.failed page.stalled search.performed element.clicked element.rage_clicked "
    "element.dead_clicked error.shown form.started form.field_failed form.submitted",
    "selfservice": "help.searched help.viewed help.failed help.succeeded",
    "order": "cart.updated checkout.started checkout.step_completed payment.failed order.placed order.failed "
    "order.cancelled delivery.scheduled delivery.completed return.requested refund.issued",
    "contact": "contact.started contact.menu_entered contact.queued contact.answered contact.held "
    "contact.resumed contact.transferred contact.escalated contact.reauthenticated contact.abandoned "
    "contact.ended",
    "store": "visit.started assistance.requested assistance.given request.denied visit.ended",
    "promise": "promise.made promise.kept promise.broken",
    "followup": "followup.scheduled followup.completed",
    "voice": "feedback.given feedback.answered mention.posted mention.answered",
    "identity": "identity.linked",
    "life": "account.opened account.closed subscription.cancelled",
    "staff": "staff.feedback_given",
    "change": "change.deployed",
    "case": "case.assigned case.commented case.closed case.reopened",
    "audit": "audit.step_passed audit.step_failed",
}


def test_the_types_are_those_that_producers_rely_on() -> None:
    """No type is lost or moved to another family."""
    found: dict[str, list[str]] = {}
    for name, event_type in EVENT_TYPES.items():
        found.setdefault(event_type.family, []).append(name)
    assert found == {family: names.split() for family, names in PROMISED.items()}


PHASES = (
    "campaign.delivered page.viewed identity.linked account.opened change.deployed contact.started "
    "visit.started",
    "campaign.opened search.performed help.searched form.started cart.updated contact.menu_entered "
    "promise.made feedback.given mention.posted followup.scheduled staff.feedback_given case.assigned",
    "campaign.clicked element.clicked help.viewed checkout.started contact.queued assistance.requested",
    "coupon.redeemed page.failed page.stalled element.rage_clicked element.dead_clicked form.field_failed "
    "checkout.step_completed contact.answered",
    "error.shown help.failed payment.failed contact.reauthenticated contact.held",
    "order.failed contact.resumed assistance.given case.commented",
    "order.placed form.submitted help.succeeded contact.transferred request.denied feedback.answered "
    "mention.answered promise.kept followup.completed audit.step_passed audit.step_failed",
    "delivery.scheduled contact.escalated promise.broken",
    "delivery.completed order.cancelled return.requested contact.abandoned case.closed",
    "refund.issued contact.ended visit.ended account.closed subscription.cancelled case.reopened",
)


def test_each_type_has_its_phase() -> None:
    """Every type has the phase of the semantics, and a team's own types have phase 5."""
    assert dict(IN_FORCE) == {name: number for number, names in enumerate(PHASES) for name in names.split()}
    assert OWN_PHASE == 5


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_its_example_is_an_event_of_the_type(name: str) -> None:
    """The example is valid for the envelope and the type's model, and has no other fields."""
    envelope = Envelope.model_validate_json(example(name))
    data = EVENT_TYPES[name].model.model_validate(envelope.data)
    assert envelope.type == name
    assert data.model_extra == {}


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_its_example_keeps_its_content(name: str) -> None:
    """The accepted event has the example's id, type, channel, source and data, and all its identifiers."""
    sent = json.loads(example(name))
    event = to_event(
        Envelope.model_validate_json(example(name)), received_at_ms=0, producer="p", normaliser=BRITISH
    )
    assert event is not None
    assert (event.id, event.type, event.channel, event.source, event.data) == (
        sent["id"],
        name,
        sent["channel"],
        sent["source"],
        sent.get("data", {}),
    )
    values = sum(len(value) if isinstance(value, list) else 1 for value in sent["identifiers"].values())
    assert len(event.identifiers) == values


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_its_data_is_read_alike_from_json_and_from_objects(name: str) -> None:
    """Parsed data validates to the same model as its JSON."""
    data = json.loads(example(name)).get("data", {})
    model = EVENT_TYPES[name].model
    assert model.model_validate(data) == model.model_validate_json(json.dumps(data), strict=True)


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_required_fields_are_required(name: str) -> None:
    """Without a required field the data is invalid; without the optional fields it is valid."""
    model = EVENT_TYPES[name].model
    data = json.loads(example(name)).get("data", {})
    required = {field for field, about in model.model_fields.items() if about.is_required()}
    model.model_validate({field: data[field] for field in required})
    for field in required:
        with pytest.raises(ValidationError) as raised:
            model.model_validate({key: value for key, value in data.items() if key != field})
        where, message = explain(raised.value, model, under="data")
        assert where == f"data.{field}"
        assert message == f"`{field}` is required: {model.model_fields[field].description}"


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_every_field_is_described(name: str) -> None:
    """A type has one line that says when to send it, and each field has a description."""
    event_type = EVENT_TYPES[name]
    assert 0 < len(event_type.doc) <= 100
    assert event_type.doc.endswith(".")
    assert all(info.description for info in event_type.model.model_fields.values())


def test_unknown_data_is_kept() -> None:
    """An unknown field is kept with the event."""
    data = {"promise_id": "p", "due_at": "2026-11-21T10:00:00Z", "mood": {"sky": "grey"}}
    assert promise.PromiseMade.model_validate(data).model_extra == {"mood": {"sky": "grey"}}


@pytest.mark.parametrize(
    ("data", "field", "message"),
    [
        ({"value": "80"}, "data.value", "expected a number, got a string of 2 characters"),
        ({"value": float("inf")}, "data.value", "expected a finite number, got a number"),
        (
            {"currency": "euro"},
            "data.currency",
            "expected text that matches ^[A-Z]{3}$, got a string of 4 characters",
        ),
        ({"items": 1.5}, "data.items", "expected a whole number, got a number"),
        ({"items": -1}, "data.items", "expected 0 or more, got a number"),
        ({"cart_id": 77}, "data.cart_id", "expected a string, got a number"),
    ],
)
def test_data_of_the_wrong_type_is_refused(data: dict[str, Any], field: str, message: str) -> None:
    """Types are exact: a string is never read as a number, and a fraction is never truncated."""
    with pytest.raises(ValidationError) as raised:
        order.CheckoutStarted.model_validate({"cart_id": "77"} | data)
    assert explain(raised.value, order.CheckoutStarted, under="data") == (field, message)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"metric": "smile"}, "expected one of 'csat', 'nps', 'ces', 'review' or 'complaint', got 'smile'"),
        ({"metric": "csat", "scale": 0}, "expected more than 0, got a number"),
        ({"metric": "csat", "lower_is_better": "no"}, "expected true or false, got a string of 2 characters"),
    ],
)
def test_scores_are_checked(data: dict[str, Any], message: str) -> None:
    """A score has one of the known metrics, and a positive scale."""
    with pytest.raises(ValidationError) as raised:
        voice.FeedbackGiven.model_validate({"feedback_id": "f"} | data)
    assert explain(raised.value, voice.FeedbackGiven)[1] == message


def test_whole_numbers_are_numbers() -> None:
    """An amount may be a whole number."""
    assert order.CheckoutStarted.model_validate({"cart_id": "7", "value": 80}).value == 80.0


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_its_schema_describes_the_whole_event(name: str) -> None:
    """The schema fixes the type, has the required fields of the models, and every reference resolves."""
    schema = json_schema(name)
    model = EVENT_TYPES[name].model
    required = [field for field, about in model.model_fields.items() if about.is_required()]
    assert schema["$schema"] == DIALECT
    assert schema["properties"]["type"] == {"const": name}
    assert schema["properties"]["data"].get("required", []) == required
    assert ("data" in schema["required"]) == bool(required)
    assert set(json.loads(example(name)).get("data", {})) <= set(schema["properties"]["data"]["properties"])
    assert {target.removeprefix("#/$defs/") for target in _references(schema)} <= set(schema["$defs"])


def test_the_schema_of_the_envelope_is_closed() -> None:
    """The schema rejects every field and every kind of identifier that the envelope rejects."""
    schema = envelope_schema()
    assert schema["additionalProperties"] is False
    assert schema["properties"]["identifiers"]["additionalProperties"] is False
    assert schema["required"] == ["id", "type", "time", "channel", "source"]


def _references(part: Any) -> set[str]:
    match part:
        case {"$ref": str(target)}:
            return {target}
        case dict():
            return set().union(*map(_references, part.values()))
        case list():
            return set().union(*map(_references, part))
    return set()


def test_the_family_custom_needs_no_declaration() -> None:
    """A type `custom.NAME` takes any data; one that is declared is itself, and other names are unknown."""
    found = type_of("custom.quiz_finished", EVENT_TYPES)
    assert found is not None
    assert (found.family, found.phase) == ("custom", OWN_PHASE)
    found.model.model_validate_json('{"score": 7, "answers": [{"a": 1}]}')
    assert (
        type_of("custom.quiz_finished", {"custom.quiz_finished": EVENT_TYPES["order.placed"]})
        is (EVENT_TYPES["order.placed"])
    )
    for unknown in (
        "custom",
        "custom.",
        "custom.a.b",
        "custom.a-b",
        "customs.a",
        "custom.a\n",
        "custom." + "a" * 101,
    ):
        assert type_of(unknown, EVENT_TYPES) is None
