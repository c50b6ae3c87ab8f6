"""The four kinds of rule, each the state of one key and its steps (SEMANTICS §2).

A kind is fed, in order, the events of one customer and one key that one of its selectors takes.
Everything that decides whether a signal stands lives here; nothing here knows of stores or clocks.
"""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from touchline.friction.conditions import field, identity
from touchline.friction.deadlines import due
from touchline.friction.rules import ExpectRule, MatchRule, RepeatRule, SequenceRule
from touchline.friction.signals import Opening
from touchline.vocabulary.event import Event


class Walk(Protocol):
    """A rule on its way through the events of one key."""

    def on_event(self, event: Event, parts: frozenset[str]) -> None:
        """Take the next event; `parts` names the rule's selectors that it matches."""

    def deadline(self) -> int | None:
        """When a pending obligation would be missed, in ms; None where nothing is pending."""

    def openings(self, now: int) -> Iterable[Opening]:
        """What has been found, at the evaluation time `now`."""


class Match:
    """Every matching event is a signal."""

    def __init__(self, rule: MatchRule) -> None:
        self._found: list[Opening] = []

    def on_event(self, event: Event, parts: frozenset[str]) -> None:
        self._found.append(Opening(anchor=event, opened_at=event.time, evidence=[event.id]))

    def deadline(self) -> None:
        return None

    def openings(self, now: int) -> Iterable[Opening]:
        return self._found


class Expect:
    """At most one obligation, which ends kept, called off, or missed."""

    def __init__(self, rule: ExpectRule) -> None:
        self._restart = rule.restart
        self._due = due(rule)
        self._missed: list[Opening] = []
        self._answerable = False  # whether the last one missed may still be resolved
        self._pending: Opening | None = None  # `opened_at` is its deadline

    def on_event(self, event: Event, parts: frozenset[str]) -> None:
        if self._pending is not None and event.time > self._pending.opened_at:
            self._missed.append(self._pending)
            self._answerable, self._pending = True, None
        if "then" in parts:
            if self._answerable:
                self._missed[-1].resolved_at = event.time
            self._answerable, self._pending = False, None
        elif "unless" in parts:
            self._pending = None
        if "after" in parts and (self._pending is None or self._restart):
            self._oblige(event)

    def _oblige(self, event: Event) -> None:
        deadline = self._due(event)
        if deadline is None:
            return
        if self._pending is None:
            self._pending = Opening(anchor=event, opened_at=deadline, evidence=[event.id])
            self._answerable = False
        else:
            self._pending.opened_at = deadline
            self._pending.evidence.append(event.id)

    def deadline(self) -> int | None:
        return None if self._pending is None else self._pending.opened_at

    def openings(self, now: int) -> Iterable[Opening]:
        if self._pending is not None and self._pending.opened_at <= now:
            return [*self._missed, self._pending]
        return self._missed


class Repeat:
    """A burst: N in a window, for as long as the next one follows within the window's length."""

    def __init__(self, rule: RepeatRule) -> None:
        self._count = rule.count
        self._within = rule.within
        self._distinct = field(rule.distinct) if rule.distinct else None
        self._window: list[Event] = []
        self._burst: Opening | None = None
        self._last = 0
        self._found: list[Opening] = []

    def on_event(self, event: Event, parts: frozenset[str]) -> None:
        if self._burst is not None and event.time - self._last <= self._within:
            self._burst.evidence.append(event.id)
            self._last = event.time
            return
        if self._burst is not None:
            self._burst, self._window = None, []
        self._window = [one for one in self._window if event.time - one.time <= self._within]
        self._window.append(event)
        if self._size() >= self._count:
            self._burst = Opening(
                anchor=self._window[0],
                opened_at=event.time,
                evidence=[one.id for one in self._window],
            )
            self._last = event.time
            self._found.append(self._burst)

    def _size(self) -> int:
        if self._distinct is None:
            return len(self._window)
        values = map(self._distinct, self._window)
        return len({identity(value) for value in values if value is not None})

    def deadline(self) -> None:
        return None

    def openings(self, now: int) -> Iterable[Opening]:
        return self._found


class Sequence:
    """One event and then another; each is used once, and the latest first one is taken."""

    def __init__(self, rule: SequenceRule) -> None:
        self._within = rule.within
        self._waiting: list[Event] = []  # matched `first`, unused, no `without` since
        self._found: list[Opening] = []

    def on_event(self, event: Event, parts: frozenset[str]) -> None:
        used = False
        if "then" in parts and self._waiting and event.time - self._waiting[-1].time <= self._within:
            first, used = self._waiting.pop(), True
            self._found.append(Opening(anchor=first, opened_at=event.time, evidence=[first.id, event.id]))
        if "without" in parts:
            self._waiting.clear()
        if "first" in parts and not used:
            self._waiting.append(event)

    def deadline(self) -> None:
        return None

    def openings(self, now: int) -> Iterable[Opening]:
        return self._found


KINDS: dict[str, Callable[[Any], Walk]] = {
    "match": Match,
    "expect": Expect,
    "repeat": Repeat,
    "sequence": Sequence,
}
