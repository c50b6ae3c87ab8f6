"""The fold: the signals of one customer are a function of that customer's events, the rules and `now`.

In order, an event costs the rules that name its type. Out of order there is no other way than a new
fold of the same steps; who keeps the events decides when. Signals of the first layer are merged in
after the events of their time, for the rules of the second, each time they are asked for: they are
few, and one that opened in the past (a deadline) is then in its place.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from touchline.friction.kinds import STARTS, Opening, State, Terms
from touchline.friction.layer import Heard, Layer, States
from touchline.friction.projection import read_of_events, read_of_frictions, telling, trimmed
from touchline.friction.signals import FrictionEvent, FrictionName, Signal
from touchline.rules.rule import ExpectRule, Rule
from touchline.vocabulary.event import Event

_END: Final = 2**62
"""After all times."""


class Findings(NamedTuple):
    """The signals of a customer, by (opened_at, id), and when the next obligation falls due (ms)."""

    signals: list[Signal]
    due_at: int | None


_NOTHING: Final = Findings([], None)
"""Of a customer whom no rule has met yet; not to be changed, as all findings."""


class RuleSet:
    """Rules made ready once, for all customers."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        above = [rule for rule in self.rules if rule.second_layer]
        self.second = Layer(above, None, None)
        self.of_frictions, self.of_events = read_of_frictions(above), read_of_events(above)
        first = (rule for rule in self.rules if not rule.second_layer)
        self.first = Layer(first, telling(self.of_frictions), self.second)
        self.above = bool(above)
        # Any event of a key tells an obligation of the second layer, too, that its time has passed.
        self.times_above = any(isinstance(rule, ExpectRule) and rule.key for rule in above)

    @property
    def fingerprint(self) -> str:
        """Equal for rules that find the same signals with the same weights and words."""
        versions = sorted(f"{rule.id}={rule.version}" for rule in self.rules)
        return hashlib.sha256("\n".join(versions).encode()).hexdigest()[:16]

    def findings(self, events: Sequence[Event], now: int) -> Findings:
        """The signals of one customer's `events`, which are in order, at the evaluation time `now` (ms)."""
        fold = FrictionFold()
        fold.advance(events, self)
        return fold.findings(self, now)


class _Rest:
    """What few packed folds have besides their states."""

    __slots__ = ("above", "states", "whole")

    def __init__(self, states: tuple[Any, ...], above: list[Event] | None, whole: bool) -> None:
        self.states, self.above, self.whole = states, above, whole


Packed = tuple[Any, ...] | _Rest
"""A fold between two events, in the least memory: a worker holds very many of them."""


