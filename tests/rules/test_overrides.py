"""Rules files that extend a pack, and the messages of those with faults."""

import pytest

from touchline.rules import Rule, RulesError, parse_rules
from touchline.rules.rule import ExpectRule

PACK = """
rules:
  - {id: cart, kind: expect, after: cart.updated, then: order.placed, within: 1h, weight: 5}
  - {id: rage, kind: match, when: element.rage_clicked}
  - {id: late, kind: expect, after: delivery.scheduled, then: delivery.completed, by: data.due_at}
  - {id: out, kind: repeat, of: friction.*, count: 3, within: 7d}
"""


def _rules(text: str) -> tuple[Rule, ...]:
    return parse_rules(text, "mine.yaml", {"default": PACK})


def _faults(text: str) -> list[str]:
    with pytest.raises(RulesError) as failure:
        _rules(text)
    return str(failure.value).splitlines()


def test_a_file_that_extends_the_pack_has_its_rules() -> None:
    """A file with `extends` alone has exactly the rules of the pack."""
    assert _rules("extends: default") == parse_rules(PACK)


def test_rules_are_added_and_replaced_by_id() -> None:
    """A rule with the id of another replaces it in place; a new one follows the others."""
    rules = _rules("""
extends: default
rules:
  - {id: mine, kind: match, when: friction.cart}
  - {id: rage, kind: repeat, of: element.rage_clicked, count: 2, within: 1h}
""")
    assert [(rule.id, rule.kind) for rule in rules] == [
        ("cart", "expect"),
        ("rage", "repeat"),
        ("late", "expect"),
        ("out", "repeat"),
        ("mine", "match"),
    ]


def test_a_field_is_changed_and_the_others_stay() -> None:
    """A change replaces the fields that it names; null removes a field."""
    rules = _rules("""
extends: default
change:
  cart: {within: 2h, weight: 7}
  late: {by: null, within: 3d}
""")
    cart, late = (rule for rule in rules if rule.id in ("cart", "late"))
    assert isinstance(cart, ExpectRule)
    assert isinstance(late, ExpectRule)
    assert (cart.within, cart.weight, cart.then) == (7_200_000, 7, parse_rules(PACK)[0].parts[1][1])
    assert (late.by, late.within) == (None, 3 * 86_400_000)


def test_a_rule_is_disabled() -> None:
    """A disabled rule is absent, and no rule may select its signals."""
    assert [rule.id for rule in _rules("{extends: default, disable: [rage, late]}")] == ["cart", "out"]
    assert _faults("""
extends: default
disable: [rage]
rules:
  - {id: mine, kind: match, when: friction.rage}
""") == ["mine.yaml:5:35: rule 'mine'.when: 'friction.rage': there is no such rule in this file"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("disable: [rages]", "mine.yaml:2:11: disable: there is no rule 'rages' (did you mean 'rage'?)"),
        ("change: {kart: {weight: 1}}", "mine.yaml:2:10: change: there is no rule 'kart' (did you mean"),
        ("change: {cart: {kind: match}}", "mine.yaml:2:17: change: the kind of 'cart' cannot change"),
        ("change: {cart: {wait: 3}}", "mine.yaml:2:17: rule 'cart'.wait: unknown key"),
        ("change: {cart: {within: soon}}", "mine.yaml:2:25: rule 'cart'.within: 'soon' is not a duration"),
        ("change: {cart: {then: null}}", "rule 'cart'.then: is missing"),
        (
            "disable: [cart]\nchange: {cart: {weight: 1}}",
            "mine.yaml:2:11: disable: rule 'cart' is also changed",
        ),
        ("change: {x: 3}", "mine.yaml:2:13: change.x: 3 should be a valid dictionary"),
        (
            "change: {rage: {weight: 1}}\nrules: [{id: rage, kind: match, when: x.y}]",
            "mine.yaml:2:10: change: rule 'rage' is also under 'rules'",
        ),
    ],
)
def test_an_override_without_a_target_has_its_place(text: str, fault: str) -> None:
    """The message has file, line and column, and suggests a similar word."""
    faults = _faults(f"extends: default\n{text}")
    assert len(faults) == 1
    assert fault in faults[0]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("extends: defalt", "mine.yaml:1:10: extends: there is no pack 'defalt' (did you mean 'default'?)"),
        (
            "rules: []\ndisable: [rage]",
            "mine.yaml:2:1: nothing to change or to disable",
        ),
        ("rule: []", "mine.yaml:1:1: no rules: write them under 'rules'"),
        ("rules: []\ndisabel: []", "mine.yaml:2:1: disabel: unknown key (did you mean 'disable'?)"),
        ("", "mine.yaml:1:1: write a list of rules under 'rules'"),
        ("- a", "mine.yaml:1:1: write a list of rules under 'rules'"),
        ("rules: [x, {id: a}]", "mine.yaml:1:9: rule 1: write its fields, such as {id: …, kind: …}"),
        ("rules: [x, {id: a}]", "mine.yaml:1:12: rule 'a': 'kind' is missing; write one of match"),
        ("rules: 3", "mine.yaml:1:8: rules: 3 should be a valid list"),
        ("rules: []\nrules: []", "mine.yaml:2:1: duplicate key 'rules'"),
        ("rules:\n  - a: [", "mine.yaml:2:9: not YAML"),
        ("rules: &a [*a]", "mine.yaml:1:8: not YAML: an alias contains itself"),
        ("rules:\n- ['a\0']", "mine.yaml:2:6: not YAML: the character U+0000 is not allowed: remove it"),
    ],
)
def test_a_fault_of_the_file_has_its_place(text: str, fault: str) -> None:
    """Faults outside of rules are reported with line and column, too."""
    assert any(fault in line for line in _faults(text)), _faults(text)


