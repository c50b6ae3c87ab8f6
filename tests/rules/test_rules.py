"""What a rules file may say, and what the messages say of one that is wrong."""

import pytest

from touchline.friction import RuleSet
from touchline.rules import RulesError, parse_rules


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("{id: a, kind: match}", "mine.yaml:1:9: rule 'a'.when: is missing"),
        (
            "{id: a, kind: mach, when: x.y}",
            "rule 'a': unknown kind 'mach' (did you mean 'match'?); write one of match,",
        ),
        (
            "{id: a, kind: match, when: x.y, wight: 3}",
            "1:41: rule 'a'.wight: unknown key (did you mean 'weight'?)",
        ),
        ("{id: a, kind: repeat, of: x.y, count: 1, within: 1h}", "greater than or equal to 2"),
        ("{id: a, kind: repeat, of: x.y, count: 2, within: 1 hour}", "write one such as 45s, 30m, 4h or 7d"),
        ("{id: a, kind: repeat, of: x.y, count: 2, within: 4000d}", "'4000d' is longer than ten years"),
        ("{id: a, kind: expect, after: x.y, then: x.z, within: 4000d}", "'4000d' is longer than ten years"),
        ("{id: a, kind: expect, after: x.y, then: x.z}", "write either 'within'"),
        ("{id: a, kind: expect, after: x.y, then: x.z, within: 1h, by: data.due}", "write either 'within'"),
        ("{id: a, kind: match, when: {where: {reason: x}}}", "'reason' is not a field"),
        (
            "{id: a, kind: match, when: {where: {data.n: {more: 1}}}}",
            "rule 'a'.when.where.data.n: unknown operator 'more'",
        ),
        ("{id: a, kind: match, when: {where: {data.n: {matchs: x}}}}", "'matchs' (did you mean 'matches'?)"),
        (
            "{id: a, kind: match, when: {where: {data.n: {matches: '('}}}}",
            "is not a regular expression of RE2",
        ),
        ("{id: a, kind: match, when: {where: {data.n: {in: 3}}}}", "'in' takes a list"),
        (
            "{id: a, kind: match, when: 3}",
            "rule 'a'.when: 3 is not a selector: write a type, a list of types, or",
        ),
        ("{id: a b, kind: match, when: x.y}", "rule 'a b'.id: 'a b' is not an id: write up to 64 of"),
        (
            "{id: a, kind: match, when: x.y, weight: -1}",
            "rule 'a'.weight: -1 should be greater than or equal to 0",
        ),
        (
            "{id: a, kind: match, when: x.y, factor: luck}",
            "rule 'a'.factor: 'luck' should be 'people', 'process'",
        ),
        ("{id: a, kind: match, when: con*}", "is not a pattern: write 'family.*' or '*'"),
        (
            "{id: a, kind: match, when: friction.b}",
            "rule 'a'.when: 'friction.b': there is no such rule",
        ),
    ],
)
def test_a_fault_names_rule_and_field(rule: str, message: str) -> None:
    """The message names the rule and the field, and shows what to write."""
    with pytest.raises(RulesError) as failure:
        parse_rules(f"rules: [{rule}]", "mine.yaml")
    assert message in str(failure.value)
    assert str(failure.value).startswith("mine.yaml:1:")


def test_every_fault_is_reported_at_once() -> None:
    """Two faulty rules give two lines."""
    with pytest.raises(RulesError) as failure:
        parse_rules("rules: [{id: a, kind: match}, {id: b, kind: match, when: x.y, count: 2}]")
    assert len(str(failure.value).splitlines()) == 2


def test_rules_have_two_layers_and_unique_ids() -> None:
    """A rule cannot select signals of a rule that selects signals, and each id is unique."""
    text = """
rules:
  - {id: a, kind: match, when: x.y}
  - {id: b, kind: repeat, of: friction.*, count: 2, within: 1d}
  - {id: c, kind: match, when: friction.b}
  - {id: a, kind: match, when: x.z}
"""
    with pytest.raises(RulesError) as failure:
        parse_rules(text)
    assert "'friction.b' selects signals itself" in str(failure.value)
    assert "rules:6:10: rule 'a'.id: duplicate id" in str(failure.value)


def test_invalid_yaml_is_refused() -> None:
    """The message has the place of the syntax error."""
    with pytest.raises(RulesError, match="not YAML"):
        parse_rules("rules: [")


def test_short_forms_mean_the_long_ones() -> None:
    """A type, a list of types, and both under `types` are the same selector."""
    versions = {
        parse_rules(f"rules: [{{id: a, kind: match, when: {when}}}]")[0].version
        for when in ("x.y", "[x.y]", "{types: x.y}", "{types: [x.y]}")
    }
    assert len(versions) == 1


def test_the_fingerprint_depends_on_content_alone() -> None:
    """The order of rules does not change it; a threshold does."""

    def fingerprint(*rules: str) -> str:
        return RuleSet(parse_rules(f"rules: [{', '.join(rules)}]")).fingerprint

    one, two = "{id: a, kind: match, when: x.y}", "{id: b, kind: match, when: x.z}"
    assert fingerprint(one, two) == fingerprint(two, one)
    assert fingerprint(one) != fingerprint("{id: a, kind: match, when: x.y, weight: 11}")
