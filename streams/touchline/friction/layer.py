"""A layer of compiled rules, indexed by event type.

For each event, the rules that listen to its type are looked up, not searched. A rule without a state for
a customer costs that customer no memory.
"""

from collections.abc import Callable, Iterable
from enum import Enum, auto
from typing import Any

from touchline.friction.kinds import STARTS, Anchor, Projection, State
from touchline.friction.listeners import (
    Groups,
    Listener,
    Plan,
    Timed,
    compiled,
    grouped,
    slots_by_name,
    timed_rules,
)
from touchline.rules.conditions import identity
from touchline.rules.rule import Rule
from touchline.vocabulary.event import Event

_new = tuple.__new__  # skips the overhead of Anchor(…): nearly every event needs one

MOST_NAMES = 10_000
"""Bound of the cache of channel and source names, which keeps one copy of each."""

MOST_TYPES = 10_000
"""Bound of the cache of event types."""

States = dict[Any, State]
"""The states of one customer: rule slot, or (slot, key values) → state."""


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
        self.plans = [compiled(slot, rule) for slot, rule in enumerate(rules)]
        self._slots = slots_by_name(self.plans)
        self._timed_rules = timed_rules(self.plans)
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
            if len(by_type) >= MOST_TYPES:
                by_type.clear()
            groups = by_type[event.type] = self._grouped(event.type, mode)
        starts, _, _, _, above, timed, by_texts = groups
        if starts or states:
            if timed is not None and states:
                _advance_time(timed, states, event)
            self._process(groups, states, event)
            for read, by_text in by_texts:
                text = read(event)
                if type(text) is str and (further := by_text.get(text)) is not None:
                    self._process(further, states, event)
        return above

    def _process(self, groups: Groups, states: States, event: Event) -> None:
        _, customer, fields, others, _, _, _ = groups
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
        for plan in self._candidates(event_type):
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

    def _candidates(self, event_type: str) -> list[Plan]:
        """The plans with a selector that may include an event type, in order."""
        families = (event_type[: end + 1] for end, character in enumerate(event_type) if character == ".")
        names = ("*", event_type, *(f"{family}*" for family in families))
        slots = {slot for name in names for slot in self._slots.get(name, ())}
        return [self.plans[slot] for slot in sorted(slots)]

    def _grouped(self, event_type: str, mode: Mode) -> Groups:
        plans = self._candidates(event_type)
        above = 0 if self._above is None else self._above.type_bits(event_type)
        timed = None if mode is Mode.UNTIMED else self._timed_rules
        return grouped(plans, event_type, mode is Mode.FRICTION)._replace(above=above, timed=timed)


def _advance_time(timed: Timed, states: States, event: Event) -> None:
    """Advance the time of the states of the event's keys. The cost is that of the states, or of the rules."""
    if len(states) < len(timed.by_slot):
        for place, state in states.items():
            if type(place) is tuple:
                slot, values = place
                read = timed.by_slot.get(slot)
                if read is not None and read(event) == values:
                    state.on_time(event.time)
        return
    for read, slots in timed.by_key:
        values = read(event)
        if values is not None:
            for slot in slots:
                if (held := states.get((slot, values))) is not None:
                    held.on_time(event.time)
