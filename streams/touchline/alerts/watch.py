"""From the rows of a rule's query to its incidents: which spells each kind of rule computes."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from touchline.alerts.incidents import Incident, Labels, Standing, incidents
from touchline.alerts.rules import Absence, AlertRule, Change
from touchline.alerts.spells import Spell, Step, crowds, gaps, rises, spells
from touchline.vocabulary.durations import MINUTE, SECOND

Row = Sequence[Any]

SOONEST, SELDOMST = 2 * SECOND, MINUTE


def reach(rule: AlertRule) -> int:
    """How far (ms) before a time the rule's condition at that time looks, earlier weeks left out."""
    return rule.longer_than if isinstance(rule, Absence) else rule.within


def pace(rule: AlertRule) -> int:
    """How often (ms) to look: a sixtieth of how far the condition looks back, two seconds to a minute."""
    return min(max(reach(rule) // 60, SOONEST), SELDOMST)


def watch(
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
        start: What began before is only carried on.
        now: The evaluation time.
        known: Up to when all that came is stored, at most `now`: until then something may be absent or over.
        oldest: The time of the oldest event there is.
        standing: Incidents of the rule that stood at `start`.
    """
    groups: dict[Labels, list[Row]] = defaultdict(list)
    for labels, *row in rows:
        groups[tuple(labels)].append(row)
    if isinstance(rule, Absence):
        for labels, one in standing.items():
            if one.resolved_at is None or one.resolved_at > start:
                # Its last event may lie further back than what was asked for.
                groups[labels].append((one.opened_at - rule.longer_than, one.opened_at - rule.longer_than))
    until = known if isinstance(rule, Absence) else now
    found = {labels: _spells(rule, some, start, until, oldest) for labels, some in groups.items()}
    return incidents(rule.id, found, cooldown=rule.cooldown, start=start, known=known, standing=standing)


def rows_of(rows: Iterable[Row], labels: Labels, after: int, until: int) -> list[Row]:
    """Those of `rows` that have the labels, later than `after` and no later than `until` (ms), in order."""
    some = (row for row in rows if tuple(row[0]) == labels and after < row[1] <= until)
    return sorted(some, key=tuple)


def _spells(rule: AlertRule, rows: list[Row], start: int, now: int, oldest: int) -> list[Spell]:
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
    return spells(steps, start, now)
