"""SQL for the table that compares measures with the team's goals."""

from collections.abc import Mapping, Sequence

from touchline.measures import MEASURES, Measure
from touchline.panels.filters import all_chosen
from touchline.panels.sql import OBSERVED, together

HEADLINES = ("service_level", "abandonment", "average_wait", "first_contact_resolution", "csat", "recovered")
"""Measures that are shown if the team has set no goals."""

_FILTERS = {
    "source": "sources",
    "rule": "rules",
    "queue": "queues",
    "reason": "reasons",
    "team": "agent teams",
    "store": "stores",
}
"""Filters that some measures ignore, with all their values in words."""

_UNITS = {"share": " %", "seconds": " s", "points": " points", "strikes": " strike points", "of 7": " of 7"}


def goals_sql(goals: Mapping[str, float]) -> str:
    """SQL with one row for each measure that has a goal. Measures with one base are read in one query."""
    measures = [measure for measure in MEASURES if measure.name in (goals or HEADLINES)]
    parts = " UNION ALL\n".join(
        _of_one_base([measure for measure in measures if measure.base == base], goals)
        for base in dict.fromkeys(measure.base for measure in measures)
    )
    return f"""
SELECT title AS measure, concat(toString(round(row.value * scale, 1)), unit) AS value,
       concat(if(up > 0, 'at least ', 'at most '), toString(round(row.goal * scale, 1)), unit) AS goal,
       if(over = 0, 'exactly at goal',
          concat(toString(abs(round(over * scale, 1))), if(unit = ' %', ' percentage points', unit),
                 if(over > 0, ' over goal', ' under goal'))) AS distance,
       multiIf(isNull(over), '', up * over >= 0, 'met', 'missed') AS standing
FROM (SELECT *, value - goal AS over FROM ({parts}) WHERE isNotNull(value)) AS row
ORDER BY place
"""


def _of_one_base(measures: Sequence[Measure], goals: Mapping[str, float]) -> str:
    names = [measure.name for measure in measures]
    currency = ["currency"] if measures[0].unit == "currency" else []
    rows = ",\n    ".join(_row(measure, goals.get(measure.name)) for measure in measures)
    return (
        "SELECT row.1 AS place, row.2 AS title, row.3 AS unit, row.4 AS scale, row.5 AS up, row.6 AS value, "
        f"row.7 AS goal\nFROM ({together(names, *currency)})\nARRAY JOIN [{rows}] AS row"
    )


def _row(measure: Measure, goal: float | None) -> str:
    unit = f"'{_UNITS.get(measure.unit, ' ' + measure.unit)}'"
    if measure.unit == "currency":
        unit = "concat(' ', currency)"
    title = f"concat('{measure.title}', {_unfiltered(measure)})"
    return (
        f"({MEASURES.index(measure)}, {title}, {unit}, {100 if measure.unit == 'share' else 1}, "
        f"{1 if measure.higher_is_better else -1}, CAST(value_of_{measure.name}, 'Nullable(Float64)'), "
        f"CAST({'NULL' if goal is None else goal}, 'Nullable(Float64)'))"
    )


def _unfiltered(measure: Measure) -> str:
    """SQL for which chosen filters do not change the measure: ` (all sources)`, or an empty text."""
    ignored = [name for name in _FILTERS if f"${{{name}:" not in OBSERVED[measure.observed]]
    if not ignored:
        return "''"
    names = ", ".join(f"if({all_chosen(name)}, '', '{_FILTERS[name]}')" for name in ignored)
    listed = f"arrayStringConcat(arrayFilter(name -> name != '', [{names}]), ', ')"
    return f"if({' AND '.join(map(all_chosen, ignored))}, '', concat(' (all ', {listed}, ')'))"
