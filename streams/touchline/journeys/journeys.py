"""One customer's journeys, from the events and strikes (docs/semantics.md#journeys)."""

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final

from touchline.journeys.journey import Journey, Strike
from touchline.journeys.outcome import OUTCOMES, Outcome
from touchline.journeys.ways import Ways
from touchline.vocabulary.durations import DAY, MINUTE
from touchline.vocabulary.event import Event

JOURNEY_GAP: Final = 14 * DAY
"""A silence longer than this (ms) ends a journey."""

VISIT_GAP: Final = 30 * MINUTE
"""A silence longer than this (ms) ends a visit."""

_GRADES = ((90, "A"), (75, "B"), (60, "C"), (40, "D"))

_LONGEST_WAIT: Final = 2**32 - 1
"""The cap on waited seconds, so that the sum fits in 32 bits."""


class Run:
    """A journey while its events come, and the customer's journeys before it."""

    __slots__ = (
        *("before", "contacts", "events", "first", "last", "outcome", "path", "reasons", "repeats"),
        *("start", "transfers", "visits", "waited", "ways"),
    )

    def __init__(self, first: str, start: int, path: tuple[str, ...], before: "Run | None") -> None:
        self.before = before
        self.first = first
        self.start = self.last = start
        self.path = path
        self.events = 1
        self.visits = 1
        self.contacts = 0
        self.reasons: tuple[str, ...] = ()
        self.repeats = 0
        self.transfers = 0
        self.waited = 0.0
        self.outcome: Outcome = "open"
        self.ways: Ways | None = None

    def advanced(self, event: Event, gap: int) -> "Run":
        """The run that the next event falls into: this one, or a new one after a silence of `gap` ms."""
        time = event.time
        silence = time - self.last
        if silence > gap:
            return begun(event, self)
        channel = event.channel
        if channel != self.path[-1]:
            self.path = (*self.path, *_alone(channel))
            self.visits += 1
        elif silence > VISIT_GAP:
            self.visits += 1
        self.last = time
        self.events += 1
        self.note(event)
        return self

    def note(self, event: Event) -> None:
        """Note what the journey's next event says, besides its time and channel."""
        note = _NOTES.get(event.type)
        if note is not None:
            note(self, event)
        if self.ways is not None:
            self.ways.advance(event)

    def copy(self) -> "Run":
        """An independent copy of this run; earlier runs are complete and shared."""
        copied = Run(self.first, self.start, self.path, self.before)
        copied.last, copied.events, copied.visits = self.last, self.events, self.visits
        copied.contacts, copied.reasons, copied.repeats = self.contacts, self.reasons, self.repeats
        copied.transfers, copied.waited, copied.outcome = self.transfers, self.waited, self.outcome
        copied.ways = None if self.ways is None else self.ways.copy()
        return copied

    @property
    def all(self) -> "list[Run]":
        """The customer's runs up to this one, in order."""
        runs = [self]
        while (run := runs[-1].before) is not None:
            runs.append(run)
        runs.reverse()
        return runs


def begun(event: Event, before: Run | None) -> Run:
    """The run that begins with an event."""
    run = Run(event.id, event.time, _alone(event.channel), before)
    run.note(event)
    return run


def made(last: Run | None, strikes: Sequence[Strike] = ()) -> list[Journey]:
    """The journeys of the runs up to the last one, with the strikes that fell on them."""
    if last is None:
        return []
    runs = last.all
    if not strikes:
        return [_journey(run, 0, frozenset()) for run in runs]
    anchors = frozenset([strike.anchor for strike in strikes])
    weights = [0] * len(runs)
    starts = [run.start for run in runs]
    for strike in strikes:
        weights[journey_at(starts, strike.opened_at)] += strike.weight
    return [_journey(run, weight, anchors) for run, weight in zip(runs, weights, strict=True)]


def journeys(
    events: Iterable[Event], strikes: Sequence[Strike] = (), gap: int = JOURNEY_GAP
) -> list[Journey]:
    """The journeys of a customer's `events`, which are in order; `gap` in ms."""
    run: Run | None = None
    for event in events:
        run = begun(event, None) if run is None else run.advanced(event, gap)
    return made(run, strikes)


def journey_at(starts: Sequence[int], time: int) -> int:
    """Which journey, by its place in `starts` (ms, rising), a signal opened at `time` belongs to.

    A journey reaches up to the next one's start; what opened before the first belongs to the first.
    """
    return max(0, bisect_right(starts, time) - 1)


def grade(score: int) -> str:
    """A ≥ 90, B ≥ 75, C ≥ 60, D ≥ 40, else F."""
    for least, letter in _GRADES:
        if score >= least:
            return letter
    return "F"


def _journey(run: Run, strikes: int, anchors: Collection[str]) -> Journey:
    score = max(0, 100 - strikes)
    return Journey(
        first=run.first,
        start=run.start,
        last=run.last,
        path=run.path,
        events=run.events,
        contacts=run.contacts,
        visits=run.visits,
        strikes=strikes,
        score=score,
        grade=grade(score),
        outcome=run.outcome,
        wait_seconds=round(min(run.waited, _LONGEST_WAIT)),
        transfers=run.transfers,
        channel_switches=len(run.path) - 1,
        repeats=run.repeats,
        ways=() if run.ways is None else run.ways.with_friction(anchors),
    )


_ALONE: dict[str, tuple[str, ...]] = {
    name: (name,)
    for name in ("web", "app", "phone", "chat", "email", "social", "store", "mail", "kiosk", "field")
}
"""Shared paths of single-channel journeys, which are the majority."""


def _alone(channel: str) -> tuple[str, ...]:
    return _ALONE.get(channel) or (channel,)


def _started(run: Run, event: Event) -> None:
    run.contacts += 1
    reason = event.data.get("reason")
    if reason is None:
        return
    reason = str(reason)
    if reason in run.reasons:
        run.repeats += 1
    else:
        run.reasons = (*run.reasons, reason)


def _waited(run: Run, event: Event) -> None:
    """An answer or a hang-up says how long it took."""
    seconds = event.data.get("wait_seconds")
    if isinstance(seconds, int | float) and seconds > 0:
        run.waited += seconds
    _decided(run, event)


def _transferred(run: Run, event: Event) -> None:
    run.transfers += 1


def _ended(run: Run, event: Event) -> None:
    if event.data.get("resolved") is True:
        run.outcome = "resolved"


def _decided(run: Run, event: Event) -> None:
    run.outcome = OUTCOMES.get(event.type, run.outcome)


def _filled(run: Run, event: Event) -> None:
    if run.ways is None:
        run.ways = Ways()


_NOTES: dict[str, Callable[[Run, Event], None]] = {
    **dict.fromkeys(OUTCOMES, _decided),
    "contact.started": _started,
    "contact.answered": _waited,
    "contact.abandoned": _waited,
    "contact.transferred": _transferred,
    "contact.ended": _ended,
    "cart.updated": _filled,
}
"""What an event of a type adds to its journey, besides being one of its events."""
