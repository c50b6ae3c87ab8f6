"""Rules for fields: which of them are removed, hidden or kept."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.privacy.fields import REDACTED, Action, Fields

Rules = list[tuple[Action, list[str]]]


def kept(value: dict[str, Any], *rules: tuple[Action, str]) -> dict[str, Any]:
    return Fields([(action, path.split(".")) for action, path in rules]).kept(value)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("card", {"items": [{"card": 1, "sku": "a"}, 7], "who": {"card_no": "4", "name": "x"}}),
        ("items.card", {"card": "1", "items": [{"sku": "a"}, 7], "who": {"card_no": "4", "name": "x"}}),
        ("who.card_*", {"card": "1", "items": [{"card": 1, "sku": "a"}, 7], "who": {"name": "x"}}),
        ("*.card", {"card": "1", "items": [{"sku": "a"}, 7], "who": {"card_no": "4", "name": "x"}}),
        ("**.card*", {"items": [{"sku": "a"}, 7], "who": {"name": "x"}}),
        ("who.**", {"card": "1", "items": [{"card": 1, "sku": "a"}, 7]}),
        (
            "card.number",
            {"card": "1", "items": [{"card": 1, "sku": "a"}, 7], "who": {"card_no": "4", "name": "x"}},
        ),
        ("**", {}),
    ],
)
def test_a_denied_path_is_removed(path: str, expected: dict[str, Any]) -> None:
    """Paths go through objects and lists; `*` is any key or a part of one, `**` any number of keys."""
    value = {
        "card": "1",
        "items": [{"card": 1, "sku": "a"}, 7],
        "who": {"card_no": "4", "name": "x"},
    }
    assert kept(value, ("deny", path)) == expected


def test_a_redacted_value_keeps_its_key() -> None:
    """Texts become a mark; numbers and truth values become null; objects and lists become empty."""
    value = {"a": "x", "b": 17, "c": True, "d": {"e": "x"}, "f": ["x"], "g": None, "h": "kept"}
    assert kept(value, *(("redact", key) for key in "abcdefg")) == {
        "a": REDACTED,
        "b": None,
        "c": None,
        "d": {},
        "f": [],
        "g": None,
        "h": "kept",
    }


def test_an_allow_list_keeps_nothing_else() -> None:
    """Only allowed fields stay, with what holds them; a denied field goes even if it is allowed."""
    value = {"score": 3, "page": {"path": "/", "query": "q"}, "items": [{"sku": "a", "note": "n"}, "text"]}
    allowed: list[tuple[Action, str]] = [("allow", "score"), ("allow", "page.path"), ("allow", "items.sku")]
    assert kept(value, *allowed) == {"score": 3, "page": {"path": "/"}, "items": [{"sku": "a"}]}
    assert kept(value, *allowed, ("deny", "score")) == {"page": {"path": "/"}, "items": [{"sku": "a"}]}


def test_what_does_not_match_is_not_copied() -> None:
    """An object without fields of the rules is returned as it is."""
    value = {"a": {"b": 1}, "c": [{"d": 2}]}
    assert kept(value, ("deny", "a.x"), ("redact", "**.y"), ("deny", "c.z")) is value


KEYS = st.sampled_from(["a", "b", "ab"])
VALUES = st.recursive(
    st.text(max_size=2) | st.integers() | st.booleans(),
    lambda inner: st.dictionaries(KEYS, inner, max_size=3) | st.lists(inner, max_size=3),
    max_leaves=12,
)
STEPS = st.lists(st.sampled_from(["a", "b", "ab", "*", "a*", "**"]), min_size=1, max_size=4)


@given(st.dictionaries(KEYS, VALUES, max_size=3), st.lists(STEPS, max_size=3))
def test_exactly_the_denied_fields_go(value: dict[str, Any], denied: list[list[str]]) -> None:
    """A field stays if and only if neither its path nor that of what holds it is denied."""
    before, after = _paths(value), _paths(Fields([("deny", steps) for steps in denied]).kept(value))
    assert after == [
        path
        for path in before
        if not any(_matches(steps, path[:end]) for steps in denied for end in range(len(path) + 1))
    ]


def _paths(value: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The path of every field, in order; elements of lists have that of the list."""
    if isinstance(value, list):
        return [found for item in value for found in _paths(item, path)]
    if not isinstance(value, dict):
        return []
    return [found for key, item in value.items() for found in [(*path, key), *_paths(item, (*path, key))]]


def _matches(steps: list[str], path: tuple[str, ...]) -> bool:
    if not steps:
        return not path
    if steps[0] == "**":
        return any(_matches(steps[1:], path[end:]) for end in range(len(path) + 1))
    if not path or not (steps[0] in ("*", path[0]) or (steps[0] == "a*" and path[0].startswith("a"))):
        return False
    return _matches(steps[1:], path[1:])
