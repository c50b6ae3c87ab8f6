"""The default pack finds in its examples what they say, and nothing else."""

import orjson
import pytest

from touchline.config.rule_packs import load_pack
from touchline.friction import RuleSet
from touchline.friction.example_check import example_events, failures
from touchline.rules import Rule
from touchline.vocabulary.registry import EVENT_TYPES

PACK = load_pack()
RULES = RuleSet(PACK.rules)


def test_the_pack_has_no_faults() -> None:
    """Neither the rules nor the examples are at fault."""
    assert PACK.faults == ()


@pytest.mark.parametrize("rule", PACK.entries)
def test_a_rule_finds_what_its_examples_say(rule: str) -> None:
    """Each rule is right in every example, at every moment."""
    assert failures(RULES, rule, PACK.examples[rule]) == []


@pytest.mark.parametrize("rule", PACK.rules, ids=lambda rule: rule.id)
def test_a_rule_has_examples_of_each_fate(rule: Rule) -> None:
    """Each rule is shown to fire and not to, and to be resolved or taken back where it says what ends it."""
    examples = PACK.examples[rule.id]
    expected = [one for example in examples for one in example.expect]
    assert len(examples) >= 2
    assert expected
    if rule.kind == "expect" or (rule.kind == "sequence" and rule.without is not None):
        assert any(one.resolved or one.taken_back for one in expected)
    assert any(not example.expect for example in examples)


def test_examples_are_made_of_events_that_could_be_sent() -> None:
    """The data of every event in an example fits its type."""
    for examples in PACK.examples.values():
        for example in examples:
            for event in example_events(example):
                EVENT_TYPES[event.type].model.model_validate_json(orjson.dumps(event.data))
