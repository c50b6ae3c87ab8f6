"""The four kinds of rule: the state of one key of one customer, and its steps (SEMANTICS §2).

A state is fed, in order, the events of its key that a selector of its rule takes. Everything that
decides whether a signal stands lives here; nothing here knows of stores or clocks. A state keeps of
an event what a signal needs of its anchor (`Seen`), never the event.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from touchline.friction.conditions import field, identity
from touchline.friction.deadlines import due
from touchline.friction.rules import ExpectRule, MatchRule, RepeatRule, Rule, SequenceRule
from touchline.vocabulary.event import Event

STARTS = 1
"""The bit of the selector that can begin something: `when`, `after`, `of`, `first`."""

BITS: dict[str, int] = {
    "when": STARTS,
    "after": STARTS,
    "of": STARTS,
    "first": STARTS,
    "then": 2,
    "unless": 4,
    "without": 4,
}
"""Each selector's bit in the mask of those that took an event."""

THEN, UNLESS, WITHOUT = BITS["then"], BITS["unless"], BITS["without"]


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


class State(Protocol):
    """A rule on its way through the events of one key."""

    @property
    def terms(self) -> "Terms": ...

    def on_event(self, event: Event, seen: Seen, mask: int) -> None:
        """Take the next event; `mask` has the bits of the selectors that took it."""

    def on_time(self, time: int) -> None:
        """Learn that the key has an event at `time` (ms), whatever its type."""

    def deadline(self) -> int | None:
        """When a pending obligation would be missed, in ms; None where nothing is pending."""

    def openings(self, now: int) -> Iterable[Opening]:
        """What has been found, at the evaluation time `now` (ms)."""

    def idle(self, time: int) -> bool:
        """Whether it has found nothing and, for events from `time` on, stands as if it were new."""

    def copy(self) -> "State":
        """A state that goes its own way from here."""


class _Untimed:
    """A kind that has no obligations."""

    __slots__ = ()

    def on_time(self, time: int) -> None:
        """Time alone changes nothing."""

    def deadline(self) -> None:
        """Nothing is ever pending."""


class Match(_Untimed):
    """Every matching event is a signal."""

    __slots__ = ("_found", "terms")

    def __init__(self, terms: "Terms") -> None:
        self.terms = terms
        self._found: list[Opening] = []

    def on_event(self, event: Event, seen: Seen, mask: int) -> None:
        self._found.append(Opening(seen, event.time))

    def openings(self, now: int) -> Iterable[Opening]:
        return self._found

    def idle(self, time: int) -> bool:
        return False

    def copy(self) -> "Match":
        copied = Match(self.terms)
        copied._found = list(self._found)
        return copied


class Expect:
    """At most one obligation, which ends kept, called off, or missed."""

    __slots__ = ("_answerable", "_missed", "_pending", "terms")

    def __init__(self, terms: "ExpectTerms") -> None:
        self.terms = terms
        self._pending: Opening | None = None  # `opened_at` is its deadline
        self._missed: list[Opening] | None = None
        self._answerable = False  # whether the last one missed may still be resolved

    def on_event(self, event: Event, seen: Seen, mask: int) -> None:
        time = event.time
        self.on_time(time)
        if mask & THEN:
            if self._answerable and self._missed:
                self._missed[-1].resolved_at = time
            self._answerable, self._pending = False, None
        elif mask & UNLESS:
            self._pending = None
        if mask & STARTS and (self._pending is None or self.terms.restart):
            self._oblige(event, seen)

    def on_time(self, time: int) -> None:
        pending = self._pending
        if pending is not None and time > pending.opened_at:
            self._missed = _added(self._missed, pending)
            self._answerable, self._pending = True, None

    def _oblige(self, event: Event, seen: Seen) -> None:
        deadline = self.terms.due(event)
        if deadline is None:
            return
        if self._pending is None:
            self._pending = Opening(seen, deadline)
            self._answerable = False
        else:
            self._pending.opened_at = deadline
            self._pending.gain(event.id)
        if deadline < event.time:
            self._pending.past = True

    def deadline(self) -> int | None:
        return None if self._pending is None else self._pending.opened_at

    def openings(self, now: int) -> Iterable[Opening]:
        missed = self._missed or ()
        if self._pending is not None and self._pending.opened_at <= now:
            return (*missed, self._pending)
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


