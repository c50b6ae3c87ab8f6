"""Compares periods for the live page, as `touchline compare` does."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from touchline.friction import RuleSet
from touchline.live.comparison.comparer import ComparedPeriods, ComparedRow, KnownChange, Question
from touchline.vocabulary.names import touchpoint_name

if TYPE_CHECKING:
    from touchline.analysis.compare import Row

MAX_ROWS = 100

Ask = Callable[[str, Mapping[str, str]], Sequence[Sequence[Any]]]
"""Runs a query: SQL and its parameters as text → the rows."""

_CHANGES = """
SELECT JSONExtractString(data, 'change_id') AS change, argMax(JSONExtractString(data, 'title'), time),
       toUnixTimestamp64Milli(min(time)) AS at
FROM events WHERE type = 'change.deployed' GROUP BY change ORDER BY at DESC LIMIT 100
"""


class PeriodComparer:
    """Compares.

    Args:
        ask: Queries the store.
        rules: The rules in force.
        zone: The time zone of messages.
        now: Returns the time in ms since 1970.
    """

    def __init__(self, ask: Ask, rules: RuleSet, zone: str, now: Callable[[], int]) -> None:
        self._ask, self._rules, self._zone, self._now = ask, rules, zone, now

    def changes(self) -> list[KnownChange]:
        """The latest deployed changes, newest first."""
        return [
            KnownChange(str(change), str(title), int(at)) for change, title, at in self._ask(_CHANGES, {})
        ]

    def compare(self, question: Question) -> ComparedPeriods:
        """The answer to a complete question, as `Comparer.compare`."""
        # SciPy, which comparing needs, takes a second to load.
        from touchline.analysis.compare import compare
        from touchline.analysis.periods import CannotCompare, Extent, Period, Periods, around, check_covered
        from touchline.analysis.reading.comparison import find_change, read_counts
        from touchline.analysis.reading.extent import extent

        covered = extent(self._ask, self._now())
        if covered is None:
            raise CannotCompare("there are no events to compare: send or import some first")
        oldest, end = covered
        deployed = find_change(self._ask, question.change) if question.change else None
        if deployed is not None:
            periods = around(deployed.at, oldest, end)
        elif question.before and question.after:
            periods = Periods(Period(*question.before), Period(*question.after))
        else:
            raise CannotCompare("choose a change, or two periods")
        data = Extent(oldest, end, self._rules.reaches)
        check_covered(periods, data, self._zone)
        target, touchpoint = (deployed.rule, deployed.touchpoint) if deployed else ("", ("", ""))
        found = compare(periods, read_counts(self._ask, periods), data, target, touchpoint)
        titles = {rule.id: rule.title for rule in self._rules.rules if rule.title}
        return ComparedPeriods(
            title="" if deployed is None else deployed.title or deployed.id,
            before=(periods.before.since, periods.before.until),
            after=(periods.after.since, periods.after.until),
            rows=[_row(row, titles) for row in found.rows[:MAX_ROWS]],
            hidden=max(0, len(found.rows) - MAX_ROWS),
            nowhere=[touchpoint_name(*touchpoint) for touchpoint in found.elsewhere],
        )


def _row(row: "Row", titles: Mapping[str, str]) -> ComparedRow:
    counts = f"{row.before:,} of {row.journeys_before:,}, then {row.after:,} of {row.journeys_after:,}"
    return ComparedRow(
        sentence=replace(row, rule=titles.get(row.rule, row.rule)).sentence,
        detail=f"{counts}; {row.ratio.interval}.",
        verdict=row.verdict,
        rule=row.rule,
        targeted=row.targeted,
    )
