"""Detect a rule's incidents in the rows of its query."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from touchline.alerts.incidents import Incident, Labels, Standing, incidents
from touchline.alerts.intervals import Interval, Step, crowds, gaps, intervals, rises
from touchline.alerts.rules import Absence, AlertRule, Change
from touchline.vocabulary.durations import MINUTE, SECOND

Row = Sequence[Any]

SHORTEST_PACE, LONGEST_PACE = 2 * SECOND, MINUTE


def reach(rule: AlertRule) -> int:
    """How far back (ms) the rule's condition looks, without earlier weeks."""
    return rule.longer_than if isinstance(rule, Absence) else rule.within


def pace(rule: AlertRule) -> int:
    """How often (ms) to evaluate: a sixtieth of `reach`, from two seconds to a minute."""
    return min(max(reach(rule) // 60, SHORTEST_PACE), LONGEST_PACE)


def detect(
    rule: AlertRule,
    rows: Iterable[Row],
    *,
    start: int,
    now: int,
    known: int,
    oldest: int,
    standing: Mapping[Labels, Standing],
) -> list[Incident]:
    """The incidents of a rule from `start` to `now` (ms).

    Args:
        rule: The rule.
        rows: What `sql.points` gives for the span from `start` less `reach(rule)` to `now`, in any order.
        start: Incidents that began earlier only continue.
        now: The evaluation time.
        known: All events up to this time (ms, at most `now`) are stored: absences and ends are certain.
        oldest: The time of the oldest stored event.
        standing: Incidents of the rule that were open at `start`.
    """
    groups: dict[Labels, list[Row]] = defaultdict(list)
    for labels, *row in rows:
        groups[tuple(labels)].append(row)
    if isinstance(rule, Absence):
        for labels, incident in standing.items():
            if incident.resolved_at is None or incident.resolved_at > start:
                # Its last event may be older than the queried span.
                groups[labels].append(
                    (incident.opened_at - rule.longer_than, incident.opened_at - rule.longer_than)
                )
    until = known if isinstance(rule, Absence) else now
    found = {labels: _intervals(rule, group, start, until, oldest) for labels, group in groups.items()}
    return incidents(rule.id, found, cooldown=rule.cooldown, start=start, known=known, standing=standing)


def rows_of(rows: Iterable[Row], labels: Labels, after: int, until: int) -> list[Row]:
    """The `rows` with these labels, after `after` and up to `until` (ms), in order."""
    matching = (row for row in rows if tuple(row[0]) == labels and after < row[1] <= until)
    return sorted(matching, key=tuple)


def _intervals(rule: AlertRule, rows: list[Row], start: int, now: int, oldest: int) -> list[Interval]:
    steps: Iterator[Step]
    if isinstance(rule, Absence):
        steps = gaps(((first, last) for first, last in rows), rule.longer_than, rule.forget)
    elif isinstance(rule, Change):
        steps = rises(
            ((at, number) for at, number in rows),
            rule.within,
            times=rule.times,
            at_least=rule.at_least,
            weeks=rule.weeks,
            oldest=oldest,
        )
    else:
        steps = crowds(((at, customer) for at, customer in rows), rule.within, rule.customers)
    return intervals(steps, start, now)
