"""The four kinds of rule: the state of one key of one customer, and its steps (docs/semantics.md#friction).

A state is fed, in order, the events of its key that a selector of its rule takes. Everything that
decides whether a signal stands lives here; nothing here knows of stores or clocks. A state keeps of
an event what a signal needs of its anchor (`Seen`), never the event.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from touchline.friction.deadlines import due
from touchline.rules.conditions import field, identity
from touchline.rules.rule import ExpectRule, MatchRule, RepeatRule, Rule, SequenceRule
from touchline.vocabulary.event import Event

STARTS: Final = 1
"""The bit of the selector that can begin something: `when`, `after`, `of`, `first`."""

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
"""Each selector's bit in the mask of those that took an event."""


class Seen(NamedTuple):
    """What is kept of an event that a signal may hang on; `told` is what the second layer asks of it."""

    id: str
    time: int
    channel: str
    source: str
    told: "Told | None"


class Told(NamedTuple):
    """The part of an anchor that conditions and keys of second-layer rules read."""

    identifiers: tuple[str, ...]
    data: dict[str, Any]


class Opening:
    """A signal in the making: it may still gain evidence (`more`, ids after the first) or be resolved.

    `past` says that it opened before the event that told of it: its deadline was over already.
    """

    __slots__ = ("anchor", "more", "opened_at", "past", "resolved_at")

    def __init__(self, anchor: Seen, opened_at: int, more: list[str] | None = None) -> None:
        self.anchor = anchor
        self.opened_at = opened_at
        self.more = more
        self.past = False
        self.resolved_at: int | None = None

    def gain(self, event_id: str) -> None:
        """Take an event into the evidence."""
        if self.more is None:
            self.more = [event_id]
        else:
            self.more.append(event_id)

    def copy(self) -> "Opening":
        """One that may gain evidence or be resolved apart from this."""
        copied = Opening(self.anchor, self.opened_at, None if self.more is None else list(self.more))
        copied.past, copied.resolved_at = self.past, self.resolved_at
        return copied

    @property
    def evidence(self) -> tuple[str, ...]:
        """Ids of the events that the signal rests on, in order."""
        return (self.anchor.id,) if self.more is None else (self.anchor.id, *self.more)


class State:
    """A rule on its way through the events of one key. What a kind does not need does nothing here."""

    __slots__ = ("terms",)

    def __init__(self, terms: "Terms") -> None:
        self.terms = terms

    def on_answer(self, event: Event, mask: int) -> bool:
        """Take an event that may end something; whether it is used up, and can begin nothing.

        `mask` has the bits of the selectors that took it.
        """
        return False

    def on_start(self, event: Event, seen: Seen) -> None:
        """Take an event that can begin something."""
        raise NotImplementedError

    def on_time(self, time: int) -> None:
        """Learn that the key has an event at `time` (ms), whatever its type."""

    def deadline(self) -> int | None:
        """When a pending obligation would be missed, in ms; None where nothing is pending."""
        return None

    def openings(self, now: int) -> list[Opening]:
        """What has been found, at the evaluation time `now` (ms); not to be changed."""
        raise NotImplementedError

    def idle(self, time: int) -> bool:
        """Whether it has found nothing and, for events from `time` on, stands as if it were new."""
        raise NotImplementedError

    def copy(self) -> "State":
        """A state that goes its own way from here."""
        raise NotImplementedError


class Match(State):
    """Every matching event is a signal."""

    __slots__ = ("_found",)

    def __init__(self, terms: "Terms") -> None:
        super().__init__(terms)
        self._found: list[Opening] = []

    def on_start(self, event: Event, seen: Seen) -> None:
        self._found.append(Opening(seen, seen.time))

    def openings(self, now: int) -> list[Opening]:
        return self._found

    def idle(self, time: int) -> bool:
        return False

    def copy(self) -> "Match":
        copied = Match(self.terms)
        copied._found = list(self._found)
        return copied


