"""Conditions: fields, operators, missing fields and unlike types."""

from typing import Any

import pytest

from touchline.rules.conditions import condition, key
from touchline.vocabulary.event import Event

EVENT = Event(
    id="e",
    type="contact.started",
    time=0,
    channel="phone",
    source="desk",
    identifiers=("account:7", "device:a", "device:b"),
    data={"n": 3, "whole": 1.0, "yes": True, "text": "abc", "none": None, "deep": {"er": 5}, "list": [1]},
)


@pytest.mark.parametrize(
    ("path", "wanted", "holds"),
    [
        ("channel", "phone", True),
        ("type", {"matches": r"^contact\."}, True),
        ("identifiers.account", "7", True),
        ("identifiers.device", "a", True),
        ("identifiers.email", {"exists": False}, True),
        ("data.deep.er", 5, True),
        ("data.deep.er.est", {"exists": True}, False),
        ("data.n", 3.0, True),
        ("data.n", "3", False),
        ("data.n", {"ne": "3"}, False),
        ("data.n", {"ne": 4}, True),
        ("data.yes", 1, False),
        ("data.whole", True, False),
        ("data.yes", True, True),
        ("data.none", {"exists": True}, False),
        ("data.none", {"ne": 1}, True),
        ("data.gone", {"ne": 1}, True),
        ("data.gone", {"not_in": [1]}, True),
        ("data.gone", {"in": [1]}, False),
        ("data.gone", {"gt": 1}, False),
        ("data.gone", {"exists": True}, False),
        ("data.text", {"gt": 1}, False),
        ("data.text", {"gt": "abb"}, True),
        ("data.n", {"gt": 2, "lt": 4}, True),
        ("data.n", {"ge": 3, "le": 2}, False),
        ("data.n", {"in": ["3", 3]}, True),
        ("data.n", {"not_in": [1, 2]}, True),
        ("data.n", {"not_in": ["3"]}, False),
        ("data.n", {"not_in": []}, True),
        ("data.text", {"matches": "b"}, True),
        ("data.n", {"matches": "3"}, False),
        ("data.list", [1], True),
        ("data.n", {"gt": {"field": "data.deep.er"}}, False),
        ("data.n", {"lt": {"field": "data.deep.er"}}, True),
        ("data.n", {"ge": {"field": "data.n"}, "lt": {"field": "data.deep.er"}}, True),
        ("data.n", {"field": "data.n"}, True),
        ("data.n", {"field": "data.whole"}, False),
        ("data.n", {"eq": {"field": "data.gone"}}, False),
        ("data.gone", {"eq": {"field": "data.gone"}}, False),
        ("data.n", {"ne": {"field": "data.whole"}}, True),
        ("data.n", {"ne": {"field": "data.text"}}, False),
        ("data.n", {"ne": {"field": "data.none"}}, True),
        ("data.none", {"ne": {"field": "data.n"}}, True),
        ("data.n", {"gt": {"field": "data.gone"}}, False),
        ("data.gone", {"lt": {"field": "data.n"}}, False),
        ("data.n", {"gt": {"field": "data.text"}}, False),
        ("data.yes", {"ge": {"field": "data.whole"}}, False),
        ("data.list", {"gt": {"field": "data.list"}}, False),
        ("data.deep", {"le": {"field": "data.deep"}}, False),
        ("data.deep", {"field": "data.deep"}, True),
        ("data.whole", {"in": {"field": "data.list"}}, True),
        ("data.n", {"not_in": {"field": "data.list"}}, True),
        ("data.n", {"in": {"field": "data.gone"}}, False),
        ("data.n", {"not_in": {"field": "data.gone"}}, True),
        ("data.n", {"not_in": {"field": "data.text"}}, False),
        ("data.n", {"in": ["x", {"field": "data.n"}]}, True),
        ("data.n", {"not_in": [7, {"field": "data.n"}]}, False),
        ("data.n", {"not_in": [{"field": "data.gone"}]}, True),
        ("identifiers.account", {"ne": {"field": "identifiers.device"}}, True),
        ("channel", {"field": "source"}, False),
    ],
)
def test_conditions_hold_as_the_law_says(path: str, wanted: Any, holds: bool) -> None:
    """Each operator compares like with like; missing and unlike are false but where the law says."""
    assert condition(path, wanted)(EVENT) is holds


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"gt": {"field": "wait"}}, "'wait' is not a field"),
        ({"gt": {"field": 3}}, "'field' takes a field such as data.due_at, not 3"),
        ({"in": [{"field": None}]}, "'field' takes a field such as data.due_at, not None"),
        ({"exists": {"field": "data.n"}}, "'exists' takes true or false"),
        ({"matches": {"field": "data.n"}}, "'matches' takes a regular expression"),
        ({"gt": [1]}, "'gt' takes a number, a text or a field"),
        ({"more": {"field": "data.n"}}, "unknown operator 'more'"),
        ({"field": "data.n", "gt": 3}, "unknown operator 'field'; name one, such as eq:"),
        ({"feld": "data.n"}, r"unknown operator 'feld' \(did you mean 'field'\?\)"),
        ({"Field": "data.n"}, r"did you mean 'field'\?"),
        ({"gt": {"feld": "data.n"}}, r"unknown key 'feld' \(did you mean 'field'\?\); write {field: data.n}"),
        ({"eq": {"fields": "data.n"}}, r"did you mean 'field'\?"),
        ({"in": [1, {"filed": "channel"}]}, r"unknown key 'filed' \(did you mean 'field'\?\)"),
    ],
)
def test_a_condition_that_cannot_hold_is_refused(wanted: Any, message: str) -> None:
    """A reference names a field, and only operators that compare take one."""
    with pytest.raises(ValueError, match=message):
        condition("data.x", wanted)


@pytest.mark.parametrize("wanted", [{"fields": "street"}, {"shop": "data.n"}, {"field": "data.n", "feld": 1}])
def test_an_object_that_is_no_misspelt_reference_is_a_value(wanted: Any) -> None:
    """Objects compare as JSON values unless they are one key like `field` and the path of a field."""
    assert condition("data.x", {"eq": wanted})(EVENT) is False


def test_a_key_is_the_tuple_of_its_values() -> None:
    """Values keep apart what JSON keeps apart, and a missing one means no key."""
    assert key(["channel", "data.n"])(EVENT) == ("phone", 3)
    assert key(["data.yes"])(EVENT) != key(["data.whole"])(EVENT)
    assert hash(key(["data.list", "data.deep"])(EVENT))
    assert key(["data.none"])(EVENT) is None
    assert key(["channel", "data.gone"])(EVENT) is None
