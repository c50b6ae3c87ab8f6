"""The file of a tracking plan: the event types under it, or faults with their places."""

import re
from typing import Any

import orjson
import pytest
import yaml
from hypothesis import given, settings
from pydantic import ValidationError

from tests.changed_files import changed
from touchline.documents import Document
from touchline.tracking import PlanError, parse_plan, read_plan
from touchline.tracking.event_types import event_types
from touchline.tracking.lint import warnings
from touchline.vocabulary.refusal import explain
from touchline.vocabulary.registry import EVENT_TYPES, json_schema

PLAN = """
types:
  quote.requested:
    description: The customer asked for a quote.
    owner: sales
    phase: 1
    channels: [web, phone]
    violations: reject
    fields:
      quote_id: {type: id, required: true, description: the quote}
      value: {type: number, min: 0, max: 1000000}
      kind: {enum: [new, renewal]}
      copy: boolean
      due_at: time
      code: {type: string, pattern: "^[A-Z]{3}-[0-9]+$"}
      lines: list
      extra: object
      seats: integer
tighten:
  checkout.started:
    required: [value]
    fields:
      currency: {enum: [EUR, GBP], required: true}
      items: {max: 100}
      voucher: string
"""


def _fault(model: Any, data: dict[str, Any]) -> str:
    """What is wrong with the data of an event, as the collector says it."""
    with pytest.raises(ValidationError) as caught:
        model.model_validate_json(orjson.dumps(data))
    return ": ".join(explain(caught.value, model, "data"))


def test_own_types_have_what_the_plan_says() -> None:
    """An own type has its phase, channels, owner, violations, fields and description."""
    types = parse_plan(PLAN)
    quote = types["quote.requested"]
    assert (quote.family, quote.phase, quote.owner, quote.violations) == ("quote", 1, "sales", "reject")
    assert quote.channels == {"web", "phone"}
    assert quote.doc == "The customer asked for a quote."
    assert quote.fields[:4] == ("quote_id", "value", "kind", "copy")
    assert types["order.placed"] is EVENT_TYPES["order.placed"]


def test_data_of_an_own_type_are_validated() -> None:
    """Each field must be of its type and within its bounds; other fields are kept."""
    model = parse_plan(PLAN)["quote.requested"].model
    good = {"quote_id": "q-1", "value": 80, "kind": "new", "copy": True, "due_at": "2026-11-21T10:00:00Z"}
    good |= {"code": "ABC-1", "lines": [1, "x"], "extra": {"a": 1}, "seats": 2, "other": "kept"}
    assert model.model_validate_json(orjson.dumps(good)).model_extra == {"other": "kept"}
    assert _fault(model, {}) == "data.quote_id: `quote_id` is required: the quote"
    for name, value, message in (
        ("value", -1, "expected 0 or more, got a number"),
        ("value", "80", "expected a number, got a string of 2 characters"),
        ("kind", "old", "expected one of 'new' or 'renewal', got 'old'"),
        ("copy", "yes", "expected true or false, got a string of 3 characters"),
        ("due_at", "tomorrow", "expected a time in RFC 3339, such as 2026-11-21T10:00:00Z"),
        ("code", "abc", "expected text that matches ^[A-Z]{3}-[0-9]+$, got a string of 3 characters"),
        ("lines", {}, "expected a list, got an empty object"),
        ("extra", [], "expected an object, got an empty list"),
        ("seats", 1.5, "expected a whole number, got a number"),
    ):
        assert _fault(model, good | {name: value}) == f"data.{name}: {message}"


def test_a_type_of_the_vocabulary_is_tightened() -> None:
    """A tightened type keeps what the vocabulary says, and excludes more."""
    tightened = parse_plan(PLAN)["checkout.started"]
    good = {"cart_id": "c", "value": 1.0, "currency": "EUR", "items": 100, "voucher": "v"}
    tightened.model.model_validate_json(orjson.dumps(good))
    assert tightened.base is EVENT_TYPES["checkout.started"]
    assert (tightened.phase, tightened.doc) == (2, EVENT_TYPES["checkout.started"].doc)
    assert _fault(tightened.model, {"cart_id": "c", "currency": "EUR"}).startswith(
        "data.value: `value` is required"
    )
    assert _fault(tightened.model, good | {"value": None}).startswith("data.value: expected a number")
    assert _fault(tightened.model, good | {"currency": "USD"}).startswith("data.currency: expected one of")
    assert _fault(tightened.model, good | {"items": 101}).startswith("data.items: expected 100 or less")
    assert _fault(tightened.model, good | {"items": -1}).startswith("data.items: expected 0 or more")
    assert _fault(tightened.model, good | {"voucher": 1}).startswith("data.voucher: expected a string")
    assert _fault(tightened.model, good | {"cart_id": ""}).startswith("data.cart_id: expected at least 1")


