"""Reads an audit from the store: who met what where, what they did next, and journeys that show it."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from touchline.reports.audit.audit import (
    FOLLOWED,
    Audit,
    Case,
    Cost,
    Hit,
    Next,
    Since,
    Weakness,
    portion,
    ranked,
)
from touchline.reports.audit.caveats import read_caveats
from touchline.reports.audit.walked import read_walked
from touchline.reports.labels import Rules, owner_of, title_of
from touchline.reports.queries import Ask, json_parameter, seconds, span_parameters
from touchline.vocabulary.identifiers import NOBODY_KINDS
from touchline.vocabulary.internal import IS_TOUCHPOINT

SHOWN: Final = 5
"""Touchpoints that an audit describes."""

CASES: Final = 3
"""Journeys that show what happens at a touchpoint: those with its worst friction, of different kinds."""

_MADE_BY_US: Final = (
    "campaign.delivered",
    "change.deployed",
    "delivery.completed",
    "delivery.scheduled",
    "feedback.answered",
    "followup.completed",
    "followup.scheduled",
    "mention.answered",
    "order.cancelled",
    "promise.broken",
    "promise.kept",
    "promise.made",
    "refund.issued",
    "staff.feedback_given",
)
"""Events that the company makes: that there is one does not say that the customer came back."""

_LEFT: Final = ("subscription.cancelled", "account.closed")

_SPAN = "opened_at >= {since:DateTime64(3)} AND opened_at < {until:DateTime64(3)}"
_PLACES = "JSONExtract({places:String}, 'Array(Tuple(String, String))')"
_WORST = "JSONExtract({worst:String}, 'Array(Tuple(String, String, String))')"
_TOTALS = f"""
SELECT uniqExact(customer), count() FROM current_frictions WHERE {_SPAN}
"""  # noqa: S608 - made of constants
_ACTIVE = f"""
SELECT channel, source, uniqExact(customer)
FROM (
    SELECT channel, source, customer
    FROM (
        SELECT DISTINCT channel, source, entity FROM events
        WHERE time >= {{since:DateTime64(3)}} AND time < {{until:DateTime64(3)}} AND {IS_TOUCHPOINT}
    ) AS seen
    INNER JOIN (SELECT entity, customer FROM current_identities) AS owners USING (entity)
)
GROUP BY GROUPING SETS ((channel, source), ())
"""  # noqa: S608 - made of constants
_AFFECTED = f"""
SELECT channel, source, uniqExact(customer), count(), sum(weight)
FROM current_frictions WHERE {_SPAN} GROUP BY channel, source
"""  # noqa: S608 - made of constants
_HITS = f"""
SELECT channel, source, rule, any(factor), count(), countIf(isNull(resolved_at)), uniqExact(customer),
       sum(weight)
FROM current_frictions WHERE {_SPAN} GROUP BY channel, source, rule
"""  # noqa: S608 - made of constants
_RULES = f"""
SELECT rule, uniqExact(customer) FROM current_frictions WHERE {_SPAN} GROUP BY rule
"""  # noqa: S608 - made of constants
_KNOWN = """
SELECT countIf(type IN ({left})), countIf(type = 'order.placed'), countIf(type = 'contact.started')
FROM events WHERE time < {{end:DateTime64(3)}}
""".format(left=", ".join(f"'{name}'" for name in _LEFT))
_WEEK_AFTER = "later.time > hit.at AND later.time <= hit.at + INTERVAL {followed:UInt32} SECOND"
_INBOUND = "later.type = 'contact.started' AND later.direction != 'outbound'"
_OURS = ", ".join(f"'{name}'" for name in _MADE_BY_US)
_OWN = (
    f"later.type NOT IN ({_OURS}) "
    "AND (NOT startsWith(later.type, 'contact.') OR later.type = 'contact.started')"
)
_NAMED = """
SELECT customer FROM current_identities WHERE splitByChar(':', entity)[1] NOT IN ({})
""".format(", ".join(f"'{kind}'" for kind in sorted(NOBODY_KINDS)))
_NEXT = f"""
SELECT channel, source, countIf(NOT is_named), countIf(is_named AND NOT is_over), countIf(over),
       countIf(over AND left), countIf(over AND NOT left AND ordered),
       countIf(over AND NOT left AND NOT ordered AND contacted),
       countIf(over AND NOT left AND NOT ordered AND NOT contacted AND returned)
