"""Makes the digest of a week from a store."""

from dataclasses import dataclass
from typing import Final

from touchline.analysis.compare import Comparison, Row, compare
from touchline.analysis.periods import CannotCompare, Extent, Period, Periods, check_covered
from touchline.analysis.reading.comparison import read_counts as read_journeys
from touchline.config.settings import Settings
from touchline.friction import RuleSet
from touchline.measures import Ask
from touchline.reports.audit.caveats import read_caveats
from touchline.reports.audit.reading import Costs
from touchline.reports.labels import owner_of, title_of
from touchline.reports.weekly.digest import Costly, Digest, Mover
from touchline.reports.weekly.loops import read_loops
from touchline.reports.weekly.reading import read_changed_measures, read_counts, read_days, read_goals
from touchline.reports.weekly.verbatims import choose, read_said
from touchline.reports.weekly.weeks import Week, week_at
from touchline.services.reporting.insight import computed_costs, distinguishing, terms_of
from touchline.vocabulary.durations import WEEK

COSTS_OVER: Final = 4 * WEEK
"""Losses are those of so long a time (ms) up to the end of the week: one week has too few."""

COSTLY: Final = 3
EXPLAINED: Final = 3
"""Rules that are explained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Digested:
    """What to digest.

    Attributes:
        week: The week.
        oldest, end: When the data begin and end, ms since 1970.
        zone: The time zone of texts.
        rules: The rules in force.
        goals: The team's goals, by name of the measure.
    """

    week: Week
    oldest: int
    end: int
    zone: str
    rules: RuleSet
    goals: dict[str, float]


def make_digest(ask: Ask, what: Digested, costs: Costs) -> Digest:
    """Digest a week; `costs` says what the frictions of `COSTS_OVER` up to its end cost."""
    week, before = what.week, week_at(what.week.before, what.zone)
    facts = {rule.id: rule for rule in what.rules.rules}
    explain = distinguishing(ask, week.until - COSTS_OVER, week.until, what.rules)
    counts = read_counts(ask, week, before)
    found, incomparable = _compared(ask, what, before)
    rows = [row for row in found.rows if row.verdict in ("rose", "fell")] if found else []
    rows.sort(key=lambda row: (row.verdict == "fell", row.p_adjusted, row.rule, row.channel, row.source))
    risen = {row.rule for row in [row for row in rows if row.verdict == "rose"][:EXPLAINED]}
    sums_up = {rule.id for rule in what.rules.rules if rule.second_layer}
    clear = {rule: cost for rule, cost in costs.by_rule.items() if cost.is_clear and rule not in sums_up}
    costly = sorted(clear, key=lambda rule: (-(clear[rule].value or 0), rule))[:COSTLY]
    said = read_said(ask, week.since, week.until)
    return Digest(
        week=week.name,
        since=week.since,
        until=week.until,
        end=what.end,
        zone=what.zone,
        frictions=counts.frictions,
        usual=counts.usual,
        affected=counts.affected,
        affected_before=counts.affected_before if before.since >= what.oldest else None,
        unresolved=counts.unresolved,
        caveats=read_caveats(ask, week.since, week.until, what.zone, what.rules.reaches, facts),
        incomparable=incomparable,
        compared=sum(not row.gap for row in found.rows) if found else 0,
        movers=tuple(
            _mover(row, what, explain(row.rule) if row.verdict == "rose" and row.rule in risen else ())
            for row in rows
        ),
        measures=() if incomparable else read_changed_measures(ask, week, before, what.end),
        currency=costs.currency,
        together=costs.together,
        costs_since=week.until - COSTS_OVER,
        costly=tuple(
            Costly(
                rule=rule,
                title=title_of(rule, facts),
                owner=owner_of(rule, facts),
                factor=facts[rule].factor if rule in facts else "",
                cost=costs.by_rule[rule],
                why=() if rule in risen else explain(rule)[:1],
            )
            for rule in costly
        ),
        loops=read_loops(ask, week.since, week.until, what.end),
        goals=read_goals(ask, week, before, what.goals, what.end),
        voices=choose(said, counts.by_rule, facts),
        days=read_days(ask, week, what.zone, facts),
    )


def digest_of(ask: Ask, settings: Settings, rules: RuleSet, week: Week, oldest: int, end: int) -> Digest:
    """The digest of a week, with the settings; the data begin at `oldest` and end at `end` (ms)."""
    costs = computed_costs(ask, terms_of(settings, week.until - COSTS_OVER, week.until), rules)
    what = Digested(week=week, oldest=oldest, end=end, zone=settings.zone, rules=rules, goals=settings.goals)
    return make_digest(ask, what, costs)


def _compared(ask: Ask, what: Digested, before: Week) -> tuple[Comparison | None, str]:
    """The week compared with the one before it; or why it cannot be."""
    week = what.week
    try:
        periods = Periods(Period(before.since, before.until), Period(week.since, week.until))
        extent = Extent(what.oldest, what.end, what.rules.reaches)
        check_covered(periods, extent, what.zone)
    except CannotCompare as error:
        return None, str(error)
    if before.since < what.oldest:
        return None, "the data begin within it"
    return compare(periods, read_journeys(ask, periods), extent), ""


def _mover(row: Row, what: Digested, why: tuple[str, ...]) -> Mover:
    facts = {rule.id: rule for rule in what.rules.rules}
    return Mover(
        channel=row.channel,
        source=row.source,
        rule=row.rule,
        title=title_of(row.rule, facts),
        before=row.rate_before,
        after=row.rate_after,
        low=row.ratio.low,
        high=row.ratio.high if row.ratio.high != float("inf") else None,
        owner=owner_of(row.rule, facts),
        factor=facts[row.rule].factor if row.rule in facts else "",
        why=why,
    )
