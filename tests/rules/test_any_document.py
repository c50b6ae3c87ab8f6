"""Whatever a rules file holds, reading it ends with rules or with faults that have their place."""

import re
from importlib.resources import files
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from touchline.documents import Document
from touchline.rules.examples import read_examples
from touchline.rules.lint import warnings
from touchline.rules.rules_file import read_rules

PACK = files("touchline.rules").joinpath("packs", "default.yaml").read_text(encoding="utf-8")
RULES = yaml.safe_load(PACK)["rules"][::6]
FILE: dict[str, Any] = {
    "extends": "default",
    "calendars": {"desk": {"zone": "UTC", "hours": {"mon-fri": "09:00-17:00"}, "holidays": ["2026-12-25"]}},
    "change": {"cart": {"within": "2 business hours", "calendar": "desk"}},
    "disable": ["rage"],
    "rules": RULES,
    "examples": {
        "cart": [
            {"title": "t", "events": [{"at": "0m", "type": "x.y"}], "expect": [{"anchor": 1, "at": "1h"}]}
        ]
    },
}
BASE = """
rules:
  - {id: cart, kind: expect, after: cart.updated, then: order.placed, within: 1h}
  - {id: rage, kind: match, when: element.rage_clicked}
"""

scalars = st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-1, 1) | st.text(max_size=4)
words = st.sampled_from(
    ["friction.*", "friction.cart", "*", "contact.*", "1h", "within", "data.x", "09:00-17:00"]
)
values = st.recursive(
    scalars | words,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(words | st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value inside of `value`."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for name, one in inside for place in _places(one, (*path, name)))]


def _put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _put(value[path[0]], path[1:], new)
    return copy


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(_places(FILE)), values), min_size=1, max_size=3))
def test_any_change_to_a_file_is_read(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    """Anything may stand anywhere: it is understood, or it is a fault with line and column."""
    raw: Any = FILE
    for path, new in changes:
        try:
            raw = _put(raw, path, new)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    document = Document(yaml.safe_dump(raw, allow_unicode=True), "mine.yaml")
    file = read_rules(document, {"default": BASE})
    entries = {one.id: one for one in file.entries}
    _, faults = read_examples(document, set(entries))
    doubts = warnings(file.rules, entries, document)
    for one in [*file.faults, *faults, *doubts]:
        assert re.match(r"(mine\.yaml|default pack):\d+:\d+\Z", one.place)
        assert one.message


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="rules: -{}[]&*!|>'\"\n\tidkmatch#,?%@0", max_size=60))
def test_any_text_is_read(text: str) -> None:
    """What is no YAML at all is a fault as well."""
    file = read_rules(Document(text, "mine.yaml"), {})
    assert file.rules == ()
    assert all(re.match(r"mine\.yaml:\d+:\d+\Z", one.place) for one in file.faults)


def test_a_document_that_is_too_deep_is_refused() -> None:
    """Lists within lists beyond what can be read are a fault that says so."""
    document = Document("rules: " + "[" * 5_000 + "]" * 5_000, "mine.yaml")
    assert [fault.message for fault in document.faults] == ["its lists and objects are too deep"]
