"""Backtest: the signals that other rules find in the stored events, compared with the rules in force.

Both rule sets fold the same events at the same evaluation time with the code that folds live. So a backtest
of the rules in force shows no difference.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from touchline.engine.customers.fold import fold
from touchline.friction import RuleSet, Signal
from touchline.journeys import JOURNEY_GAP, Journey
from touchline.vocabulary.durations import DAY, HOUR
from touchline.vocabulary.event import Event

EXAMPLES = 10
"""Grade changes that are kept as examples."""


@dataclass(slots=True)
class RuleChange:
    """One rule: its signals by the rules in force (before) and by the candidate rules (after).

    `new` and `gone` count signals that only one of both finds. `hours_…` are the hours, numbered since 1970,
    with at least one signal: an alerting rule raises one alert in each.
    """

    rule: str
    signals_before: int = 0
    signals_after: int = 0
    new: int = 0
    gone: int = 0
    hours_before: set[int] = field(default_factory=set)
    hours_after: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class GradeChange:
    """A customer whose last journey gets another grade."""

    customer: str
    grade_before: str
    grade_after: str
    score_before: int
    score_after: int


@dataclass(slots=True)
class Backtest:
    """What changes, for signals opened from `since` up to `until` (ms).

    `alerting_…` are the rules whose signals raise alerts: those with channels, or all rules if no rule of
    either set has any. `grades` counts customers by (before, after); `examples` are the customers whose score
    changes most.
    """

    since: int
    until: int
    alerting_before: frozenset[str]
    alerting_after: frozenset[str]
    customers: int = 0
    events: int = 0
    rules: dict[str, RuleChange] = field(default_factory=dict)
    grades: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: list[GradeChange] = field(default_factory=list)

    @property
    def days(self) -> float:
        """The length of the span in days."""
        return (self.until - self.since) / DAY

    @property
    def alerts_before(self) -> int:
        """Alerts by the rules in force."""
        return sum(len(self.rules[rule].hours_before) for rule in self.alerting_before)

    @property
    def alerts_after(self) -> int:
        """Alerts by the candidate rules."""
        return sum(len(self.rules[rule].hours_after) for rule in self.alerting_after)

    @property
    def regraded(self) -> int:
        """The number of customers whose grade changes."""
        return sum(count for (before, after), count in self.grades.items() if before != after)


def backtest(
    histories: Iterable[tuple[str, list[Event]]],
    candidate: RuleSet,
    in_force: RuleSet,
    since: int,
    until: int,
    journey_gap: int = JOURNEY_GAP,
) -> Backtest:
    """Fold every customer by both rule sets as of `until`, and count what differs since `since` (ms).

    Args:
        histories: Each customer's id and events, ordered and without duplicates; iterated once.
        candidate: The rules to try.
        in_force: The rules to compare with.
        since: Signals opened earlier are not counted.
        until: The evaluation time; later events are left out.
        journey_gap: The silence that ends a journey (ms).
    """
    before, after = _alerting(in_force), _alerting(candidate)
    if not before | after:
        before, after = (frozenset(rule.id for rule in rules.rules) for rules in (in_force, candidate))
    result = Backtest(since, until, before, after)
    for rule in (*in_force.rules, *candidate.rules):
        result.rules.setdefault(rule.id, RuleChange(rule.id))
    for customer, history in histories:
        events = [event for event in history if event.time < until]
        if not events:
            continue
        result.customers += 1
        result.events += len(events)
        old, new = (fold(events, rules, until, journey_gap) for rules in (in_force, candidate))
        _count_signals(result, old.signals, new.signals)
        if old.journeys[-1].last >= since:
            _count_grade(result, customer, old.journeys[-1], new.journeys[-1])
    return result


def _alerting(rules: RuleSet) -> frozenset[str]:
    return frozenset(rule.id for rule in rules.rules if rule.channels)


def _count_signals(result: Backtest, before: list[Signal], after: list[Signal]) -> None:
    ids_before: set[UUID] = {signal.id for signal in before}
    ids_after: set[UUID] = {signal.id for signal in after}
    for signal in before:
        if result.since <= signal.opened_at < result.until:
            rule = result.rules[signal.rule]
            rule.signals_before += 1
            rule.gone += signal.id not in ids_after
            rule.hours_before.add(signal.opened_at // HOUR)
    for signal in after:
        if result.since <= signal.opened_at < result.until:
            rule = result.rules[signal.rule]
            rule.signals_after += 1
            rule.new += signal.id not in ids_before
            rule.hours_after.add(signal.opened_at // HOUR)


def _count_grade(result: Backtest, customer: str, before: Journey, after: Journey) -> None:
    result.grades[before.grade, after.grade] += 1
    if before.grade != after.grade:
        result.examples.append(GradeChange(customer, before.grade, after.grade, before.score, after.score))
        result.examples.sort(key=_by_size)
        del result.examples[EXAMPLES:]


def _by_size(change: GradeChange) -> tuple[int, str]:
    return -abs(change.score_after - change.score_before), change.customer
