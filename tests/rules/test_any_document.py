"""Whatever a rules file holds, reading it ends with rules or with faults that have their place."""

import re
from importlib.resources import files
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.changed_files import changed
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

WORDS = ("friction.*", "friction.cart", "*", "contact.*", "1h", "within", "data.x", "09:00-17:00")


@settings(max_examples=300, deadline=None)
@given(changed(FILE, WORDS))
def test_any_change_to_a_file_is_read(raw: Any) -> None:
    """Anything may stand anywhere: it is understood, or it is a fault with line and column."""
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


@pytest.mark.parametrize("levels", [100, 5_000])
def test_a_document_that_is_too_deep_is_refused(levels: int) -> None:
    """Over 100 levels of lists are a fault that says so, whatever the interpreter can read."""
    document = Document("rules: " + "[" * levels + "]" * levels, "mine.yaml")
    message = "nested too deeply: use at most 100 levels of lists and objects"
    assert [fault.message for fault in document.faults] == [message]


def test_a_document_of_a_hundred_levels_is_read() -> None:
    """What is just not too deep has no fault."""
    assert Document("rules: " + "[" * 99 + "]" * 99, "mine.yaml").faults == []
