"""A rule with other numbers over stored events: what it would have found, and the YAML for it."""

from collections import defaultdict
from hashlib import sha256
from pathlib import Path

import orjson
import pytest

from touchline.analysis.rule_trial import Knob, changed, changed_yaml, knobs_of, try_rule
from touchline.config.rule_packs import load_rules
from touchline.friction import RuleSet
from touchline.rules import parse_rules
from touchline.rules.rule import Rule
from touchline.simulation import Retailer
from touchline.vocabulary.durations import DAY, HOUR
from touchline.vocabulary.envelope import Envelope, to_event
from touchline.vocabulary.event import Event
from touchline.vocabulary.order import in_order

START = 1_790_000_000_000
RULES = {rule.id: rule for rule in load_rules().rules}


@pytest.fixture(scope="module")
def histories() -> list[tuple[str, list[Event]]]:
    """Three days of the retailer, by identifier, in the order of a hash."""
    customers: dict[str, list[Event]] = defaultdict(list)
    for one in Retailer(5, START, history=3 * DAY, rate=0.02).until(START):
        event = to_event(Envelope.model_validate_json(orjson.dumps(one.envelope())), received_at_ms=one.due)
        assert event
        customers[sha256(event.identifiers[0].encode()).hexdigest()].append(event)
    return [(name, in_order(events)) for name, events in sorted(customers.items())]


def knob(rule: Rule, name: str) -> Knob:
    """A knob of a rule."""
    [found] = [one for one in knobs_of(rule) if one.name == name]
    return found


def counted(histories: list[tuple[str, list[Event]]], rule: Rule, until: int) -> int:
    """Signals of a rule, counted by a fold of its own."""
    found = [
        signal
        for _, events in histories
        for signal in RuleSet([rule]).findings([one for one in events if one.time < until], until).signals
    ]
    return sum(signal.opened_at < until for signal in found)


def test_the_numbers_of_every_rule_can_be_tried() -> None:
    """Counts, durations and limits of conditions are knobs; the value in force is among their values."""
    names = {rule.id: [one.name for one in knobs_of(rule)] for rule in RULES.values()}
    assert names["repeat_contact"] == ["count", "within"]
    assert names["checkout_abandoned"] == ["within"]
    assert "data.wait_seconds" in [name for found in names.values() for name in found]
    for rule in RULES.values():
        for one in knobs_of(rule):
            assert changed(rule, [(one, one.current)]) == rule
            assert list(one.values) == sorted(set(one.values))
            for position in range(len(one.values)):
                assert (changed(rule, [(one, position)]) == rule) == (position == one.current)


@pytest.mark.parametrize(
    ("rule", "name", "position"), [("repeat_contact", "count", 2), ("checkout_abandoned", "within", 12)]
)
def test_a_trial_finds_what_the_rule_would_have_found(
    histories: list[tuple[str, list[Event]]], rule: str, name: str, position: int
) -> None:
    """Both counts are those of a fold of the rule alone; of a sample they are scaled to all customers."""
    in_force = RULES[rule]
    tried = changed(in_force, [(knob(in_force, name), position)])
    found = try_rule(histories, in_force, tried, list(RULES.values()), 0, START, lambda: 1.0)
    assert found
    assert (found.before, found.after) == tuple(counted(histories, one, START) for one in (in_force, tried))
    assert found.before != found.after
    assert found.after - found.before == found.new - found.gone
    half = try_rule(histories, in_force, tried, list(RULES.values()), 0, START, lambda: 0.5)
    assert half
    assert (half.before, half.after) == (2 * found.before, 2 * found.after)
    assert try_rule(histories, in_force, tried, list(RULES.values()), 0, START, lambda: 0.001) is None


def test_a_rule_that_counts_others_is_tried_with_them(histories: list[tuple[str, list[Event]]]) -> None:
    """A rule of the second layer finds as many in a trial of its own numbers as the whole pack does."""
    rule = RULES["strike_out"]
    found = try_rule(histories, rule, rule, list(RULES.values()), 0, START, lambda: 1.0)
    assert found
    assert found.before == found.after > 0


def test_the_yaml_puts_the_tried_numbers_in_force(tmp_path: Path) -> None:
    """A rules file that changes the rule by the YAML gives the rule that was tried, for every knob."""
    for rule in RULES.values():
        for one in knobs_of(rule):
            chosen = [(one, len(one.values) - 1 if one.current == 0 else 0)]
            fields = "".join(f"    {line}\n" for line in changed_yaml(rule, chosen).splitlines())
            file = tmp_path / "rules.yaml"
            file.write_text(f"extends: default\nchange:\n  {rule.id}:\n{fields}")
            in_force = {one.id: one for one in load_rules(file).rules}
            assert in_force[rule.id] == changed(rule, chosen)


def test_limits_keep_their_condition() -> None:
    """Only the limit changes: other conditions, and limits that are a field of the event, stay."""
    [rule] = parse_rules(
        "rules: [{id: w, kind: match, when: {types: contact.answered,"
        " where: {channel: phone, data.wait_seconds: {gt: 300, lt: {field: data.told_seconds}}}}}]"
    )
    [one] = knobs_of(rule)
    assert (one.name, one.values[one.current]) == ("data.wait_seconds", 300)
    tried = changed(rule, [(one, one.values.index(150))])
    assert tried.parts[0][1].where == {
        "channel": "phone",
        "data.wait_seconds": {"gt": 150, "lt": {"field": "data.told_seconds"}},
    }
    assert knob(RULES["checkout_abandoned"], "within").text(0) == "1m"
    assert HOUR in knob(RULES["checkout_abandoned"], "within").values
