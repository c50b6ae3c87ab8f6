"""The fold: the signals of one customer are a function of that customer's events, the rules and `now`.

An event in order costs only the rules that name its type. An event out of order needs a new fold of all
the customer's events; the caller stores them and decides when. For the rules of the second layer, each
call of `findings` merges the signals of the first layer with the events; at equal times, events come
first. Signals are few, and this also orders those that opened before the latest event (deadlines).
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from touchline.friction.kinds import STARTS, Opening, State, Terms
from touchline.friction.layer import Layer, Mode, States
from touchline.friction.projection import fields_of_events, fields_of_frictions, projected, projector
from touchline.friction.signals import FrictionEvent, FrictionName, Signal
from touchline.rules.reach import reaches
from touchline.rules.rule import ExpectRule, Rule
from touchline.vocabulary.event import Event
from touchline.vocabulary.order import PHASES, Phases, own_phases


class Findings(NamedTuple):
    """A customer's signals, ordered by (opened_at, id), and the next pending deadline (ms)."""

    signals: list[Signal]
    due_at: int | None


_NOTHING: Final = Findings([], None)
"""The findings of a customer without states. Do not modify; this holds for all findings."""


class RuleSet:
    """Compiled rules, shared by all customers, and the phases by which events are in order.

    Args:
        rules: The rules.
        phases: Of the event types; those of a tracking plan differ from the vocabulary's.
    """

    def __init__(self, rules: Iterable[Rule], phases: Phases = PHASES) -> None:
        self.rules = tuple(rules)
        self.phases = phases
        above = [rule for rule in self.rules if rule.second_layer]
        self.second = Layer(above, None, None)
        self.friction_fields, self.event_fields = fields_of_frictions(above), fields_of_events(above)
        first = (rule for rule in self.rules if not rule.second_layer)
        self.first = Layer(first, projector(self.friction_fields), self.second)
        self.has_second_layer = bool(above)
        # In the second layer, too, any event of a key advances the time of its obligations.
        self.times_above = any(isinstance(rule, ExpectRule) and rule.key for rule in above)

    @property
    def fingerprint(self) -> str:
        """Equal for rule sets that find the same signals with the same weights and texts."""
        versions = sorted(f"{rule.id}={rule.version}" for rule in self.rules)
        versions += [f"phase of {name}={phase}" for name, phase in own_phases(self.phases).items()]
        return hashlib.sha256("\n".join(versions).encode()).hexdigest()[:16]

    @property
    def reaches(self) -> Mapping[str, int]:
        """How far (ms) each rule looks back from a friction, by id."""
        return reaches(self.rules)

    def findings(self, events: Sequence[Event], now: int) -> Findings:
        """The findings for one customer's `events`, in order, at the evaluation time `now` (ms)."""
        fold = FrictionFold()
        fold.advance(events, self)
        return fold.findings(self, now)


class _PackedWithEvents:
    """A packed fold that has more than its states; few have."""

    __slots__ = ("above", "states", "whole")

    def __init__(self, states: tuple[Any, ...], above: list[Event] | None, whole: bool) -> None:
        self.states, self.above, self.whole = states, above, whole


Packed = tuple[Any, ...] | _PackedWithEvents
"""A fold between two events in compact form: a worker caches very many."""