def test_a_required_field_of_the_vocabulary_stays_required() -> None:
    """A tightened field has the plan's description and stays required; `required` may name a new field."""
    model = parse_plan("""
tighten:
  checkout.started:
    required: [voucher]
    fields:
      voucher: string
      cart_id: {pattern: "^c-", description: our number}
""")["checkout.started"].model
    schema = model.model_json_schema()
    assert schema["required"] == ["cart_id", "voucher"]
    assert schema["properties"]["cart_id"]["description"] == "our number"
    assert _fault(model, {"voucher": "v"}).startswith("data.cart_id: `cart_id` is required")
    assert _fault(model, {"cart_id": "c-1"}).startswith("data.voucher: `voucher` is required")


def test_the_schema_of_an_own_type_names_its_fields() -> None:
    """JSON Schema has the fields by the names that producers send, and the channels."""
    schema = json_schema("quote.requested", parse_plan(PLAN))
    data = schema["properties"]["data"]
    assert {"quote_id", "copy", "extra"} <= data["properties"].keys()
    assert data["required"] == ["quote_id"]
    assert schema["properties"]["channel"] == {"enum": ["phone", "web"]}
    assert "data" in schema["required"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "plan:1:1: write your event types under 'types'"),
        ("typs: {}", "plan:1:1: unknown key (did you mean 'types'?)"),
        ("types: []", "plan:1:8: types: write a map from types to what holds of them"),
        ("types: {quote: {description: x}}", "plan:1:9: 'quote' is not a name of a type: write lower-case"),
        ("types: {friction.x: {description: x}}", "plan:1:9: 'friction.' is kept for frictions"),
        ("types: {order.placed: {description: x}}", "write what is stricter under 'tighten'"),
        ("types: {order_placed.x: {description: x}, order.placed_x: {description: x}}", "rename one"),
        ("types: {a.b: {}}", "plan:1:14: a.b: description: is missing"),
        ("types: {a.b: 7}", "plan:1:14: a.b: write its description, owner, phase"),
        ("types: {a.b: {description: x, phase: 12}}", "phase: 12 should be less than or equal to 9"),
        (
            "types: {a.b: {description: x, ownr: y}}",
            "plan:1:31: a.b: ownr: unknown key (did you mean 'owner'?)",
        ),
        (
            "types: {a.b: {description: x, channels: [wep]}}",
            "there is no channel 'wep' (did you mean 'web'?)",
        ),
        (
            "types: {a.b: {description: x, violations: ignore}}",
            "violations: 'ignore' is none of allow, quarantine, reject",
        ),
        (
            "types: {a.b: {description: x, fields: {f: strng}}}",
            "fields.f.type: 'strng' is none of string, id, integer, number, boolean, time, currency, list, "
            "object (did you mean 'string'?)",
        ),
        ("types: {a.b: {description: x, fields: {f: {tpe: id}}}}", "unknown key (did you mean 'type'?)"),
        ("types: {a.b: {description: x, fields: {class: id}}}", "'class' is not a name of a field"),
        ("types: {a.b: {description: x, fields: {channel: id}}}", "'channel' is an argument of track()"),
        (
            "types: {a.b: {description: x, fields: {f: {pattern: '(?=a)'}}}}",
            "not a regular expression of linear",
        ),
        (
            "types: {a.b: {description: x, fields: {f: {type: time, min: 1}}}}",
            "'min' and 'max' are for numbers",
        ),
        ("types: {a.b: {description: x, fields: {f: {type: number, min: 2, max: 1}}}}", "no value fits"),
        ("types: {a.b: {description: x, fields: {f: {type: integer, max: 0.5}}}}", "whole numbers"),
        ("types: {a.b: {description: x, fields: {f: {type: number, min: .nan}}}}", "a finite number"),
        (
            "types: {a.b: {description: x, fields: {f: {enum: [new, no]}}}}",
            "False is no text: put it in",
        ),
        ("types: {a.b: {description: x, fields: }}", "write a map from fields to their types"),
        ("tighten: {checkout.started: {fields: {items: {min: 0.5}}}}", "whole numbers"),
        ("tighten: {order.plced: {}}", "no type of the vocabulary"),
        ("tighten: {order.placed: {required: [valu]}}", "there is no field 'valu' (did you mean 'value'?)"),
        ("tighten: {order.placed: {fields: {value: number}}}", "leave 'type' out"),
        ("tighten: {order.placed: {fields: {valu: {min: 1}}}}", "(did you mean 'value'?); write its type"),
        ("tighten: {order.placed: {fields: {currency: {enum: [eur]}}}}", "is never 'eur'"),
        ("tighten: {order.cancelled: {fields: {by: {enum: [custmer]}}}}", "is never 'custmer' (did you mean"),
        ("tighten: {order.placed: {fields: {items: {pattern: x}}}}", "'pattern' is for texts"),
        ("tighten: {order.placed: {fields: {order_id: {min: 1}}}}", "'min' and 'max' are for numbers"),
    ],
)
def test_a_fault_has_its_place_and_says_what_to_write(text: str, message: str) -> None:
    """Each fault has a line and a column, what is wrong, and what to write instead."""
    with pytest.raises(PlanError) as caught:
        parse_plan(text)
    assert message.replace("no type of", "not a type of") in str(caught.value)
    assert re.match(r"plan:\d+:\d+: ", str(caught.value))


