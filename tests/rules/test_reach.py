"""How far rules look back."""

from touchline.rules import parse_rules
from touchline.rules.reach import reaches
from touchline.vocabulary.durations import DAY


def test_the_reach_of_a_rule_is_its_window() -> None:
    """A rule on frictions adds the longest window of the first layer; opening hours stretch a window."""
    rules = parse_rules(
        "calendars: {desk: {zone: UTC, hours: {mon-fri: '09:00-17:00'}}}\n"
        "rules:\n"
        "  - {id: a, kind: match, when: x}\n"
        "  - {id: b, kind: repeat, of: x, count: 2, within: 3d}\n"
        "  - {id: c, kind: expect, after: x, then: y, within: 80 business hours, calendar: desk}\n"
        "  - {id: d, kind: sequence, first: friction.b, then: x, within: 1d}\n"
        "  - {id: e, kind: expect, after: x, then: y, by: data.due_at}\n"
    )
    found = reaches(rules)
    assert (found["a"], found["b"], found["e"]) == (0, 3 * DAY, 0)
    assert found["c"] >= 14 * DAY
    assert found["d"] == DAY + max(found["b"], found["c"])