def test_many_aliases_are_refused() -> None:
    """A YAML bomb is refused before it fills the memory."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert any("over 200,000 values" in line for line in _faults("\n".join(lines)))


CALENDARS = """
calendars:
  support: {zone: Europe/Berlin, hours: {mon-fri: 09:00-17:00}}
rules:
"""


def _business(rest: str) -> str:
    return f"{CALENDARS}  - {{id: a, kind: expect, after: x.y, then: x.z, {rest}}}"


def test_business_time_is_counted_in_a_calendar() -> None:
    """Hours and minutes of opening time are ms of it, and the calendar is part of the rule's version."""
    hours, minutes = (
        _rules(_business(f"within: {within}, calendar: support"))[0]
        for within in ("8 business hours", "1 business minute")
    )
    assert isinstance(hours, ExpectRule)
    assert isinstance(minutes, ExpectRule)
    assert (hours.within, minutes.within) == (8 * 3_600_000, 60_000)
    other = _rules(_business("within: 8 business hours, calendar: support").replace("17:00", "18:00"))[0]
    assert other.version != hours.version


@pytest.mark.parametrize(
    ("rest", "fault"),
    [
        ("within: 8 business hours", "needs a calendar: add calendar: NAME"),
        (
            "within: 8h, calendar: support",
            "a 'calendar' counts business time: write",
        ),
        ("within: 2 business days, calendar: support", "business days are not supported"),
        ("within: 0 business hours, calendar: support", "is not a business time"),
        ("within: 8 business hours, calendar: suport", "no calendar 'suport' (did you mean 'support'?)"),
        (
            "within: 9999 business hours, calendar: support",
            "exceeds a year of the calendar's opening hours",
        ),
        ("by: data.due_at, calendar: support", "a 'calendar' needs 'within'"),
    ],
)
def test_business_time_needs_its_calendar(rest: str, fault: str) -> None:
    """Business time and a calendar go together, and the calendar must be there."""
    faults = _faults(_business(rest))
    assert len(faults) == 1
    assert faults[0].startswith("mine.yaml:5:")
    assert fault in faults[0]


def test_a_calendar_at_fault_is_pointed_at() -> None:
    """A calendar that is never open is refused where it stands, and the rules that name it are not."""
    text = _business("within: 8 business hours, calendar: support")
    faults = _faults(text.replace("{mon-fri: 09:00-17:00}", "{}"))
    assert faults == [
        "mine.yaml:3:41: calendars.support.hours: no opening hours: write those of at least one day, "
        "such as {mon-fri: 09:00-17:00}"
    ]