class FrictionFold:
    """The state of all rules for one customer.

    Pass the same rules to every call.

    Args:
        whole: Keep everything that exact findings need. Otherwise save memory and time by two omissions,
            and report through `needs_whole_fold` when they may matter: an event that can only end
            something in the second layer is kept only if a signal opened before it, and in the first
            layer, events that a rule does not name do not advance the time of its keys.
    """

    __slots__ = ("_above", "_states", "_time", "_whole")

    def __init__(self, whole: bool = True) -> None:
        # A dictionary while events are processed; flattened into (key values, state, key values, state, …)
        # afterwards: for the few states of most customers, a fifth of the dictionary's size.
        self._states: States | tuple[Any, ...] = ()
        self._above: list[Event] | None = None  # events for the second layer
        self._time = 0
        self._whole = whole

    def advance(self, events: Sequence[Event], rules: RuleSet) -> None:
        """Process the next events: in order, and none before an event processed earlier."""
        if not events:
            return
        states = self._states
        if not isinstance(states, dict):
            states = self._states = _unflattened(states)
        mode = Mode.TIMED if self._whole else Mode.UNTIMED
        first = rules.first
        groups, times_above = first.groups(mode), rules.times_above
        for event in events:
            above = first.process(states, event, mode, groups)
            if times_above or (above and (above & STARTS or self._whole or _any_opened(states, event.time))):
                if self._above is None:
                    self._above = []
                self._above.append(projected(event, rules.event_fields))
        self._time = events[-1].time

    def _all_states(self) -> list[State]:
        states = self._states
        return list(states.values() if isinstance(states, dict) else states[1::2])

    def needs_whole_fold(self, now: int) -> bool:
        """Whether the omissions of a fold that is not `whole` may change the findings at `now` (ms).

        They may if a deadline lies between `now` and the latest event, which may be of the same key.
        """
        if self._whole:
            return False
        for state in self._all_states():
            terms = state.terms
            if terms.keyed and terms.has_deadlines:
                due = state.deadline()
                if due is not None and now < due < self._time:
                    return True
        return False

    def findings(self, rules: RuleSet, now: int) -> Findings:
        """The findings at the evaluation time `now` (ms)."""
        if not self._states and self._above is None:
            return _NOTHING
        # Events advance time, whatever `now` is. States with a key have seen the times of their key's
        # events; states without a key get the time of the latest event here.
        latest = max(now, self._time - 1)
        found: list[tuple[Signal, Opening]] = []
        pending: list[int] = []
        for state in self._all_states():
            terms = state.terms
            at = now if terms.keyed else latest
            found += [(_signal(terms, opening), opening) for opening in state.openings(at)]
            if terms.has_deadlines and (due := state.deadline()) is not None and due > at:
                pending.append(due)
        signals = _in_order(found)
        if rules.has_second_layer and (found or self._above):
            # Both lists are sorted by time; at equal times, events come before signals.
            merged = [
                *(self._above or ()),
                *(_friction_event(signal, opening, rules) for signal, opening in found),
            ]
            merged.sort(key=_second_layer_order)
            above: States = {}
            second = rules.second
            for event in merged:
                mode = Mode.FRICTION if isinstance(event, FrictionEvent) else Mode.TIMED
                second.process(above, event, mode, second.groups(mode))
            for state in above.values():
                at = now if state.terms.keyed else latest
                found += [(_signal(state.terms, opening), opening) for opening in state.openings(at)]
                if (due := state.deadline()) is not None and due > at:
                    pending.append(due)
            signals = _in_order(found)
        return Findings(signals, min(pending) if pending else None)

    def copy(self) -> "FrictionFold":
        """An independent copy."""
        states = self._states
        settled = states if not isinstance(states, dict) else _flattened(states.items())
        copied = FrictionFold(self._whole)
        copied._states = tuple([value.copy() if place % 2 else value for place, value in enumerate(settled)])
        copied._above = None if self._above is None else list(self._above)
        copied._time = self._time
        return copied

    def packed(self) -> Packed:
        """The compact form, without idle states; `unpacked` restores the fold."""
        states = self._states
        if isinstance(states, dict):
            time = self._time
            states = _flattened([pair for pair in states.items() if not pair[1].idle(time)])
        return (
            states
            if self._above is None and not self._whole
            else _PackedWithEvents(states, self._above, self._whole)
        )


def unpacked(packed: Packed, time: int) -> FrictionFold:
    """The fold of `FrictionFold.packed`; `time` (ms) is that of the latest event processed."""
    if isinstance(packed, tuple):
        fold = FrictionFold(whole=False)
        fold._states = packed
    else:
        fold = FrictionFold(packed.whole)
        fold._states, fold._above = packed.states, packed.above
    fold._time = time
    return fold


def _flattened(states: Iterable[tuple[Any, State]]) -> tuple[Any, ...]:
    flat: list[Any] = []
    for at, state in states:
        flat += (at[1] if state.terms.keyed else None, state)
    return tuple(flat)


def _unflattened(settled: tuple[Any, ...]) -> States:
    states: States = {}
    for place in range(0, len(settled), 2):
        values, state = settled[place], settled[place + 1]
        slot = state.terms.slot
        states[slot if values is None else (slot, values)] = state
    return states


def _any_opened(states: States, time: int) -> bool:
    """Whether a signal opened before `time` (ms)."""
    for state in states.values():
        for opening in state.openings(time - 1):
            if opening.opened_at < time:
                return True
    return False


def _signal(terms: Terms, opening: Opening) -> Signal:
    rule, anchor = terms.rule, opening.anchor
    return Signal(
        rule=rule.id,
        rule_version=terms.version,
        anchor=_id(anchor.id),
        channel=anchor.channel,
        source=anchor.source,
        opened_at=opening.opened_at,
        resolved_at=opening.resolved_at,
        evidence=tuple([_id(event_id) for event_id in opening.evidence])
        if terms.second_layer
        else opening.evidence,
        weight=rule.weight,
        factor=rule.factor,
    )


def _id(event_id: str) -> str:
    return str(event_id.friction_id) if isinstance(event_id, FrictionName) else event_id


def _friction_event(signal: Signal, opening: Opening, rules: RuleSet) -> FrictionEvent:
    """The signal as an event for the second layer."""
    projection = opening.anchor.projection
    return FrictionEvent(
        id=str(signal.id) if rules.friction_fields.ids else FrictionName(f"{signal.rule}:{signal.anchor}"),
        type=f"friction.{signal.rule}",
        time=signal.opened_at,
        channel=signal.channel,
        source=signal.source,
        identifiers=projection.identifiers if projection else (),
        data=projection.data if projection else {},
    )


def _in_order(found: list[tuple[Signal, Opening]]) -> list[Signal]:
    """Sort by (opened_at, id); ids are derived only if two signals opened at the same time."""
    if len(found) > 1:
        found.sort(key=_opened_at)
        times = [signal.opened_at for signal, _ in found]
        if len(set(times)) < len(times):
            found.sort(key=_by_opening)
    return [signal for signal, _ in found]


def _opened_at(found: tuple[Signal, Opening]) -> int:
    return found[0].opened_at


def _by_opening(found: tuple[Signal, Opening]) -> tuple[int, UUID]:
    return found[0].opened_at, found[0].id


def _second_layer_order(event: Event) -> tuple[int, bool]:
    return event.time, isinstance(event, FrictionEvent)
