"""Detect a rule's incidents in the rows of its query."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from touchline.alerts.baseline.unusual import Counted, Terms, expected_false_alarms, unusual
from touchline.alerts.incidents import Incident, Labels, Standing, incidents
from touchline.alerts.intervals import Interval, Step, crowds, gaps, intervals, losses, means
from touchline.alerts.rules import (
    Absence,
    AlertRule,
    Loss,
    Measured,
    StrikeOut,
    Threshold,
    Unusual,
    Watching,
)
from touchline.alerts.sql import tick
from touchline.vocabulary.durations import MINUTE, SECOND

Row = Sequence[Any]

WHOLE_BUDGET = 1.0
"""False alarms a week of a rule that no file has given a share of its budget."""

SHORTEST_PACE, LONGEST_PACE = 2 * SECOND, MINUTE


def reach(rule: AlertRule) -> int:
    """How far back (ms) the rule's condition looks, without earlier weeks."""
    return rule.longer_than if isinstance(rule, Absence) else rule.within


def is_certain_later(rule: AlertRule) -> bool:
    """Whether events that still wait may show that the condition does not hold, and not only that it does."""
    return isinstance(rule, Absence | Measured) or (isinstance(rule, Unusual) and rule.direction == "fewer")


def pace(rule: AlertRule) -> int:
    """How often (ms) to evaluate: a sixtieth of `reach`, from two seconds to a minute."""
    return min(max(reach(rule) // 60, SHORTEST_PACE), LONGEST_PACE)


@dataclass(frozen=True, slots=True)
class DataBegin:
    """When the data begin: the time of the oldest stored event, and how far each friction rule looks back.

    Before the data go back that far, a rule finds fewer frictions: that is not what is usual. From `priced`
    on, the impact of frictions is known; None if it never was. All in ms.
    """

    oldest: int
    reaches: Mapping[str, int] = field(default_factory=dict)
    priced: int | None = None

    def of(self, rule: AlertRule, labels: Labels) -> int:
        """The time from which numbers with these labels are complete."""
        if not isinstance(rule, Watching | Loss) or not rule.frictions:
            return self.oldest
        named = [label.removeprefix("rule=") for label in labels if label.startswith("rule=")]
        reach = max((self.reaches.get(name, 0) for name in named or rule.frictions), default=0)
        begin = self.oldest + reach
        return max(begin, self.priced) if isinstance(rule, Loss) and self.priced is not None else begin


def detect(
    rule: AlertRule,
    rows: Iterable[Row],
    *,
    start: int,
    now: int,
    known: int,
    begin: DataBegin,
    standing: Mapping[Labels, Standing],
) -> list[Incident]:
    """The incidents of a rule from `start` to `now` (ms).

    Args:
        rule: The rule.
        rows: What `sql.points` gives for the span from `start` less `reach(rule)` to `now`, in any order.
        start: Incidents that began earlier only continue.
        now: The evaluation time.
        known: All events up to this time (ms, at most `now`) are stored: absences and ends are certain.
        begin: When the data begin.
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
    if isinstance(rule, Unusual):
        span = start, known if is_certain_later(rule) else now
        steps = unusual(series_of(rule, groups, begin), terms_of(rule), span)
        found = {labels: intervals(own, *span) for labels, own in steps.items()}
    else:
        until = known if is_certain_later(rule) else now
        found = {labels: _intervals(rule, group, start, until) for labels, group in groups.items()}
    return incidents(rule.id, found, cooldown=rule.cooldown, start=start, known=known, standing=standing)


def rows_of(rows: Iterable[Row], labels: Labels, after: int, until: int) -> list[Row]:
    """The `rows` with these labels, after `after` and up to `until` (ms), in order."""
    matching = (row for row in rows if tuple(row[0]) == labels and after < row[1] <= until)
    return sorted(matching, key=tuple)


def forecast(rule: Unusual, rows: Iterable[Row], span: tuple[int, int], begin: DataBegin) -> float | None:
    """How many incidents a week chance opens at most, from the rows of `sql.points` for a span (ms).

    None without a baseline.
    """
    groups: dict[Labels, list[Row]] = defaultdict(list)
    for labels, *row in rows:
        groups[tuple(labels)].append(row)
    return expected_false_alarms(series_of(rule, groups, begin), terms_of(rule), span)


def terms_of(rule: Unusual) -> Terms:
    """What the rule calls unusual."""
    return Terms(
        within=rule.within,
        tick=tick(rule),
        weeks=rule.weeks,
        times=rule.times,
        at_least=rule.at_least,
        fewer=rule.direction == "fewer",
        false_alarms=WHOLE_BUDGET if rule.false_alarms is None else rule.false_alarms,
    )


def series_of(
    rule: Unusual, groups: Mapping[Labels, Iterable[Row]], begin: DataBegin
) -> dict[Labels, Counted]:
    """The counts of each combination of labels, from rows (tick's end, number)."""
    return {
        labels: Counted([(at, number) for at, number in rows], begin.of(rule, labels))
        for labels, rows in groups.items()
    }


def _intervals(
    rule: Threshold | Measured | Absence | StrikeOut | Loss, rows: list[Row], start: int, now: int
) -> list[Interval]:
    steps: Iterator[Step]
    if isinstance(rule, Absence):
        steps = gaps(((first, last) for first, last in rows), rule.longer_than, rule.forget)
    elif isinstance(rule, Measured):
        below = rule.observations.higher_is_better
        steps = means(
            ((at, total, number) for at, total, number in rows),
            rule.within,
            rule.at_least,
            rule.worse_than,
            below=below,
        )
    elif isinstance(rule, Loss):
        amount = round(rule.amount * 1_000)
        steps = losses(((at, who, loss, currency) for at, who, loss, currency in rows), rule.within, amount)
    else:
        steps = crowds(((at, customer) for at, customer in rows), rule.within, rule.customers)
    return intervals(steps, start, now)