def test_a_faulty_type_does_not_hide_the_others() -> None:
    """All faults of a file are found, and the types without a fault can be used."""
    file = read_plan(Document("types: {a.b: {description: x}, c.d: {}, e.f: {}}", "plan"))
    assert list(file.plan.types) == ["a.b"]
    assert len(file.faults) == 2


def test_a_file_has_bounds() -> None:
    """A document that repeats itself by aliases, and one with too many types or fields, are refused."""
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
        for before, name in zip("abcde", "bcdef", strict=True)
    )

    def plan(types: int, fields: int) -> str:
        about = {"description": "x", "fields": {f"f{number}": "id" for number in range(fields)}}
        return yaml.safe_dump({"types": {f"a.b{number}": about for number in range(types)}})

    for text, message in (
        (bomb, "over 200,000 values"),
        (plan(501, 0), "at most 500"),
        (plan(1, 101), "at most 100"),
    ):
        with pytest.raises(PlanError, match=message):
            parse_plan(text)
    assert len(parse_plan(plan(500, 0))) == len(EVENT_TYPES) + 500
    assert len(parse_plan(plan(1, 100))["a.b0"].fields) == 100


def test_warnings_name_what_is_probably_a_mistake() -> None:
    """A usable plan has warnings for names like those of the vocabulary, and for what is missing."""
    text = (
        "types:\n"
        "  order.place:\n"
        "    description: x\n"
        "    fields: {f: id}\n"
        "tighten:\n"
        "  order.placed: {owner: shop}\n"
        "  order.cancelled: {channels: [web]}\n"
    )
    file = read_plan(Document(text, "plan"))
    assert file.faults == ()
    assert [str(one) for one in warnings(file)] == [
        "plan:2:3: order.place: the vocabulary has a similar type (did you mean 'order.placed'?); "
        "use it if it fits",
        "plan:2:3: order.place: has no 'owner': write who answers for it",
        "plan:4:14: order.place: fields.f: has no 'description': write what producers put there",
        "plan:6:3: order.placed: nothing is stricter: write required, fields or channels",
    ]


FILE: dict[str, Any] = yaml.safe_load(PLAN)
WORDS = ("string", "number", "web", "order.placed", "value", "a.b", "fields", "(", "enum")


@settings(max_examples=max(100, settings().max_examples // 5))
@given(changed(FILE, WORDS))
def test_any_change_to_a_file_is_read(raw: Any) -> None:
    """Anything may stand anywhere: it is understood, or it is a fault with line and column."""
    file = read_plan(Document(yaml.safe_dump(raw, allow_unicode=True), "mine.yaml"))
    for one in [*file.faults, *warnings(file)]:
        assert re.match(r"mine\.yaml:\d+:\d+\Z", one.place)
        assert one.message
    for event_type in event_types(file.plan).values():
        event_type.model.model_json_schema()
