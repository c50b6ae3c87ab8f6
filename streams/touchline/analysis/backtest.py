"""Backtesting: what other rules would have found in the events of the store, against the rules in force.

Both sets are folded over the same events at the same time, by the code that folds live; so the rules in
force against themselves change nothing.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from touchline.engine.customer import fold
from touchline.friction import RuleSet, Signal
from touchline.journeys import JOURNEY_GAP, Journey
from touchline.vocabulary.durations import DAY, HOUR
from touchline.vocabulary.event import Event

EXAMPLES = 10


@dataclass(slots=True)
class RuleChange:
    """One rule: its signals by the rules in force and by the given ones, and which are new or gone.

    An alert is an hour of the clock in which a rule finds something; see `Backtest.alerting`.
    """

    rule: str
    signals_before: int = 0
    signals_after: int = 0
    new: int = 0
    gone: int = 0
    hours_before: set[int] = field(default_factory=set)
    hours_after: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Regraded:
    """A customer whose last journey gets another grade."""

    customer: str
    grade_before: str
    grade_after: str
    score_before: int
    score_after: int


@dataclass(slots=True)
class Backtest:
    """What would change, for signals opened from `since` up to `until` (ms).

    `alerting` are the rules whose signals are alerts: those that name channels in their set, or all of both
    sets where none does. `grades` counts customers by (before, after); `examples` are those that lose or
    gain most.
    """

    since: int
    until: int
    alerting_before: frozenset[str]
    alerting_after: frozenset[str]
    customers: int = 0
    events: int = 0
    rules: dict[str, RuleChange] = field(default_factory=dict)
    grades: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: list[Regraded] = field(default_factory=list)

    @property
    def days(self) -> float:
        """How long the span is, in days."""
        return (self.until - self.since) / DAY

    @property
    def alerts_before(self) -> int:
        """Alerts by the rules in force."""
        return sum(len(one.hours_before) for one in self.rules.values() if one.rule in self.alerting_before)

    @property
    def alerts_after(self) -> int:
        """Alerts by the given rules."""
        return sum(len(one.hours_after) for one in self.rules.values() if one.rule in self.alerting_after)

    @property
    def regraded(self) -> int:
        """How many customers change grade."""
        return sum(count for (before, after), count in self.grades.items() if before != after)


def backtest(
    histories: Iterable[tuple[str, list[Event]]],
    given: RuleSet,
    in_force: RuleSet,
    since: int,
    until: int,
    journey_gap: int = JOURNEY_GAP,
) -> Backtest:
    """Fold every customer by both sets, as of `until`, and say what differs since `since` (ms).

    Args:
        histories: Each customer's id and events, in order and each once; read once, customer by customer.
        given: The rules to try.
        in_force: The rules to compare with.
        since: Signals opened before are not counted.
        until: The evaluation time; later events are left out.
        journey_gap: The silence that ends a journey, in ms.
    """
    before, after = _alerting(in_force), _alerting(given)
    if not before | after:
        before, after = (frozenset(rule.id for rule in one.rules) for one in (in_force, given))
    result = Backtest(since, until, before, after)
    for rule in (*in_force.rules, *given.rules):
        result.rules.setdefault(rule.id, RuleChange(rule.id))
    for customer, every in histories:
        events = [event for event in every if event.time < until]
        if not events:
            continue
        result.customers += 1
        result.events += len(events)
        found, other = (fold(events, rules, until, journey_gap) for rules in (in_force, given))
        _count(result, found.signals, other.signals)
        if found.journeys[-1].last >= since:
            _grade(result, customer, found.journeys[-1], other.journeys[-1])
    return result


def _alerting(rules: RuleSet) -> frozenset[str]:
    return frozenset(rule.id for rule in rules.rules if rule.channels)


def _count(result: Backtest, before: list[Signal], after: list[Signal]) -> None:
    ids: list[set[UUID]] = [{one.id for one in before}, {one.id for one in after}]
    for one in before:
        if result.since <= one.opened_at < result.until:
            rule = result.rules[one.rule]
            rule.signals_before += 1
            rule.gone += one.id not in ids[1]
            rule.hours_before.add(one.opened_at // HOUR)
    for one in after:
        if result.since <= one.opened_at < result.until:
            rule = result.rules[one.rule]
            rule.signals_after += 1
            rule.new += one.id not in ids[0]
            rule.hours_after.add(one.opened_at // HOUR)


def _grade(result: Backtest, customer: str, before: Journey, after: Journey) -> None:
    result.grades[before.grade, after.grade] += 1
    if before.grade != after.grade:
        result.examples.append(Regraded(customer, before.grade, after.grade, before.score, after.score))
        result.examples.sort(key=lambda one: (-abs(one.score_after - one.score_before), one.customer))
        del result.examples[EXAMPLES:]
