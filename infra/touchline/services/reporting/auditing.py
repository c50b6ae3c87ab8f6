"""Makes an audit of a store, and compares it with an earlier one."""

from dataclasses import dataclass
from typing import Final

from touchline.analysis.compare import compare
from touchline.analysis.periods import Extent, Period, Periods
from touchline.analysis.reading.comparison import read_counts
from touchline.friction import RuleSet
from touchline.measures import Ask
from touchline.reports.audit.audit import Audit, Moved, Since
from touchline.reports.audit.reading import Costs, Scope, read_audit
from touchline.reports.labels import title_of
from touchline.services.reporting.insight import distinguishing
from touchline.vocabulary.durations import DAY

MOVED: Final = 10
"""Changes since the last audit that are said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """What to audit.

    Attributes:
        since, until: The span, ms since 1970; the end is exclusive.
        oldest, end: When the data begin and end.
        zone: The time zone of texts.
        rules: The rules in force.
        last: An earlier audit to compare with.
    """

    since: int
    until: int
    oldest: int
    end: int
    zone: str
    rules: RuleSet
    last: Audit | None = None


def make_audit(ask: Ask, what: Audited, costs: Costs) -> Audit:
    """Audit a span; `costs` says what the frictions of its rules cost."""
    facts = {rule.id: rule for rule in what.rules.rules}
    scope = Scope(
        since=what.since,
        until=what.until,
        end=what.end,
        zone=what.zone,
        rules=facts,
        sums_up={rule.id for rule in what.rules.rules if rule.second_layer},
        reaches=what.rules.reaches,
        costs=costs,
        distinguishes=distinguishing(ask, what.since, what.until, what.rules),
        changes=None if what.last is None else changes_since(ask, what, what.last),
    )
    return read_audit(ask, scope)


def changes_since(ask: Ask, what: Audited, last: Audit) -> Since:
    """What changed since an audit: the time since then, compared with the same time before it."""
    ranks = tuple((one.channel, one.source, rank) for rank, one in enumerate(last.weak, 1))
    length = min(what.until - last.until, what.until - what.since)
    if length < DAY:
        return Since(until=last.until, ranks=ranks, missing="less than a day has passed since that audit")
    if last.until - length < what.oldest:
        return Since(
            until=last.until,
            ranks=ranks,
            missing="the data do not reach so far before that audit as after it",
        )
    periods = Periods(Period(last.until - length, last.until), Period(last.until, last.until + length))
    extent = Extent(what.oldest, what.end, what.rules.reaches)
    found = compare(periods, read_counts(ask, periods), extent)
    titles = {rule.id: rule for rule in what.rules.rules}
    moved = tuple(
        Moved(
            channel=row.channel,
            source=row.source,
            title=title_of(row.rule, titles),
            before=row.rate_before,
            after=row.rate_after,
        )
        for row in found.rows
        if row.verdict in ("rose", "fell")
    )
    return Since(until=last.until, ranks=ranks, moved=moved[:MOVED], days=length / DAY)
