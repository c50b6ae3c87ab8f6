"""Tries a rule with other numbers: what would it have found in the stored events?

A knob is a number of a rule: a count, a duration, or a limit in a condition. It has a ladder of values to
choose from.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from touchline.analysis.backtest import backtest
from touchline.friction import RuleSet
from touchline.rules.rule import ExpectRule, RepeatRule, Rule, SelectorModel
from touchline.vocabulary.durations import DAY, HOUR, MINUTE, exact_duration
from touchline.vocabulary.event import Event
from touchline.vocabulary.order import PHASES, Phases

LADDER = tuple(
    [number * MINUTE for number in (1, 2, 5, 10, 15, 20, 30, 45)]
    + [number * HOUR for number in (1, 2, 4, 8, 12)]
    + [number * DAY for number in (1, 2, 3, 5, 7, 10, 14, 21, 30, 60, 90)]
)
"""Durations (ms) to choose from."""

MOST_COUNT = 10
FACTORS = (0.1, 0.25, 0.5, 0.75, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)
"""Limits of conditions to choose from, as multiples of the limit in force."""

LEAST_SHARE = 0.01
"""Below this share of the customers, nothing is said."""

_LIMITS = ("gt", "gte", "lt", "lte")


@dataclass(frozen=True)
class Knob:
    """A number of a rule.

    Attributes:
        path: Its place: the field, and for a limit also `where`, the path in the event and the operator.
        values: What to choose from, ascending; durations in ms.
        current: The position of the value in force.
        is_duration: Whether the values are durations.
    """

    path: tuple[str, ...]
    values: tuple[float, ...]
    current: int
    is_duration: bool

    @property
    def name(self) -> str:
        """The name of the field, or of what is limited: `within`, `data.wait_seconds`."""
        return self.path[0] if len(self.path) == 1 else self.path[-2]

    def text(self, position: int) -> str:
        """The value at a position, as a rules file has it."""
        value = self.values[position]
        return exact_duration(int(value)) if self.is_duration else f"{value:g}"


@dataclass(frozen=True)
class Trial:
    """What a rule found in a period (before) and would have found with other numbers (after).

    `new` and `gone` count frictions that only one of both finds; `share` is the share of the customers that
    was looked at, by which all counts are already divided.
    """

    days: float
    before: float
    after: float
    new: float
    gone: float
    share: float


def knobs_of(rule: Rule) -> list[Knob]:
    """The numbers of a rule that can be tried."""
    knobs = []
    if isinstance(rule, RepeatRule):
        knobs.append(_knob(("count",), range(2, max(MOST_COUNT, 2 * rule.count) + 1), rule.count, False))
    within = getattr(rule, "within", None)
    if within and not (isinstance(rule, ExpectRule) and rule.calendar):
        knobs.append(_knob(("within",), LADDER, within, True))
    for name, selector in rule.parts:
        for path, condition in selector.where.items():
            for operator, limit in _limits(condition):
                values = (_rounded(limit * factor) for factor in FACTORS)
                knobs.append(_knob((name, "where", path, operator), values, limit, False))
    return knobs


def _limits(condition: Any) -> Iterator[tuple[str, float]]:
    if isinstance(condition, Mapping):
        for operator in _LIMITS:
            limit = condition.get(operator)
            if isinstance(limit, int | float) and not isinstance(limit, bool) and limit > 0:
                yield operator, limit


def _rounded(value: float) -> float:
    """Two significant digits, as people write limits."""
    return float(f"{value:.2g}")


def _knob(path: tuple[str, ...], values: Iterable[float], current: float, is_duration: bool) -> Knob:
    ladder = tuple(sorted({*values, current}))
    return Knob(path, ladder, ladder.index(current), is_duration)


def changed(rule: Rule, chosen: Sequence[tuple[Knob, int]]) -> Rule:
    """The rule with other numbers: pairs of a knob and the position of its value."""
    for knob, position in chosen:
        value: Any = knob.values[position]
        value = int(value) if value == int(value) else value
        update = {knob.path[0]: value}
        if len(knob.path) > 1:
            name, _, path, operator = knob.path
            selector: SelectorModel = getattr(rule, name)
            where = {**selector.where, path: {**selector.where[path], operator: value}}
            update = {name: selector.model_copy(update={"where": where})}
        rule = rule.model_copy(update=update)
    return rule


def changed_yaml(rule: Rule, chosen: Sequence[tuple[Knob, int]]) -> str:
    """The changed fields as lines of YAML; a selector is given whole, since a change replaces it."""
    new = changed(rule, chosen)
    lines = {}
    for knob, position in chosen:
        name = knob.path[0]
        if len(knob.path) == 1:
            lines[name] = knob.text(position)
        else:
            selector = getattr(new, name).model_dump(exclude_none=True, exclude_defaults=True)
            lines[name] = json.dumps(selector, ensure_ascii=False)
    return "\n".join(f"{name}: {value}" for name, value in lines.items())


def try_rule(
    histories: Iterable[tuple[str, list[Event]]],
    rule: Rule,
    tried: Rule,
    rules: Sequence[Rule],
    since: int,
    until: int,
    share: Callable[[], float],
    phases: Phases = PHASES,
) -> Trial | None:
    """Fold customers by a rule as it is and as tried, and compare what both find in a period.

    Args:
        histories: Customers' ids and events, in an order that does not depend on what happened to them. It
            may end early.
        rule: The rule in force.
        tried: The same rule with other numbers.
        rules: All rules in force; a rule of the second layer needs those that it counts.
        since: Frictions that opened earlier (ms) are not counted.
        until: The evaluation time (ms).
        share: Returns, after the iteration, the share of the customers that it gave.
        phases: Of the event types.

    Returns:
        The comparison; None where too few customers were looked at.
    """
    others = [one for one in rules if one.id != rule.id] if rule.second_layer else []
    found = backtest(
        histories, RuleSet([*others, tried], phases), RuleSet([*others, rule], phases), since, until
    )
    looked_at = share()
    if looked_at < LEAST_SHARE:
        return None
    change = found.rules[rule.id]
    return Trial(
        days=found.days,
        before=change.signals_before / looked_at,
        after=change.signals_after / looked_at,
        new=change.new / looked_at,
        gone=change.gone / looked_at,
        share=looked_at,
    )