class Expect(State):
    """At most one obligation, which ends kept, called off, or missed."""

    __slots__ = ("_answerable", "_missed", "_pending")

    def __init__(self, terms: "Terms") -> None:
        super().__init__(terms)
        self._pending: Opening | None = None  # `opened_at` is its deadline
        self._missed: list[Opening] | None = None
        self._answerable = False  # whether the last one missed may still be resolved

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

    def on_start(self, event: Event, seen: Seen) -> None:
        self.on_time(seen.time)
        if self._pending is None or self.terms.restart:
            self._oblige(event, seen)

    def on_time(self, time: int) -> None:
        pending = self._pending
        if pending is not None and time > pending.opened_at:
            self._missed = _added(self._missed, pending)
            self._answerable, self._pending = True, None

    def _oblige(self, event: Event, seen: Seen) -> None:
        terms = self.terms
        deadline = terms.deadline_after(event)
        if deadline is None:
            return
        pending = self._pending
        if pending is None:
            pending = self._pending = Opening(seen, deadline)
            self._answerable = False
        else:
            pending.opened_at = deadline
            pending.gain(seen.id)
        if deadline < seen.time:
            pending.past = True

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
    """A burst: N in a window, for as long as the next one follows within the window's length."""

    __slots__ = ("_burst", "_found", "_last", "_values", "_window")

    def __init__(self, terms: "Terms") -> None:
        super().__init__(terms)
        self._window: tuple[Seen, ...] = ()
        self._values: tuple[Any, ...] | None = None  # of the events in the window, where values are counted
        self._burst: Opening | None = None
        self._last = 0
        self._found: list[Opening] | None = None

    def on_start(self, event: Event, seen: Seen) -> None:
        time, terms = seen.time, self.terms
        if self._burst is not None:
            if time - self._last <= terms.within:
                self._burst.gain(seen.id)
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
        window = self._window = (*window, seen)
        if len(window) >= terms.least and self._size() >= terms.least:
            self._burst = Opening(window[0], time, [one.id for one in window[1:]])
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
    """One event and then another; each is used once, and the latest first one is taken."""

    __slots__ = ("_found", "_waiting")

    def __init__(self, terms: "Terms") -> None:
        super().__init__(terms)
        self._waiting: list[Seen] = []  # matched `first`, unused, no `without` since
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

    def on_start(self, event: Event, seen: Seen) -> None:
        waiting = self._unexpired(seen.time)
        if waiting:
            waiting.append(seen)
        else:
            self._waiting = [seen]  # an append to an empty list would make room for four

    def _unexpired(self, time: int) -> list[Seen]:
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
    """Most states never find anything: they have no list until they do."""
    if found is None:
        return [opening]
    found.append(opening)
    return found


class Terms:
    """A rule, ready: what its states ask of it.

    `slot` is its place in its layer; `above` says whether that is the second; `keyed` whether it has a key,
    without which others tell it no times; `obliges` whether its states have deadlines, which lie `within` ms
    or are told by `due` (ms, or None); `names_times` whether events tell them, so that they may be over
    already; `restart` whether a further event puts them off. `least` events or, with `distinct`, values of
    a field, lie `within` ms.
    """

    __slots__ = (
        *("above", "begin", "distinct", "due", "keyed", "least", "names_times"),
        *("obliges", "restart", "rule", "slot", "version", "within"),
    )

    def __init__(self, rule: Rule, slot: int = 0) -> None:
        self.rule = rule
        self.slot = slot
        self.version = rule.version
        self.above = rule.second_layer
        self.keyed = bool(rule.key)
        self.begin: Callable[[Terms], State] = _KINDS[type(rule)]
        self.obliges = self.names_times = self.restart = False
        self.due: Callable[[Event], int | None] | None = None
        self.least, self.within = 1, 0
        self.distinct: Callable[[Event], Any] | None = None
        match rule:
            case ExpectRule():
                self.obliges, self.names_times, self.restart = True, rule.by is not None, rule.restart
                self.due, self.within = due(rule), rule.within or 0
            case RepeatRule():
                self.least, self.within = rule.count, rule.within
                self.distinct = field(rule.distinct) if rule.distinct else None
            case SequenceRule():
                self.within = rule.within

    def deadline_after(self, event: Event) -> int | None:
        """When what the event obliges to is due (ms); None where it was to name a time and did not."""
        return event.time + self.within if self.due is None else self.due(event)


_KINDS: dict[type[Rule], Callable[[Terms], State]] = {
    MatchRule: Match,
    ExpectRule: Expect,
    RepeatRule: Repeat,
    SequenceRule: Sequence,
}