FROM (
    SELECT hit.channel AS channel, hit.source AS source, hit.customer AS customer,
           any(hit.at) + INTERVAL {{followed:UInt32}} SECOND <= {{end:DateTime64(3)}} AS is_over,
           any(hit.customer IN ({_NAMED})) AS is_named, is_named AND is_over AS over,
           countIf({_WEEK_AFTER} AND later.type IN ({", ".join(f"'{name}'" for name in _LEFT)})) > 0 AS left,
           countIf({_WEEK_AFTER} AND later.type = 'order.placed') > 0 AS ordered,
           countIf({_WEEK_AFTER} AND {_INBOUND}) > 0 AS contacted,
           countIf({_WEEK_AFTER} AND {_OWN}) > 0 AS returned
    FROM (
        SELECT channel, source, customer, min(opened_at) AS at FROM current_frictions
        WHERE {_SPAN} AND (channel, source) IN {_PLACES} GROUP BY channel, source, customer
    ) AS hit
    LEFT JOIN (
        SELECT customer, time, type, direction
        FROM (
            SELECT entity, time, type, JSONExtractString(data, 'direction') AS direction FROM events
            WHERE time >= {{since:DateTime64(3)}} AND time < {{end:DateTime64(3)}} AND {IS_TOUCHPOINT}
        ) AS seen
        INNER JOIN (SELECT entity, customer FROM current_identities) AS owners USING (entity)
    ) AS later ON hit.customer = later.customer
    GROUP BY channel, source, customer
)
GROUP BY channel, source
"""  # noqa: S608 - made of constants
_CASES = f"""
SELECT channel, source, toString(customer), began, ended, path, events, strikes, grade, outcome, rules
FROM (
    SELECT channel, source, customer, journey, sum(weight) AS here, arraySort(groupUniqArray(rule)) AS rules,
           max((channel, source, rule) IN {_WORST}) AS shows
    FROM current_frictions WHERE {_SPAN} AND (channel, source) IN {_PLACES}
    GROUP BY channel, source, customer, journey
    ORDER BY channel, source, shows DESC, here DESC, journey
    LIMIT 1 BY channel, source, customer
) AS met
INNER JOIN (
    SELECT id AS journey, customer, toUnixTimestamp64Milli(start) AS began,
           toUnixTimestamp64Milli(last) AS ended, path, events, strikes, grade, outcome
    FROM current_journeys
) AS journeys USING (customer, journey)
ORDER BY channel, source, shows DESC,
         row_number() OVER (PARTITION BY channel, source, rules ORDER BY strikes DESC, ended DESC, customer),
         here DESC, strikes DESC, ended DESC, customer
