"""How far rules look back: the events before a friction opens that decide whether it opens."""

from collections.abc import Iterable, Mapping

from touchline.rules.calendar import Calendar
from touchline.rules.rule import ExpectRule, RepeatRule, RuleModel, SequenceRule
from touchline.vocabulary.durations import DAY, WEEK

DUE = 30 * DAY
"""The time (ms) until a deadline that events state is looked for."""


def reaches(rules: Iterable[RuleModel]) -> Mapping[str, int]:
    """The reach (ms) of each rule, by id: a friction depends on no event further before its `opened_at`.

    A rule on frictions adds the longest reach of the first layer. Events state the deadline of a
    rule with `by`: its reach counts as 0.
    """
    rules = tuple(rules)
    own = {rule.id: _own_reach(rule) for rule in rules}
    first_layer = max((own[rule.id] for rule in rules if not rule.second_layer), default=0)
    return {rule.id: own[rule.id] + (first_layer if rule.second_layer else 0) for rule in rules}


def wait(rule: RuleModel) -> int:
    """How long (ms) after its step the friction of a rule may open; 0 if it has no step of its own."""
    if isinstance(rule, ExpectRule) and rule.by is not None:
        return DUE
    return reaches([rule])[rule.id] if isinstance(rule, ExpectRule | SequenceRule) else 0


def _own_reach(rule: RuleModel) -> int:
    match rule:
        case RepeatRule() | SequenceRule():
            return rule.within
        case ExpectRule(within=int(within), calendar=calendar):
            return within if calendar is None else _elapsed(within, calendar)
    return 0


def _elapsed(within: int, calendar: Calendar) -> int:
    """Time (ms) in which `within` ms of opening time surely pass, apart from holidays."""
    weekly = calendar.year_of_opening // 52
    return (within // weekly + 2) * WEEK if weekly else WEEK
