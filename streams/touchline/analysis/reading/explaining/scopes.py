"""Scopes: whom an explanation compares, for a rule, an incident or a point of a chart."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import orjson

from touchline.alerts import AlertRule, sql
from touchline.alerts.detection import reach
from touchline.alerts.rules import Loss, Watching
from touchline.analysis.reading.steps import seconds
from touchline.rules import Rule
from touchline.rules.reach import wait
from touchline.rules.steps import defining_fields, friction_steps, friction_types, step_types, trouble_types
from touchline.vocabulary.durations import DAY, HOUR, WEEK

LEAD: Final = HOUR
"""How long (ms) before a span events count as the step of a rule that has no duration: a visit."""

LONGEST_SPAN: Final = 2 * DAY
"""In a longer span, only those of one day are compared with each other."""


class Incident(Protocol):
    """What a scope needs of an incident; times in ms since 1970."""

    @property
    def labels(self) -> tuple[str, ...]: ...
    @property
    def opened_at(self) -> int: ...
    @property
    def resolved_at(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Scope:
    """Those affected, and those who took the same step at the same touchpoints. Times in ms since 1970.

    Attributes:
        affected: SQL for those affected: `customer`, `channel`, `source`, and `at` (ms).
        parameters: Its parameters.
        since, until: When steps count; the end is exclusive.
        window: How long after its step a customer counts as affected, ms.
        apart: Only steps of the same stretch of this length (ms) are compared; one counts per stretch.
        step: Types of events that are the step, or patterns such as `contact.*`; if none, it is found.
        place: A field of `data` that belongs to the step, and its value as JSON; '' if none does.
        is_found: Whether the step was found from what the affected passed.
        met: Frictions that are the step instead of events, such as `friction.*`.
        rules: The rules themselves, whose frictions are no step.
        own: Types of the events that are the friction itself: no attribute is read of these.
        troubles: Types of events that are a friction themselves: none of these is found as the step.
        earlier: How much earlier (ms) steps may begin if too few others took one.
        left_out: Fields that define the friction: that these go with it says nothing.
    """

    affected: str
    parameters: Mapping[str, str]
    since: int
    until: int
    window: int
    apart: int
    step: Sequence[str] = ()
    place: tuple[str, str] = ("", "")
    is_found: bool = False
    met: Sequence[str] = ()
    rules: Sequence[str] = ()
    own: Sequence[str] = ()
    troubles: Sequence[str] = ()
    earlier: int = 0
    left_out: Collection[str] = field(default_factory=frozenset)

    def begun_earlier(self) -> "Scope":
        """The scope with steps of `earlier` as well, which are compared with the others."""
        return replace(
            self,
            since=self.since - self.earlier,
            window=self.window + self.earlier,
            apart=self.apart + self.earlier,
            earlier=0,
        )


_OF_RULE = """
SELECT customer, channel, source, toUnixTimestamp64Milli(opened_at) AS at FROM current_frictions
WHERE rule = {rule:String} AND opened_at >= {since:DateTime64(3)} AND opened_at < {until:DateTime64(3)}
"""


def of_rule(rule_id: str, in_force: Mapping[str, Rule], since: int, until: int) -> Scope:
    """Those who met a rule between two times; the rule itself may no longer be in force."""
    rules = [in_force[rule_id]] if rule_id in in_force else []
    return Scope(
        affected=_OF_RULE,
        parameters={"rule": rule_id, "since": seconds(since), "until": seconds(until)},
        since=since,
        until=until,
        window=DAY + max(map(wait, rules), default=0),
        apart=WEEK,
        step=_steps(rules),
        met=_met(rules),
        rules=[rule.id for rule in rules],
        own=_own(rules),
        troubles=trouble_types(in_force.values()),
        left_out=_defining(rules),
    )


def of_incident(rule: AlertRule, incident: Incident, in_force: Mapping[str, Rule], until: int) -> Scope:
    """Those who met an incident's condition, from where it begins to count to its end, or `until`.

    Args:
        rule: Its alert rule, which watches frictions, events or strikes.
        incident: The incident.
        in_force: The friction rules in force, by id.
        until: Now, ms since 1970: the end of an incident that fires.
    """
    end = until if incident.resolved_at is None else incident.resolved_at
    labels = dict(label.split("=", 1) for label in incident.labels)
    watched = rule.frictions if isinstance(rule, Watching | Loss) else ("*",)
    names = (labels["rule"],) if "rule" in labels else watched
    found = [one for one in in_force.values() if one.id in names]
    events = rule.events if isinstance(rule, Watching) else ()
    scope = _in_span(
        f"SELECT customer, channel, source, at FROM ({sql.watched(rule)}) "  # noqa: S608
        f"WHERE {sql.LABELLED} AND customer != ''",
        {
            "lo": str(incident.opened_at - reach(rule)),
            "hi": str(end),
            # As a parameter of text, whose escapes the engine reads before JSON's.
            "labels": orjson.dumps(incident.labels).decode().replace("\\", "\\\\"),
        },
        (incident.opened_at - reach(rule), end + 1),
        found,
        events,
        {*labels, *rule.where, *rule.without},
    )
    return _with_troubles(scope, in_force)


def of_point(
    frictions: str,
    parameters: Mapping[str, str],
    between: tuple[int, int],
    shown: Collection[str],
    in_force: Mapping[str, Rule],
    left_out: Collection[str],
) -> Scope:
    """Those whose frictions are a point of a chart.

    Args:
        frictions: SQL for these frictions: `customer`, `channel`, `source`, `opened_at`.
        parameters: Its parameters.
        between: The begin and the end (exclusive) of the point.
        shown: The ids of the rules that the point shows; none for all.
        in_force: The friction rules in force, by id.
        left_out: Fields that the point or its filters name.
    """
    affected = (
        "SELECT customer, channel, source, toUnixTimestamp64Milli(opened_at) AS at "  # noqa: S608
        f"FROM ({frictions}) WHERE at >= {{lo:Int64}} AND at < {{hi:Int64}}"
    )
    bounds = {"lo": str(between[0]), "hi": str(between[1])}
    rules = [in_force[name] for name in shown if name in in_force]
    scope = _in_span(affected, {**parameters, **bounds}, between, rules, (), left_out)
    return _with_troubles(scope, in_force)


def _in_span(
    affected: str,
    parameters: Mapping[str, str],
    between: tuple[int, int],
    rules: Sequence[Rule],
    own: Sequence[str],
    left_out: Collection[str],
) -> Scope:
    """A scope of a short span: steps count from before it, by the time that the rules wait."""
    since = between[0] - max([LEAD, *(min(DAY, wait(rule)) for rule in rules)])
    length = between[1] - since
    return Scope(
        affected=affected,
        parameters=parameters,
        since=since,
        until=between[1],
        window=length,
        apart=DAY if length > LONGEST_SPAN else length,
        step=_steps(rules),
        met=_met(rules),
        rules=[rule.id for rule in rules],
        own=[*own, *_own(rules)],
        earlier=DAY,
        left_out={*left_out, *_defining(rules)},
    )


def _with_troubles(scope: Scope, in_force: Mapping[str, Rule]) -> Scope:
    """The scope with the events that are frictions; if any friction counts, these are the friction itself."""
    troubles = trouble_types(in_force.values())
    any_friction = not (scope.rules or scope.own)
    return replace(scope, troubles=troubles, own=troubles if any_friction else scope.own)


def _steps(rules: Sequence[Rule]) -> Sequence[str]:
    """The types of the events that begin what the rules observe; none if any event of the touchpoint does."""
    types = [step_types(rule) for rule in rules]
    return [name for each in types for name in each] if all(types) else []


def _met(rules: Sequence[Rule]) -> Sequence[str]:
    """The frictions after which the rules wait; none if one of them begins with events."""
    frictions = [friction_steps(rule) for rule in rules]
    return [name for each in frictions for name in each] if all(frictions) else []


def _own(rules: Sequence[Rule]) -> list[str]:
    """The types of the events that are the friction itself."""
    names = (name for rule in rules for name in friction_types(rule))
    return [name for name in names if name != "*" and not name.startswith("friction.")]


def _defining(rules: Sequence[Rule]) -> set[str]:
    return {path for rule in rules for path in defining_fields(rule)}
