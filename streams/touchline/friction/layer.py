"""A layer of rules, ready: for each type of event, the rules that hear it and what they ask.

Which rules hear a type is looked up, not searched, for each event; a rule that no event of a
customer has begun costs that customer nothing.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from touchline.friction.conditions import Condition, condition, identity, key
from touchline.friction.kinds import BITS, STARTS, ExpectTerms, Seen, State, Terms, Told, terms_of
from touchline.friction.rules import Rule, SelectorModel
from touchline.vocabulary.event import Event

_new = tuple.__new__  # as Seen(…) does, without its detour: nearly every event needs one

MOST_NAMES = 10_000
"""Channels and sources that are remembered, to be kept once each."""

States = dict[Any, State]
"""The states of one customer: slot of the rule, or (slot, values of its key) → state."""


class Plan(NamedTuple):
    """A rule, ready to be walked; `slot` is its place in the layer."""

    slot: int
    terms: Terms
    parts: tuple["Part", ...]


class Part(NamedTuple):
    """One selector of a rule; `types` None takes every event and no signal."""

    bit: int
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


class Listener(NamedTuple):
    """A rule that hears a type: bits of the selectors that take every such event, and those that ask."""

    slot: int
    begin: Callable[[], State]
    sure: int
    asking: tuple[tuple[int, tuple[Condition, ...]], ...]


class Groups(NamedTuple):
    """Those who hear a type, by what they are keyed by, which is read once for all of them.

    `customer` have no key. Nearly every key is one field of the data: these are found by the fields
    that an event has, in `fields`. `others` have their own readers.
    """

    customer: tuple[Listener, ...]
    fields: dict[str, tuple[Listener, ...]]
    others: tuple[tuple[Callable[[Event], Any], tuple[Listener, ...]], ...]


class Layer:
    """Rules of one layer. `told` keeps what the layer above asks of an anchor."""

    def __init__(self, rules: Iterable[Rule], told: Callable[[Event], Told] | None) -> None:
        self.plans = [_plan(slot, rule) for slot, rule in enumerate(rules)]
        self._told = told
        self._groups: dict[tuple[str, bool, bool], Groups] = {}
        self._names: dict[str, str] = {}

    def hear(self, states: States, event: Event, *, is_friction: bool = False, timed: bool = True) -> None:
        """Let the rules that hear the event take it, in the states of its customer.

        With `timed` the states of its keys learn its time, even where no rule names its type.
        """
        groups = self._groups.get((event.type, is_friction, timed))
        if groups is None:
            groups = self._prepare(event.type, is_friction, timed)
        customer, fields, others = groups
        seen = self._offer(customer, states, event, None, None) if customer else None
        if fields:
            for name, value in event.data.items():
                listeners = fields.get(name)
                if listeners is not None and value is not None:
                    at = value if type(value) is str else identity(value)
                    seen = self._offer(listeners, states, event, at, seen)
        for read, listeners in others:
            at = read(event)
            if at is not None:
                seen = self._offer(listeners, states, event, at, seen)

    def _offer(
        self, listeners: tuple[Listener, ...], states: States, event: Event, values: Any, seen: Seen | None
    ) -> Seen | None:
        """Offer the event to the states of one key; `values` None is the customer as a whole."""
        for slot, begin, mask, asking in listeners:
            for bit, conditions in asking:
                for holds in conditions:
                    if not holds(event):
                        break
                else:
                    mask |= bit
            at = slot if values is None else (slot, values)
            state = states.get(at)
            if state is None:
                if not mask & STARTS:
                    continue
                state = states[at] = begin()
            elif not mask:
                state.on_time(event.time)
                continue
            if seen is None:
                seen = self._seen(event)
            state.on_event(event, seen, mask)
        return seen

    def heard(self, event_type: str) -> int:
        """Bits of the layer's selectors that name the type of an event, 0 if none does."""
        bits = 0
        for plan in self.plans:
            for part in plan.parts:
                if part.names(event_type, False):
                    bits |= part.bit
        return bits

    def _seen(self, event: Event) -> Seen:
        # Few different channels and sources: each is kept once, however many events name it.
        names = self._names
        if len(names) > MOST_NAMES:
            names.clear()
        channel, source = event.channel, event.source
        return _new(
            Seen,
            (
                event.id,
                event.time,
                names.setdefault(channel, channel),
                names.setdefault(source, source),
                self._told(event) if self._told else None,
            ),
        )

    def _prepare(self, event_type: str, is_friction: bool, timed: bool) -> Groups:
        by_key: dict[tuple[str, ...], list[Listener]] = {}
        for plan in self.plans:
            if (listener := _listener(plan, event_type, is_friction, timed)) is not None:
                by_key.setdefault(tuple(plan.terms.rule.key), []).append(listener)
        customer = tuple(by_key.pop((), ()))
        fields = {
            paths[0].removeprefix("data."): tuple(by_key.pop(paths))
            for paths in list(by_key)
            if len(paths) == 1 and paths[0].startswith("data.") and paths[0].count(".") == 1
        }
        others = tuple((key(paths), tuple(listeners)) for paths, listeners in by_key.items())
        groups = self._groups[event_type, is_friction, timed] = Groups(customer, fields, others)
        return groups


def _plan(slot: int, rule: Rule) -> Plan:
    parts = tuple(
        Part(
            BITS[name],
            tuple(selector.types) if selector.types is not None else None,
            tuple(condition(path, wanted) for path, wanted in selector.where.items()),
        )
        for name in type(rule).model_fields
        if isinstance(selector := getattr(rule, name), SelectorModel)
    )
    return Plan(slot, terms_of(rule), parts)


def _listener(plan: Plan, event_type: str, is_friction: bool, timed: bool) -> Listener | None:
    named = [part for part in plan.parts if part.names(event_type, is_friction)]
    # Any event of a key tells that time has passed for it; for the customer as a whole the fold knows.
    if not named and not (timed and isinstance(plan.terms, ExpectTerms) and plan.terms.keyed):
        return None
    return Listener(
        plan.slot,
        plan.terms.begin,
        sum(part.bit for part in named if not part.conditions),
        tuple((part.bit, part.conditions) for part in named if part.conditions),
    )
