"""The four kinds of rule, as state machines for one key of one customer (docs/semantics.md#friction).

A state receives, in order, the events of its key that a selector of its rule matches. These classes
alone decide whether a signal exists; they use no store and no clock. A state never keeps an event, only
the `Anchor` that a signal needs.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from touchline.friction.deadlines import due
from touchline.rules.conditions import field, identity
from touchline.rules.rule import ExpectRule, MatchRule, RepeatRule, Rule, SequenceRule
from touchline.vocabulary.event import Event

STARTS: Final = 1
"""The bit of a selector that can start a signal or an obligation: `when`, `after`, `of`, `first`."""

THEN: Final = 2
UNLESS: Final = 4
WITHOUT: Final = 4

BITS: Final[dict[str, int]] = {
    "when": STARTS,
    "after": STARTS,
    "of": STARTS,
    "first": STARTS,
    "then": THEN,
    "unless": UNLESS,
    "without": WITHOUT,
}
"""Selector → its bit in the mask of selectors that match an event."""


class Anchor(NamedTuple):
    """The fields kept of an event that may anchor a signal; `projection` is for the second layer."""

    id: str
    time: int
    channel: str
    source: str
    projection: "Projection | None"


class Projection(NamedTuple):
    """The fields of an anchor that conditions and keys of second-layer rules read."""

    identifiers: tuple[str, ...]
    data: dict[str, Any]


class Opening:
    """A mutable signal: it may still gain evidence (`more`: ids after the anchor's) or be resolved."""

    __slots__ = ("anchor", "more", "opened_at", "resolved_at")

    def __init__(self, anchor: Anchor, opened_at: int, more: list[str] | None = None) -> None:
        self.anchor = anchor
        self.opened_at = opened_at
        self.more = more
        self.resolved_at: int | None = None

    def add_evidence(self, event_id: str) -> None:
        """Add an event to the evidence."""
        if self.more is None:
            self.more = [event_id]
        else:
            self.more.append(event_id)

    def copy(self) -> "Opening":
        """An independent copy."""
        copied = Opening(self.anchor, self.opened_at, None if self.more is None else list(self.more))
        copied.resolved_at = self.resolved_at
        return copied

    @property
    def evidence(self) -> tuple[str, ...]:
        """Ids of the events that support the signal, in order."""
        return (self.anchor.id,) if self.more is None else (self.anchor.id, *self.more)


class State:
    """The state of one rule for one key. By default, a step that a kind does not need does nothing."""

    __slots__ = ("terms",)

    def __init__(self, terms: "Terms") -> None:
        self.terms = terms

    def on_answer(self, event: Event, mask: int) -> bool:
        """Process an event that may end something; true if it is used up and cannot start anything.

        `mask` has the bits of the selectors that match it.
        """
        return False

    def on_start(self, event: Event, anchor: Anchor) -> None:
        """Process an event that can start something."""
        raise NotImplementedError

    def on_time(self, time: int) -> None:
        """Note that the key has an event of any type at `time` (ms)."""

    def deadline(self) -> int | None:
        """The deadline of the pending obligation (ms); None if there is none."""
        return None

    def openings(self, now: int) -> list[Opening]:
        """The openings found at the evaluation time `now` (ms). Do not modify the list."""
        raise NotImplementedError

    def idle(self, time: int) -> bool:
        """Whether it has no openings and, for events from `time` (ms) on, behaves like a new state."""
        raise NotImplementedError

    def copy(self) -> "State":
        """An independent copy."""
        raise NotImplementedError


class Match(State):
    """Every matching event is a signal."""

    __slots__ = ("_found",)

    def __init__(self, terms: "Terms") -> None:
        super().__init__(terms)
        self._found: list[Opening] = []

    def on_start(self, event: Event, anchor: Anchor) -> None:
        self._found.append(Opening(anchor, anchor.time))

    def openings(self, now: int) -> list[Opening]:
        return self._found

    def idle(self, time: int) -> bool:
        return False

    def copy(self) -> "Match":
        copied = Match(self.terms)
        copied._found = list(self._found)
        return copied


class Expect(State):
    """At most one pending obligation, which is met, cancelled or missed."""

    __slots__ = ("_answerable", "_missed", "_pending")

    def __init__(self, terms: "Terms") -> None:
        super().__init__(terms)
        self._pending: Opening | None = None  # `opened_at` is its deadline
        self._missed: list[Opening] | None = None
        self._answerable = False  # whether the last missed obligation may still be resolved

    def on_answer(self, event: Event, mask: int) -> bool:
        time = event.time
        self.on_time(time)
        if mask & THEN:
            if self._answerable and self._missed:
                self._missed[-1].resolved_at = time
            self._answerable, self._pending = False, None
        elif mask & UNLESS:
            self._pending = None
        return False

    def on_start(self, event: Event, anchor: Anchor) -> None:
        self.on_time(anchor.time)
        if self._pending is None or self.terms.restart:
            self._oblige(event, anchor)

    def on_time(self, time: int) -> None:
        pending = self._pending
        if pending is not None and time > pending.opened_at:
            self._missed = _added(self._missed, pending)
            self._answerable, self._pending = True, None

    def _oblige(self, event: Event, anchor: Anchor) -> None:
        terms = self.terms
        deadline = terms.deadline_after(event)
        if deadline is None:
            return
        pending = self._pending
        if pending is None:
            pending = self._pending = Opening(anchor, deadline)
            self._answerable = False
        else:
            pending.opened_at = deadline
            pending.add_evidence(anchor.id)

    def deadline(self) -> int | None:
        return None if self._pending is None else self._pending.opened_at

    def openings(self, now: int) -> list[Opening]:
        missed = _NOTHING if self._missed is None else self._missed
        if self._pending is not None and self._pending.opened_at <= now:
            return [*missed, self._pending]
        return missed

    def idle(self, time: int) -> bool:
        return self._pending is None and self._missed is None

    def copy(self) -> "Expect":
        copied = Expect(self.terms)
        copied._pending = None if self._pending is None else self._pending.copy()
        if self._missed is not None:
            copied._missed = [*self._missed[:-1], self._missed[-1].copy()]
        copied._answerable = self._answerable
        return copied


class Repeat(State):
    """A burst: N events in a window. It lasts while each next event follows within the window's length."""

    __slots__ = ("_burst", "_found", "_last", "_values", "_window")

    def __init__(self, terms: "Terms") -> None:
        super().__init__(terms)
        self._window: tuple[Anchor, ...] = ()
        self._values: tuple[Any, ...] | None = None  # of the events in the window, for `distinct`
        self._burst: Opening | None = None
        self._last = 0
        self._found: list[Opening] | None = None

    def on_start(self, event: Event, anchor: Anchor) -> None:
        time, terms = anchor.time, self.terms
        if self._burst is not None:
            if time - self._last <= terms.within:
                self._burst.add_evidence(anchor.id)
                self._last = time
                return
            self._burst = None
        window = self._window
        while window and time - window[0].time > terms.within:
            window = window[1:]
        if terms.distinct is not None:
            value: Any = terms.distinct(event)
            values = () if self._values is None else self._values[len(self._window) - len(window) :]
            self._values = (*values, value if value is None else identity(value))
        window = self._window = (*window, anchor)
        if len(window) >= terms.required and self._size() >= terms.required:
            self._burst = Opening(window[0], time, [later.id for later in window[1:]])
            self._found = _added(self._found, self._burst)
            self._last, self._window, self._values = time, (), None

    def _size(self) -> int:
        if self._values is None:
            return len(self._window)
        return len({value for value in self._values if value is not None})

    def openings(self, now: int) -> list[Opening]:
        return _NOTHING if self._found is None else self._found

    def idle(self, time: int) -> bool:
        if self._found is not None:
            return False
        return not self._window or time - self._window[-1].time > self.terms.within

    def copy(self) -> "Repeat":
        copied = Repeat(self.terms)
        copied._window, copied._values, copied._last = self._window, self._values, self._last
        if self._found is not None:
            copied._found = [*self._found[:-1], self._found[-1].copy()]
            copied._burst = None if self._burst is None else copied._found[-1]
        return copied


class Sequence(State):
    """`first`, then `then`: each event is used once; `then` takes the latest unused `first`."""

    __slots__ = ("_found", "_waiting")

    def __init__(self, terms: "Terms") -> None:
        super().__init__(terms)
        self._waiting: list[Anchor] = []  # matched `first`, unused, no `without` since
        self._found: list[Opening] | None = None

    def on_answer(self, event: Event, mask: int) -> bool:
        waiting = self._unexpired(event.time)
        used = False
        if mask & THEN and waiting:
            used = True
            self._found = _added(self._found, Opening(waiting.pop(), event.time, [event.id]))
        if mask & WITHOUT:
            waiting.clear()
        return used

    def on_start(self, event: Event, anchor: Anchor) -> None:
        waiting = self._unexpired(anchor.time)
        if waiting:
            waiting.append(anchor)
        else:
            self._waiting = [anchor]  # appending to an empty list would allocate four places

    def _unexpired(self, time: int) -> list[Anchor]:
        waiting = self._waiting
        while waiting and time - waiting[0].time > self.terms.within:
            del waiting[0]
        return waiting

    def openings(self, now: int) -> list[Opening]:
        return _NOTHING if self._found is None else self._found

    def idle(self, time: int) -> bool:
        if self._found is not None:
            return False
        return not self._waiting or time - self._waiting[-1].time > self.terms.within

    def copy(self) -> "Sequence":
        copied = Sequence(self.terms)
        copied._waiting = list(self._waiting)
        copied._found = None if self._found is None else list(self._found)
        return copied


_NOTHING: Final[list[Opening]] = []


def _added(found: list[Opening] | None, opening: Opening) -> list[Opening]:
    """Append an opening. Most states never find one, so the list is created with the first."""
    if found is None:
        return [opening]
    found.append(opening)
    return found


class Terms:
    """A compiled rule: the settings that its states read.

    Attributes:
        slot: The rule's index in its layer.
        new_state: Creates a state of the rule's kind.
        second_layer: Whether the rule is of the second layer.
        keyed: Whether the rule has a key.
        has_deadlines: Whether its states have deadlines.
        due: Event → deadline (ms), or None. Without it, the deadline is `within` ms after the event.
        restart: Whether another starting event postpones a pending deadline.
        required: How many events, or distinct values, open a burst.
        within: The length of the window (ms).
        distinct: Event → the value to count; None to count events.
    """

    __slots__ = (
        *("second_layer", "new_state", "distinct", "due", "keyed", "required"),
        *("has_deadlines", "restart", "rule", "slot", "version", "within"),
    )

    def __init__(self, rule: Rule, slot: int = 0) -> None:
        self.rule = rule
        self.slot = slot
        self.version = rule.version
        self.second_layer = rule.second_layer
        self.keyed = bool(rule.key)
        self.new_state: Callable[[Terms], State] = _KINDS[type(rule)]
        self.has_deadlines = self.restart = False
        self.due: Callable[[Event], int | None] | None = None
        self.required, self.within = 1, 0
        self.distinct: Callable[[Event], Any] | None = None
        match rule:
            case ExpectRule():
                self.has_deadlines, self.restart = True, rule.restart
                self.due, self.within = due(rule), rule.within or 0
            case RepeatRule():
                self.required, self.within = rule.count, rule.within
                self.distinct = field(rule.distinct) if rule.distinct else None
            case SequenceRule():
                self.within = rule.within

    def deadline_after(self, event: Event) -> int | None:
        """The deadline (ms) of the obligation that the event starts; None if it names none with `by`."""
        return event.time + self.within if self.due is None else self.due(event)


_KINDS: dict[type[Rule], Callable[[Terms], State]] = {
    MatchRule: Match,
    ExpectRule: Expect,
    RepeatRule: Repeat,
    SequenceRule: Sequence,
}