LIMIT {{cases:UInt32}} BY channel, source
"""  # noqa: S608 - made of constants


UNKNOWN: Final = Cost(verdict="unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What frictions cost, by rule and all together, in a currency; why, where nothing is known."""

    by_rule: Mapping[str, Cost] = field(default_factory=dict)
    together: Cost = UNKNOWN
    currency: str = ""
    missing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What to audit, and with what.

    Attributes:
        since, until: The span, ms since 1970; the end is exclusive.
        end: When the data end.
        zone: The time zone of texts.
        rules: The rules in force, by id.
        sums_up: The rules that find frictions of frictions.
        reaches: How far (ms) each rule looks back, by id.
        costs: What frictions cost.
        distinguishes: Returns sentences on what those affected by a rule have in common.
        changes: What changed since the last audit.
    """

    since: int
    until: int
    end: int
    zone: str
    rules: Rules
    sums_up: Collection[str]
    reaches: Mapping[str, int]
    costs: Costs
    distinguishes: Callable[[str], tuple[str, ...]]
    changes: Since | None = None


def read_audit(ask: Ask, scope: Scope) -> Audit:
    """The audit of a span."""
    span = span_parameters(scope.since, scope.until)
    active = {(row[0], row[1]): row[2] for row in ask(_ACTIVE, span)}
    hits = _hits(ask, scope, span)
    weak = ranked(
        [
            Weakness(
                channel=channel,
                source=source,
                customers=max(affected, active.get((channel, source), 0)),
                affected=affected,
                frictions=frictions,
                strikes=strikes,
                hits=hits[channel, source],
            )
            for channel, source, affected, frictions, strikes in ask(_AFFECTED, span)
        ]
    )
    shown = weak[:SHOWN]
    named = [(one.channel, one.source) for one in shown]
    places = {**span, "end": seconds(scope.end), "places": json_parameter(named)}
    following = _next(ask, places) if shown else {}
    worst = [(one.channel, one.source, one.worst.rule) for one in shown]
    cases = _cases(ask, {**places, "worst": json_parameter(worst)}, scope.rules)
    [(affected, frictions)] = ask(_TOTALS, span)
    costs = scope.costs
    return Audit(
        since=scope.since,
        until=scope.until,
        end=scope.end,
        zone=scope.zone,
        customers=max(affected, active.get(("", ""), 0)),
        affected=affected,
        frictions=frictions,
        currency=costs.currency,
        together=costs.together,
        caveats=(
            *read_caveats(ask, scope.since, scope.until, scope.zone, scope.reaches, scope.rules),
            *filter(None, (costs.missing,)),
        ),
        weak=tuple(
            msgspec.structs.replace(
                one,
                next=following.get((one.channel, one.source)),
                cases=tuple(cases.get((one.channel, one.source), ())),
                distinguishes=scope.distinguishes(one.worst.rule),
            )
            for one in shown
        ),
        others=len(weak) - len(shown),
        changes=scope.changes,
        walked=read_walked(ask, scope.since, scope.until),
    )


def _hits(ask: Ask, scope: Scope, span: Mapping[str, str]) -> dict[tuple[str, str], tuple[Hit, ...]]:
    """What each rule found at each touchpoint, with its part of the rule's cost."""
    everywhere: dict[str, int] = {row[0]: row[1] for row in ask(_RULES, span)}
    hits: dict[tuple[str, str], list[Hit]] = defaultdict(list)
    for channel, source, rule, factor, frictions, unresolved, customers, strikes in ask(_HITS, span):
        cost = scope.costs.by_rule.get(rule)
        known = scope.rules.get(rule)
        hits[channel, source].append(
            Hit(
                rule=rule,
                title=title_of(rule, scope.rules),
                factor=known.factor if known else factor,
                owner=owner_of(rule, scope.rules),
                frictions=frictions,
                unresolved=unresolved,
                customers=customers,
                strikes=strikes,
                sums_up=rule in scope.sums_up,
                cost=cost and portion(cost, min(1.0, customers / everywhere[rule])),
            )
        )
    return {place: tuple(found) for place, found in hits.items()}


def _next(ask: Ask, places: Mapping[str, str]) -> dict[tuple[str, str], Next]:
    parameters = {**places, "followed": str(FOLLOWED // 1000)}
    [known] = ask(_KNOWN, {"end": places["end"]})
    following = {}
    for channel, source, unnamed, early, *counts in ask(_NEXT, parameters):
        customers, left, ordered, contacted, returned = counts
        following[channel, source] = Next(
            customers=customers,
            left=left if known[0] else None,
            ordered=ordered if known[1] else None,
            contacted=contacted if known[2] else None,
            returned=returned,
            unseen=customers - left - ordered - contacted - returned,
            early=early,
            unnamed=unnamed,
        )
    return following


def _cases(ask: Ask, places: Mapping[str, str], rules: Rules) -> dict[tuple[str, str], list[Case]]:
    cases: dict[tuple[str, str], list[Case]] = defaultdict(list)
    for row in ask(_CASES, {**places, "cases": str(CASES)}):
        channel, source, customer, start, last, path, events, strikes, grade, outcome, met = row
        cases[channel, source].append(
            Case(
                customer=customer,
                start=start,
                last=last,
                path=tuple(path),
                events=events,
                strikes=strikes,
                grade=grade,
                outcome=outcome,
                rules=tuple(title_of(rule, rules) for rule in met),
            )
        )
    return cases
