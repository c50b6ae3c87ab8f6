"""The fold: the signals of one customer are a function of that customer's events, the rules and `now`.

The events come in order; each goes to the rules that name its type, apart for each key. Signals of
the first layer are then merged in, after the events of their time, for the rules of the second.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from touchline.friction.conditions import Condition, condition, key
from touchline.friction.kinds import KINDS, Walk
from touchline.friction.rules import Rule, SelectorModel
from touchline.friction.signals import FrictionEvent, Signal, friction_event, signal
from touchline.vocabulary.event import Event

Key = Callable[[Event], tuple[Any, ...] | None]


class Findings(NamedTuple):
    """The signals of a customer, by (opened_at, id), and when the next obligation falls due (ms)."""

    signals: list[Signal]
    due_at: int | None


class Part(NamedTuple):
    """One selector of a rule, ready to be asked; `types` None takes every event, no signal."""

    name: str
    types: tuple[str, ...] | None
    conditions: tuple[Condition, ...]

    def names(self, event_type: str, is_friction: bool) -> bool:
        """Whether the selector names the type: the part of the question that a type decides."""
        if self.types is None:
            return not is_friction
        for name in self.types:
            if is_friction:
                if name in ("friction.*", event_type):
                    return True
            elif name.startswith("friction."):
                continue
            elif name in ("*", event_type) or (name.endswith(".*") and event_type.startswith(name[:-1])):
                return True
        return False


class Plan(NamedTuple):
    """A rule, ready to be walked."""

    rule: Rule
    version: str
    parts: tuple[Part, ...]
    key: Key | None


class Walking(NamedTuple):
    """A rule on its way, for one tuple of key values."""

    plan: Plan
    values: tuple[Any, ...]
    walk: Walk


class RuleSet:
    """Rules made ready once: which of them hear a type is looked up, not searched, for each event."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        plans = [_plan(rule) for rule in self.rules]
        self._first = _Layer(plan for plan in plans if not plan.rule.second_layer)
        self._second = _Layer(plan for plan in plans if plan.rule.second_layer)

    @property
    def fingerprint(self) -> str:
        """Equal for rules that find the same signals with the same weights and words."""
        versions = sorted(f"{rule.id}={rule.version}" for rule in self.rules)
        return hashlib.sha256("\n".join(versions).encode()).hexdigest()[:16]

    def findings(self, events: Sequence[Event], now: int) -> Findings:
        """The signals of one customer's `events`, which are in order, at the evaluation time `now` (ms)."""
        walked = self._first.walked(events)
        signals = _signals(walked, events, now)
        if self._second.plans:
            by_id = {event.id: event for event in events}
            merged = sorted(
                [*events, *(friction_event(one, by_id[one.anchor]) for one in signals)],
                key=_second_layer_order,
            )
            second = self._second.walked(merged)
            signals += _signals(second, merged, now)
            walked += second
        signals.sort(key=lambda one: (one.opened_at, one.id))
        pending = [due for one in walked if (due := one.walk.deadline()) is not None and due > now]
        return Findings(signals, min(pending, default=None))


class _Layer:
    """The rules of one layer, and for each type seen so far those that hear it."""

    def __init__(self, plans: Iterable[Plan]) -> None:
        self.plans = list(plans)
        self._hearing: dict[tuple[str, bool], list[tuple[Plan, list[Part]]]] = {}

    def walked(self, events: Iterable[Event]) -> list[Walking]:
        """Every rule and key that an event took part in, having walked all the events."""
        walking: dict[tuple[str, tuple[Any, ...]], Walking] = {}
        for event in events:
            for plan, parts in self._listeners(event):
                matched = frozenset(
                    part.name for part in parts if all(holds(event) for holds in part.conditions)
                )
                values = () if plan.key is None else plan.key(event)
                if not matched or values is None:
                    continue
                at = (plan.rule.id, values)
                one = walking.get(at)
                if one is None:
                    one = walking[at] = Walking(plan, values, KINDS[plan.rule.kind](plan.rule))
                one.walk.on_event(event, matched)
        return list(walking.values())

    def _listeners(self, event: Event) -> list[tuple[Plan, list[Part]]]:
        is_friction = isinstance(event, FrictionEvent)
        at = (event.type, is_friction)
        listeners = self._hearing.get(at)
        if listeners is None:
            heard = [
                (plan, [part for part in plan.parts if part.names(event.type, is_friction)])
                for plan in self.plans
            ]
            listeners = self._hearing[at] = [(plan, parts) for plan, parts in heard if parts]
        return listeners


def _plan(rule: Rule) -> Plan:
    parts = tuple(
        Part(
            name,
            tuple(selector.types) if selector.types is not None else None,
            tuple(condition(path, wanted) for path, wanted in selector.where.items()),
        )
        for name in type(rule).model_fields
        if isinstance(selector := getattr(rule, name), SelectorModel)
    )
    return Plan(rule, rule.version, parts, key(rule.key) if rule.key else None)


def _signals(walked: Iterable[Walking], events: Sequence[Event], now: int) -> list[Signal]:
    last = events[-1].time if events else now
    found = []
    for one in walked:
        at, due = now, one.walk.deadline()
        if due is not None and now < due < last and _passed(one, events, due):
            at = due
        found += [signal(one.plan.rule, one.plan.version, opening) for opening in one.walk.openings(at)]
    return found


def _passed(one: Walking, events: Sequence[Event], due: int) -> bool:
    """Whether any event of the key, whatever its type, came after the deadline: then it is missed."""
    key_of, values = one.plan.key, one.values
    return any(event.time > due and (key_of is None or key_of(event) == values) for event in events)


def _second_layer_order(event: Event) -> tuple[int, bool, str]:
    return event.time, isinstance(event, FrictionEvent), event.id
