"""What changes between two tracking plans, and what each change breaks."""

from typing import Any

import pytest
import yaml

from touchline.rules import parse_rules
from touchline.rules.reading import rules_reading
from touchline.tracking import parse_plan
from touchline.tracking.difference import changes
from touchline.vocabulary.registry import EVENT_TYPES

TYPE: dict[str, Any] = {
    "description": "x",
    "owner": "sales",
    "channels": ["web", "app"],
    "fields": {
        "id_": {"type": "id", "required": True},
        "value": {"type": "number", "min": 0, "max": 10},
        "seats": "integer",
        "kind": {"enum": ["new", "old"]},
        "code": {"type": "string", "pattern": "a"},
        "note": "string",
    },
}


def _found(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, tuple[str, ...]]]:
    plans = (parse_plan(yaml.safe_dump({"types": one})) for one in (old, new))
    return [(str(one), one.breaks) for one in changes(*plans)]


@pytest.mark.parametrize(
    ("change", "what", "breaks"),
    [
        ({"phase": 2}, "phase 5 becomes 2", ("order",)),
        ({"version": 2}, "version 1 becomes 2", ()),
        ({"channels": ["web"]}, "channels app and web become web", ("producers",)),
        ({"channels": []}, "channels app and web become (all)", ()),
        ({"violations": "reject"}, "violations: quarantine becomes reject", ("producers",)),
        ({"violations": "allow"}, "violations: quarantine becomes allow", ()),
        ({"description": "y"}, "another description", ()),
        ({"owner": "shop"}, "owner sales becomes shop", ()),
    ],
)
def test_a_change_of_a_type_says_what_it_breaks(
    change: dict[str, Any], what: str, breaks: tuple[str, ...]
) -> None:
    """Stricter changes break producers, another phase breaks the order; looser ones break nothing."""
    assert _found({"a.b": TYPE}, {"a.b": TYPE | change}) == [(f"a.b: {what}", breaks)]


@pytest.mark.parametrize(
    ("field", "after", "what", "breaks"),
    [
        ("note", None, "removed", ("rules",)),
        ("more", "string", "new", ()),
        ("more", {"type": "string", "required": True}, "new, and required", ("producers",)),
        ("note", {"type": "string", "required": True}, "becomes required", ("producers",)),
        ("id_", "id", "is no longer required", ()),
        ("note", "boolean", "string becomes boolean", ("producers", "rules")),
        ("note", "time", "string becomes time", ("producers", "rules")),
        ("seats", "number", "integer becomes number", ()),
        ("kind", {"enum": ["new"]}, "without old", ("producers",)),
        ("kind", {"enum": ["new", "old", "odd"]}, "also odd", ()),
        ("kind", {"enum": ["new", "odd"]}, "without old, also odd", ("producers",)),
        ("kind", "string", "any text is allowed", ()),
        ("note", {"enum": ["x"]}, "only x is allowed", ("producers",)),
        ("value", {"type": "number", "min": 1, "max": 10}, "minimum 0 becomes 1", ("producers",)),
        ("value", {"type": "number", "min": 0, "max": 20}, "maximum 10 becomes 20", ()),
        ("value", {"type": "number", "min": 0}, "maximum 10 becomes (none)", ()),
        ("code", {"type": "string", "pattern": "b"}, "pattern a becomes b", ("producers",)),
        ("code", "string", "pattern a becomes (none)", ()),
    ],
)
def test_a_change_of_a_field_says_what_it_breaks(
    field: str, after: Any, what: str, breaks: tuple[str, ...]
) -> None:
    """What excludes events that were valid breaks producers; what a rule may read breaks rules."""
    fields = {name: about for name, about in TYPE["fields"].items() if name != field or after is not None}
    if after is not None:
        fields[field] = after
    assert _found({"a.b": TYPE}, {"a.b": TYPE | {"fields": fields}}) == [(f"a.b.{field}: {what}", breaks)]


def test_types_come_and_go() -> None:
    """A new type breaks nothing; one that goes breaks producers and rules, and the order with its phase."""
    assert _found({}, {"a.b": TYPE}) == [("a.b: new", ())]
    assert _found({"a.b": TYPE}, {}) == [("a.b: removed", ("producers", "rules"))]
    assert _found({"a.b": TYPE | {"phase": 1}}, {}) == [("a.b: removed", ("producers", "rules", "order"))]
    assert _found({"a.b": TYPE}, {"a.b": TYPE}) == []


def test_channels_that_come_or_go_break_producers_or_nothing() -> None:
    """A type on all channels that is kept to some loses the others; one with more channels loses none."""
    everywhere = TYPE | {"channels": []}
    assert _found({"a.b": everywhere}, {"a.b": TYPE}) == [
        ("a.b: channels (all) become app and web", ("producers",))
    ]
    assert _found({"a.b": TYPE}, {"a.b": TYPE | {"channels": ["web", "app", "chat"]}}) == [
        ("a.b: channels app and web become app, chat and web", ())
    ]


def test_tightening_more_breaks_producers() -> None:
    """A tightened type is compared with what held before, be it the vocabulary's or another plan's."""
    tightened = parse_plan("tighten: {order.placed: {required: [value]}}")
    assert [(str(one), one.breaks) for one in changes(EVENT_TYPES, tightened)] == [
        ("order.placed.value: becomes required", ("producers",))
    ]
    assert [one.breaks for one in changes(tightened, EVENT_TYPES)] == [()]


def test_rules_that_read_a_field_are_found() -> None:
    """A rule reads a field by a condition, a reference, its key, `by` or `distinct`."""
    types = parse_plan(yaml.safe_dump({"types": {"a.b": TYPE, "a.c": TYPE}}))
    rules = parse_rules("""
rules:
  - {id: condition, kind: match, when: {types: a.b, where: {data.note: x}}}
  - {id: nested, kind: match, when: {types: a.*, where: {data.note.deep: x}}}
  - {id: reference, kind: match, when: {types: a.b, where: {data.code: {eq: {field: data.note}}}}}
  - {id: keyed, kind: repeat, of: a.b, count: 2, within: 1h, key: [data.note]}
  - {id: distinct, kind: repeat, of: a.b, count: 2, within: 1h, distinct: data.note}
  - {id: by, kind: expect, after: a.b, then: a.c, by: data.note}
  - {id: anything, kind: match, when: {where: {data.note: x}}}
  - {id: other_type, kind: match, when: {types: a.c, where: {data.note: x}}}
  - {id: other_field, kind: match, when: {types: a.b, where: {data.noted: x}}}
""")
    assert rules_reading(rules, types, "a.b", "note") == [
        "condition",
        "nested",
        "reference",
        "keyed",
        "distinct",
        "by",
        "anything",
    ]
    assert rules_reading(rules, types, "a.c") == ["nested", "by", "other_type"]