class Repeat(_Untimed):
    """A burst: N in a window, for as long as the next one follows within the window's length."""

    __slots__ = ("_burst", "_found", "_last", "_values", "_window", "terms")

    def __init__(self, terms: "RepeatTerms") -> None:
        self.terms = terms
        self._window: list[Seen] = []
        self._values: list[Any] | None = None  # of the events in the window, where values are counted
        self._burst: Opening | None = None
        self._last = 0
        self._found: list[Opening] | None = None

    def on_event(self, event: Event, seen: Seen, mask: int) -> None:
        time, terms = event.time, self.terms
        if self._burst is not None:
            if time - self._last <= terms.within:
                self._burst.gain(event.id)
                self._last = time
                return
            self._burst = None
        window = self._window
        while window and time - window[0].time > terms.within:
            del window[0]
        window.append(seen)
        if terms.distinct is not None:
            value = terms.distinct(event)
            values = (self._values or [])[1 - len(window) :] if len(window) > 1 else []
            self._values = [*values, value if value is None else identity(value)]
        if len(window) >= terms.least and self._size() >= terms.least:
            self._burst = Opening(window[0], time, [one.id for one in window[1:]])
            self._found = _added(self._found, self._burst)
            self._last, self._window, self._values = time, [], None

    def _size(self) -> int:
        if self._values is None:
            return len(self._window)
        return len({value for value in self._values if value is not None})

    def openings(self, now: int) -> Iterable[Opening]:
        return self._found or ()

    def idle(self, time: int) -> bool:
        if self._found is not None:
            return False
        return not self._window or time - self._window[-1].time > self.terms.within

    def copy(self) -> "Repeat":
        copied = Repeat(self.terms)
        copied._window, copied._last = list(self._window), self._last
        copied._values = None if self._values is None else list(self._values)
        if self._found is not None:
            copied._found = [*self._found[:-1], self._found[-1].copy()]
            copied._burst = None if self._burst is None else copied._found[-1]
        return copied


class Sequence(_Untimed):
    """One event and then another; each is used once, and the latest first one is taken."""

    __slots__ = ("_found", "_waiting", "terms")

    def __init__(self, terms: "SequenceTerms") -> None:
        self.terms = terms
        self._waiting: list[Seen] = []  # matched `first`, unused, no `without` since
        self._found: list[Opening] | None = None

    def on_event(self, event: Event, seen: Seen, mask: int) -> None:
        waiting = self._waiting
        while waiting and event.time - waiting[0].time > self.terms.within:
            del waiting[0]
        used = False
        if mask & THEN and waiting:
            used = True
            self._found = _added(self._found, Opening(waiting.pop(), event.time, [event.id]))
        if mask & WITHOUT:
            waiting.clear()
        if mask & STARTS and not used:
            waiting.append(seen)

    def openings(self, now: int) -> Iterable[Opening]:
        return self._found or ()

    def idle(self, time: int) -> bool:
        if self._found is not None:
            return False
        return not self._waiting or time - self._waiting[-1].time > self.terms.within

    def copy(self) -> "Sequence":
        copied = Sequence(self.terms)
        copied._waiting = list(self._waiting)
        copied._found = None if self._found is None else list(self._found)
        return copied


def _added(found: list[Opening] | None, opening: Opening) -> list[Opening]:
    """Most states never find anything: they have no list until they do."""
    if found is None:
        return [opening]
    found.append(opening)
    return found


class Terms:
    """A rule, ready.

    `keyed` says whether it has a key, without which it is told no times by others; `obliges` whether
    its states have deadlines; `names_times` whether these are told by events, and may be over already.
    """

    obliges = False
    names_times = False

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.version = rule.version
        self.keyed = bool(rule.key)

    def begin(self) -> State:
        """The state of a key, before any event."""
        return Match(self)


class ExpectTerms(Terms):
    """An expect rule, ready: when an obligation is due (ms), and whether a further event begins it anew."""

    obliges = True

    def __init__(self, rule: ExpectRule) -> None:
        super().__init__(rule)
        self.names_times = rule.by is not None
        self.due = due(rule)
        self.restart = rule.restart

    def begin(self) -> State:
        return Expect(self)


class RepeatTerms(Terms):
    """A repeat rule, ready: how many in how many ms, and of which field the values count."""

    def __init__(self, rule: RepeatRule) -> None:
        super().__init__(rule)
        self.least = rule.count
        self.within = rule.within
        self.distinct = field(rule.distinct) if rule.distinct else None

    def begin(self) -> State:
        return Repeat(self)


class SequenceTerms(Terms):
    """A sequence rule, ready: how many ms the two may lie apart."""

    def __init__(self, rule: SequenceRule) -> None:
        super().__init__(rule)
        self.within = rule.within

    def begin(self) -> State:
        return Sequence(self)


def terms_of(rule: Rule) -> Terms:
    """The rule, ready."""
    match rule:
        case MatchRule():
            return Terms(rule)
        case ExpectRule():
            return ExpectTerms(rule)
        case RepeatRule():
            return RepeatTerms(rule)
        case SequenceRule():
            return SequenceTerms(rule)
