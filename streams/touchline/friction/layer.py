"""A layer of compiled rules, indexed by event type.

For each event, the rules that listen to its type are looked up, not searched. A rule without a state for
a customer costs that customer no memory.
"""

from collections.abc import Callable, Iterable
from enum import Enum, auto
from typing import Any, NamedTuple

from touchline.friction.kinds import BITS, STARTS, Anchor, Projection, State, Terms
from touchline.rules.conditions import Condition, condition, identity, key
from touchline.rules.rule import Rule, SelectorModel
from touchline.vocabulary.event import Event

_new = tuple.__new__  # skips the overhead of Anchor(…): nearly every event needs one

MOST_NAMES = 10_000
"""Bound of the cache of channel and source names, which keeps one copy of each."""

States = dict[Any, State]
"""The states of one customer: rule slot, or (slot, key values) → state."""


class Plan(NamedTuple):
    """A compiled rule with its selectors."""

    terms: Terms
    parts: tuple["Part", ...]


class Part(NamedTuple):
    """One selector of a rule. With `types` None, it matches every event and no signal."""

    bit: int
    types: tuple[str, ...] | None
    conditions: tuple[Condition, ...]

    def names(self, event_type: str, is_friction: bool) -> bool:
        """Whether the selector includes the event type; its conditions are checked per event."""
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
    """A rule that listens to an event type.

    `unconditional` has the bits of the selectors that match every event of the type; `conditional` has
    the others, with their conditions. `starts` is true if one of them can start something; if not, the
    listener needs an existing state.
    """

    slot: int
    terms: Terms
    starts: bool
    unconditional: int
    conditional: tuple[tuple[int, tuple[Condition, ...]], ...]


class Groups(NamedTuple):
    """The listeners to an event type, grouped by key, so that each key is read once per event.

    Attributes:
        starts: Whether any of them can start something.
        customer: Listeners without a key.
        fields: Name of a field of the data → the listeners with that key. Most keys are of this form.
        others: Reader of any other key → its listeners.
        above: Bits of the selectors of the layer above that include the type; 0 if none does.
    """

    starts: bool
    customer: tuple[Listener, ...]
    fields: tuple[tuple[str, tuple[Listener, ...]], ...]
    others: tuple[tuple[Callable[[Event], Any], tuple[Listener, ...]], ...]
    above: int


class Mode(Enum):
    """How a layer processes an event: advancing the time of all keys, or not, or as a signal."""

    TIMED = auto()
    UNTIMED = auto()
    FRICTION = auto()


class Layer:
    """The rules of one layer. `project` keeps what the layer `above` reads of an anchor."""

    def __init__(
        self, rules: Iterable[Rule], project: Callable[[Event], Projection] | None, above: "Layer | None"
    ) -> None:
        self.plans = [_plan(slot, rule) for slot, rule in enumerate(rules)]
        self._project = project
        self._above = above
        self._timed: dict[str, Groups] = {}
        self._untimed: dict[str, Groups] = {}
        self._frictions: dict[str, Groups] = {}
        self._names: dict[str, str] = {}

    def groups(self, mode: Mode) -> dict[str, Groups]:
        """Event type → its listeners, for the types processed so far."""
        match mode:
            case Mode.TIMED:
                return self._timed
            case Mode.UNTIMED:
                return self._untimed
            case Mode.FRICTION:
                return self._frictions

    def process(self, states: States, event: Event, mode: Mode, by_type: dict[str, Groups]) -> int:
        """Update a customer's `states` with an event.

        `by_type` is `groups(mode)`; get it once for many events. Returns the bits of the selectors of the
        layer above that include the event's type.
        """
        groups = by_type.get(event.type)
        if groups is None:
            groups = by_type[event.type] = self._grouped(event.type, mode)
        starts, customer, fields, others, above = groups
        if not (starts or states):
            return above
        anchor = self._offer(customer, states, event, None, None) if customer else None
        if fields:
            data = event.data
            for name, listeners in fields:
                value = data.get(name)
                if value is not None:
                    at = value if type(value) is str else identity(value)
                    anchor = self._offer(listeners, states, event, at, anchor)
        for read, listeners in others:
            at = read(event)
            if at is not None:
                anchor = self._offer(listeners, states, event, at, anchor)
        return above

    def _offer(
        self,
        listeners: tuple[Listener, ...],
        states: States,
        event: Event,
        values: Any,
        anchor: Anchor | None,
    ) -> Anchor | None:
        """Process the event in the states of one key; `values` is None for rules without a key."""
        for slot, terms, starts, mask, conditional in listeners:
            at = slot if values is None else (slot, values)
            state = states.get(at)
            if state is None and not starts:
                continue
            for bit, conditions in conditional:
                for holds in conditions:
                    if not holds(event):
                        break
                else:
                    mask |= bit
            if state is None:
                if not mask & STARTS:
                    continue
                state = states[at] = terms.new_state(terms)
            elif not mask:
                state.on_time(event.time)
                continue
            elif mask > STARTS and state.on_answer(event, mask):
                continue
            if mask & STARTS:
                if anchor is None:
                    anchor = self._anchor(event)
                state.on_start(event, anchor)
        return anchor

    def type_bits(self, event_type: str) -> int:
        """The bits of the layer's selectors that include an event type; 0 if none does."""
        bits = 0
        for plan in self.plans:
            for part in plan.parts:
                if part.names(event_type, False):
                    bits |= part.bit
        return bits

    def _anchor(self, event: Event) -> Anchor:
        # There are few channels and sources: keep one copy of each name for all events.
        names = self._names
        if len(names) > MOST_NAMES:
            names.clear()
        channel, source = event.channel, event.source
        return _new(
            Anchor,
            (
                event.id,
                event.time,
                names.setdefault(channel, channel),
                names.setdefault(source, source),
                self._project(event) if self._project else None,
            ),
        )

    def _grouped(self, event_type: str, mode: Mode) -> Groups:
        by_key: dict[tuple[str, ...], list[Listener]] = {}
        for plan in self.plans:
            if (listener := _listener(plan, event_type, mode)) is not None:
                by_key.setdefault(tuple(plan.terms.rule.key), []).append(listener)
        starts = any(listener.starts for listeners in by_key.values() for listener in listeners)
        customer = tuple(by_key.pop((), ()))
        fields = tuple(
            (paths[0].removeprefix("data."), tuple(by_key.pop(paths)))
            for paths in list(by_key)
            if len(paths) == 1 and paths[0].startswith("data.") and paths[0].count(".") == 1
        )
        others = tuple((key(paths), tuple(listeners)) for paths, listeners in by_key.items())
        above = 0 if self._above is None else self._above.type_bits(event_type)
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


def _listener(plan: Plan, event_type: str, mode: Mode) -> Listener | None:
    matching = [part for part in plan.parts if part.names(event_type, mode is Mode.FRICTION)]
    # Any event of a key advances the key's time. For rules without a key, the fold does so.
    timed = plan.terms.has_deadlines and plan.terms.keyed and mode is not Mode.UNTIMED
    if not matching and not timed:
        return None
    return Listener(
        plan.terms.slot,
        plan.terms,
        any(part.bit == STARTS for part in matching),
        sum(part.bit for part in matching if not part.conditions),
        tuple((part.bit, part.conditions) for part in matching if part.conditions),
    )