class FrictionFold:
    """The rules on their way through one customer's events.

    The rules, which are the same for all customers and always the same for one, come with each call.

    Args:
        whole: Do all that the law asks. Otherwise do without what matters seldom, and say by `forgot`
            when it would have: an event that could only answer a signal is kept for the second
            layer only if a signal opened before it, and a key's states of the first are told no times
            of events that their rules do not name.
    """

    __slots__ = ("_above", "_states", "_time", "_whole")

    def __init__(self, whole: bool = True) -> None:
        # A dictionary while events come; then settled into values of the key, state, values of the key, …:
        # for the few that most customers have, a fifth of its size.
        self._states: States | tuple[Any, ...] = ()
        self._above: list[Event] | None = None  # events that the second layer hears
        self._time = 0
        self._whole = whole

    def advance(self, events: Sequence[Event], rules: RuleSet) -> None:
        """Take the next events, in order; none may come after one that it precedes."""
        if not events:
            return
        states = self._states
        if not isinstance(states, dict):
            states = self._states = _unsettled(states)
        how = Heard.TIMED if self._whole else Heard.UNTIMED
        first = rules.first
        groups, times_above = first.groups(how), rules.times_above
        for event in events:
            above = first.hear(states, event, how, groups)
            if times_above or (above and (above & STARTS or self._whole or _any_opened(states, event.time))):
                if self._above is None:
                    self._above = []
                self._above.append(trimmed(event, rules.of_events))
        self._time = events[-1].time

    def _all_states(self) -> list[State]:
        states = self._states
        return list(states.values() if isinstance(states, dict) else states[1::2])

    def forgot(self, rules: RuleSet, now: int) -> bool:
        """Whether what was done without may matter for the findings at `now` (ms).

        It may where a signal opened before the event that told of it, and where a deadline lies
        between `now` and the latest event, which may be of its key.
        """
        if self._whole:
            return False
        for state in self._all_states():
            terms = state.terms
            if terms.keyed and terms.obliges:
                due = state.deadline()
                if due is not None and now < due < self._time:
                    return True
            if rules.above and terms.names_times:
                for opening in state.openings(_END):
                    if opening.past:
                        return True
        return False

    def findings(self, rules: RuleSet, now: int) -> Findings:
        """The signals at the evaluation time `now` (ms)."""
        if not self._states and self._above is None:
            return _NOTHING
        # An event tells that the time before it has passed, whatever *now* is. States of a key were
        # told the times of their key's events; those of the customer are told here.
        latest = max(now, self._time - 1)
        found: list[tuple[Signal, Opening]] = []
        pending: list[int] = []
        for state in self._all_states():
            terms = state.terms
            at = now if terms.keyed else latest
            found += [(_signal(terms, opening), opening) for opening in state.openings(at)]
            if terms.obliges and (due := state.deadline()) is not None and due > at:
                pending.append(due)
        signals = _in_order(found)
        if rules.above and (found or self._above):
            # Each of the two is in order already: only those of one time have to be told apart.
            heard = [*(self._above or ()), *(_told(signal, opening, rules) for signal, opening in found)]
            heard.sort(key=_second_layer_order)
            above: States = {}
            second = rules.second
            for event in heard:
                how = Heard.FRICTION if isinstance(event, FrictionEvent) else Heard.TIMED
                second.hear(above, event, how, second.groups(how))
            for state in above.values():
                at = now if state.terms.keyed else latest
                found += [(_signal(state.terms, opening), opening) for opening in state.openings(at)]
                if (due := state.deadline()) is not None and due > at:
                    pending.append(due)
            signals = _in_order(found)
        return Findings(signals, min(pending) if pending else None)

    def copy(self) -> "FrictionFold":
        """A fold in the same state that goes its own way from here."""
        states = self._states
        settled = states if not isinstance(states, dict) else _settled(states.items())
        copied = FrictionFold(self._whole)
        copied._states = tuple([value.copy() if place % 2 else value for place, value in enumerate(settled)])
        copied._above = None if self._above is None else list(self._above)
        copied._time = self._time
        return copied

    def packed(self) -> Packed:
        """The fold without the states that are as if they were new; `unpacked` makes a fold of it again."""
        states = self._states
        if isinstance(states, dict):
            time = self._time
            states = _settled([pair for pair in states.items() if not pair[1].idle(time)])
        return states if self._above is None and not self._whole else _Rest(states, self._above, self._whole)


def unpacked(packed: Packed, time: int) -> FrictionFold:
    """A fold from `FrictionFold.packed`; `time` (ms) is that of the latest event taken."""
    if isinstance(packed, tuple):
        fold = FrictionFold(whole=False)
        fold._states = packed
    else:
        fold = FrictionFold(packed.whole)
        fold._states, fold._above = packed.states, packed.above
    fold._time = time
    return fold


def _settled(states: Iterable[tuple[Any, State]]) -> tuple[Any, ...]:
    flat: list[Any] = []
    for at, state in states:
        flat += (at[1] if state.terms.keyed else None, state)
    return tuple(flat)


def _unsettled(settled: tuple[Any, ...]) -> States:
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
        evidence=tuple([_id(one) for one in opening.evidence]) if terms.above else opening.evidence,
        weight=rule.weight,
        factor=rule.factor,
    )


def _id(one: str) -> str:
    return str(one.friction_id) if isinstance(one, FrictionName) else one


def _told(signal: Signal, opening: Opening, rules: RuleSet) -> FrictionEvent:
    """The signal as the second layer hears it."""
    told = opening.anchor.told
    return FrictionEvent(
        id=str(signal.id) if rules.of_frictions.ids else FrictionName(f"{signal.rule}:{signal.anchor}"),
        type=f"friction.{signal.rule}",
        time=signal.opened_at,
        channel=signal.channel,
        source=signal.source,
        identifiers=told.identifiers if told else (),
        data=told.data if told else {},
    )


def _in_order(found: list[tuple[Signal, Opening]]) -> list[Signal]:
    """Put them in order; an id is derived only where two opened at one time."""
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
