"""A layer of rules, ready: for each type of event, the rules that hear it and what they ask.

Which rules hear a type is looked up, not searched, for each event; a rule that no event of a
customer has begun costs that customer nothing.
"""

from collections.abc import Callable, Iterable
from enum import Enum, auto
from typing import Any, NamedTuple

from touchline.friction.kinds import BITS, STARTS, Seen, State, Terms, Told
from touchline.rules.conditions import Condition, condition, identity, key
from touchline.rules.rule import Rule, SelectorModel
from touchline.vocabulary.event import Event

_new = tuple.__new__  # as Seen(…) does, without its detour: nearly every event needs one

MOST_NAMES = 10_000
"""Channels and sources that are remembered, to be kept once each."""

States = dict[Any, State]
"""The states of one customer: slot of the rule, or (slot, values of its key) → state."""


class Plan(NamedTuple):
    """A rule, ready to be walked."""

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
    """A rule that hears a type: bits of the selectors that take every such event, and those that ask.

    `starts` says whether one of them can begin something: where no state is, no other matters.
    """

    slot: int
    terms: Terms
    starts: bool
    sure: int
    asking: tuple[tuple[int, tuple[Condition, ...]], ...]


class Groups(NamedTuple):
    """Those who hear a type, by what they are keyed by, which is read once for all of them.

    `customer` have no key. Nearly every key is one field of the data: these are found in `fields`, by its
    name. `others` have their own readers. `starts` as of any of them. `above` are bits of the selectors of
    the layer above that name the type, 0 if none does.
    """

    starts: bool
    customer: tuple[Listener, ...]
    fields: tuple[tuple[str, tuple[Listener, ...]], ...]
    others: tuple[tuple[Callable[[Event], Any], tuple[Listener, ...]], ...]
    above: int


class Heard(Enum):
    """How a layer hears an event: as one that tells all keys its time, or not, or as a signal."""

    TIMED = auto()
    UNTIMED = auto()
    FRICTION = auto()


class Layer:
    """Rules of one layer. `told` keeps what the layer `above` asks of an anchor."""

    def __init__(
        self, rules: Iterable[Rule], told: Callable[[Event], Told] | None, above: "Layer | None"
    ) -> None:
        self.plans = [_plan(slot, rule) for slot, rule in enumerate(rules)]
        self._told = told
        self._above = above
        self._timed: dict[str, Groups] = {}
        self._untimed: dict[str, Groups] = {}
        self._frictions: dict[str, Groups] = {}
        self._names: dict[str, str] = {}

    def groups(self, how: Heard) -> dict[str, Groups]:
        """Those who hear each type that was met so far."""
        match how:
            case Heard.TIMED:
                return self._timed
            case Heard.UNTIMED:
                return self._untimed
            case Heard.FRICTION:
                return self._frictions

    def hear(self, states: States, event: Event, how: Heard, known: dict[str, Groups]) -> int:
        """Let the rules that hear the event take it, in the states of its customer.

        `known` is `groups(how)`, which who has many events asks for once. Gives the bits of the selectors of
        the layer above that name the event's type.
        """
        groups = known.get(event.type)
        if groups is None:
            groups = known[event.type] = self._grouped(event.type, how)
        starts, customer, fields, others, above = groups
        if not (starts or states):
            return above
        seen = self._offer(customer, states, event, None, None) if customer else None
        if fields:
            data = event.data
            for name, listeners in fields:
                value = data.get(name)
                if value is not None:
                    at = value if type(value) is str else identity(value)
                    seen = self._offer(listeners, states, event, at, seen)
        for read, listeners in others:
            at = read(event)
            if at is not None:
                seen = self._offer(listeners, states, event, at, seen)
        return above

    def _offer(
        self, listeners: tuple[Listener, ...], states: States, event: Event, values: Any, seen: Seen | None
    ) -> Seen | None:
        """Offer the event to the states of one key; `values` None is the customer as a whole."""
        for slot, terms, starts, mask, asking in listeners:
            at = slot if values is None else (slot, values)
            state = states.get(at)
            if state is None and not starts:
                continue
            for bit, conditions in asking:
                for holds in conditions:
                    if not holds(event):
                        break
                else:
                    mask |= bit
            if state is None:
                if not mask & STARTS:
                    continue
                state = states[at] = terms.begin(terms)
            elif not mask:
                state.on_time(event.time)
                continue
            elif mask > STARTS and state.on_answer(event, mask):
                continue
            if mask & STARTS:
                if seen is None:
                    seen = self._seen(event)
                state.on_start(event, seen)
        return seen

    def named(self, event_type: str) -> int:
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

    def _grouped(self, event_type: str, how: Heard) -> Groups:
        by_key: dict[tuple[str, ...], list[Listener]] = {}
        for plan in self.plans:
            if (listener := _listener(plan, event_type, how)) is not None:
                by_key.setdefault(tuple(plan.terms.rule.key), []).append(listener)
        starts = any(listener.starts for listeners in by_key.values() for listener in listeners)
        customer = tuple(by_key.pop((), ()))
        fields = tuple(
            (paths[0].removeprefix("data."), tuple(by_key.pop(paths)))
            for paths in list(by_key)
            if len(paths) == 1 and paths[0].startswith("data.") and paths[0].count(".") == 1
        )
        others = tuple((key(paths), tuple(listeners)) for paths, listeners in by_key.items())
        above = 0 if self._above is None else self._above.named(event_type)
        return Groups(starts, customer, fields, others, above)


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
    return Plan(Terms(rule, slot), parts)


def _listener(plan: Plan, event_type: str, how: Heard) -> Listener | None:
    named = [part for part in plan.parts if part.names(event_type, how is Heard.FRICTION)]
    # Any event of a key tells that time has passed for it; for the customer as a whole the fold knows.
    told_times = plan.terms.obliges and plan.terms.keyed and how is not Heard.UNTIMED
    if not named and not told_times:
        return None
    return Listener(
        plan.terms.slot,
        plan.terms,
        any(part.bit == STARTS for part in named),
        sum(part.bit for part in named if not part.conditions),
        tuple((part.bit, part.conditions) for part in named if part.conditions),
    )
