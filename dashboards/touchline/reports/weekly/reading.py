"""Reads what counts, panels and measures say about a week."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from touchline.measures import MEASURES, Reading, Span, evaluate, format_distance, format_goal, format_value
from touchline.panels import BY_ID, expand
from touchline.reports.labels import Rules, title_of
from touchline.reports.queries import Ask, span_parameters
from touchline.reports.weekly.changes import changed_measures
from touchline.reports.weekly.digest import Day, Goal, MeasureMover
from touchline.reports.weekly.weeks import Week
from touchline.vocabulary.durations import DAY, WEEK

WEEKS_DRAWN: Final = 4
"""Weeks of the chart."""

RULES_DRAWN: Final = 6
"""Rules that the chart has apart."""

_UNRESOLVED = """
SELECT countIf(isNull(resolved_at)) FROM current_frictions
WHERE opened_at >= {since:DateTime64(3)} AND opened_at < {until:DateTime64(3)}
"""
_DAYS = """
SELECT toInt64(toUnixTimestamp(toStartOfDay(opened_at, {zone:String}))) * 1000 AS day, rule, count()
FROM current_frictions
WHERE opened_at >= {since:DateTime64(3)} AND opened_at < {until:DateTime64(3)}
GROUP BY day, rule ORDER BY day, rule
"""
_AFFECTED = """
SELECT rule, uniqExact(customer) FROM current_frictions
WHERE opened_at >= {since:DateTime64(3)} AND opened_at < {until:DateTime64(3)} GROUP BY rule
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of a week, as in `Digest`; `by_rule` has the customers affected."""

    frictions: int
    usual: float | None
    affected: float | None
    affected_before: float | None
    unresolved: int
    by_rule: Mapping[str, int]


def read_counts(ask: Ask, week: Week, before: Week) -> Counts:
    """Frictions and customers affected, by the panels of the dashboard."""
    [(frictions, usual)] = _panel(ask, "frictions", week)
    [(unresolved,)] = ask(_UNRESOLVED, _span(week))
    return Counts(
        frictions,
        usual,
        _first(_panel(ask, "customers_met", week)),
        _first(_panel(ask, "customers_met", before)),
        unresolved,
        {row[0]: row[1] for row in ask(_AFFECTED, _span(week))},
    )


def read_days(ask: Ask, week: Week, zone: str, rules: Rules) -> tuple[Day, ...]:
    """Frictions by day and rule; the rules that found fewest are added up."""
    drawn = span_parameters(week.until - WEEKS_DRAWN * WEEK, week.until)
    rows = ask(_DAYS, {**drawn, "zone": zone})
    totals: dict[str, int] = {}
    for _, rule, number in rows:
        totals[rule] = totals.get(rule, 0) + number
    apart = sorted(totals, key=lambda rule: (-totals[rule], rule))[:RULES_DRAWN]
    counts: dict[tuple[int, str], int] = {}
    for at, rule, number in rows:
        name = rule if rule in apart else ""
        counts[at, name] = counts.get((at, name), 0) + number
    order = [*apart, ""]
    return tuple(
        Day(at=at, rule=rule, title=title_of(rule, rules) if rule else "All others", number=number)
        for (at, rule), number in sorted(
            counts.items(), key=lambda item: (item[0][0], order.index(item[0][1]))
        )
    )


def read_goals(ask: Ask, week: Week, before: Week, goals: Mapping[str, float], end: int) -> tuple[Goal, ...]:
    """The measures that have a goal: missed ones first."""
    measures = [measure for measure in MEASURES if measure.name in goals]
    earlier = {
        (reading.measure.name, reading.unit): reading
        for reading in evaluate(ask, Span(before.since, before.until), goals, measures=measures, now=end)
    }
    readings = evaluate(ask, Span(week.since, week.until), goals, measures=measures, now=end)
    readings.sort(key=lambda reading: {False: 0, True: 1, None: 2}[reading.met])
    return tuple(
        Goal(
            title=reading.measure.title,
            value=_value(reading),
            before=_value(earlier.get((reading.measure.name, reading.unit))),
            goal=format_goal(
                goals[reading.measure.name],
                reading.unit,
                higher_is_better=reading.measure.higher_is_better,
            ),
            distance=format_distance(reading.value, reading.goal, reading.unit),
            met=reading.met,
        )
        for reading in readings
    )


def read_changed_measures(ask: Ask, week: Week, before: Week, end: int) -> tuple[MeasureMover, ...]:
    """The shares that clearly differ from the week before."""
    measures = [measure for measure in MEASURES if measure.unit == "share"]
    old, new = (
        evaluate(ask, Span(one.since, one.until), {}, measures=measures, now=end) for one in (before, week)
    )
    return changed_measures(old, new)


def _panel(ask: Ask, name: str, week: Week) -> Sequence[Sequence[Any]]:
    return ask(expand(BY_ID[name].sql, week.since, week.until - 1, DAY // 1000), {})


def _first(rows: Sequence[Sequence[Any]]) -> float | None:
    return rows[0][0] if rows else None


def _value(reading: Reading | None) -> str:
    if reading is None or reading.value is None:
        return "-"
    return format_value(reading.value, reading.unit) + ("" if reading.settled else " *")


def _span(week: Week) -> dict[str, str]:
    return span_parameters(week.since, week.until)
