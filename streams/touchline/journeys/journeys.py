"""The journeys of one customer are a function of that customer's events and strikes (SEMANTICS §3)."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from touchline.journeys.outcome import OUTCOMES, Outcome
from touchline.vocabulary.event import Event
from touchline.vocabulary.ids import derived_id

JOURNEY_GAP = 14 * 86_400_000
"""A silence longer than this (ms) ends a journey."""

VISIT_GAP = 30 * 60_000
"""A silence longer than this (ms) ends a visit."""

_GRADES = ((90, "A"), (75, "B"), (60, "C"), (40, "D"))

_LONGEST_WAIT = 2**32 - 1
"""More seconds than this are told by no honest event; the sum stays a 32-bit number."""


class Strike(NamedTuple):
    """A signal as the journey feels it: when (ms) and how heavy."""

    opened_at: int
    weight: int


class Journey(msgspec.Struct, frozen=True, kw_only=True):
    """One journey. Times are milliseconds since 1970.

    `path` is the channels in order, repeats collapsed. `contacts`, `wait_seconds`, `transfers`,
    `channel_switches` and `repeats` (contacts about a reason that the journey had before) are the
    observed effort.
    """

    id: UUID
    first: str
    start: int
    last: int
    path: tuple[str, ...]
    events: int
    contacts: int
    visits: int
    strikes: int
    score: int
    grade: str
    outcome: Outcome
    wait_seconds: int
    transfers: int
    channel_switches: int
    repeats: int


class _Run:
    """A journey while its events come."""

    __slots__ = (
        *("contacts", "events", "first", "id", "last", "outcome", "path", "reasons", "repeats", "start"),
        *("transfers", "visits", "waited"),
    )

    def __init__(self, event: Event) -> None:
        self.id: UUID | None = None
        self.first = event.id
        self.start = self.last = event.time
        self.path = [_kept(event.channel)]
        self.events = 0
        self.visits = 1
        self.contacts = 0
        self.reasons: list[str] | None = None
        self.repeats = 0
        self.transfers = 0
        self.waited = 0.0
        self.outcome: Outcome = "open"


class JourneysFold:
    """The journeys of one customer while events come, in order. `gap` in ms."""

    __slots__ = ("_gap", "_runs")

    def __init__(self, gap: int = JOURNEY_GAP) -> None:
        self._gap = gap
        self._runs: list[_Run] = []

    def advance(self, event: Event) -> None:
        """Take the next event; none may come after one that it precedes."""
        runs, time = self._runs, event.time
        run = runs[-1] if runs else None
        if run is None or time - run.last > self._gap:
            run = _Run(event)
            runs.append(run)
        elif event.channel != run.path[-1]:
            run.path.append(_kept(event.channel))
            run.visits += 1
        elif time - run.last > VISIT_GAP:
            run.visits += 1
        run.last = time
        run.events += 1
        note = _NOTES.get(event.type)
        if note is not None:
            note(run, event)

    def journeys(self, strikes: Sequence[Strike] = ()) -> list[Journey]:
        """The journeys so far, with the strikes that fell on them."""
        runs = self._runs
        weights = [0] * len(runs)
        if strikes:
            starts = self.starts
            for strike in strikes:
                weights[journey_at(starts, strike.opened_at)] += strike.weight
        return [_journey(run, weight) for run, weight in zip(runs, weights, strict=True)]

    @property
    def starts(self) -> list[int]:
        """When each journey started (ms), in order."""
        return [run.start for run in self._runs]


def journeys(
    events: Iterable[Event], strikes: Sequence[Strike] = (), gap: int = JOURNEY_GAP
) -> list[Journey]:
    """The journeys of a customer's `events`, which are in order; `gap` in ms."""
    fold = JourneysFold(gap)
    for event in events:
        fold.advance(event)
    return fold.journeys(strikes)


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


def _journey(run: _Run, strikes: int) -> Journey:
    if run.id is None:
        run.id = derived_id(f"journey:{run.first}")
    score = max(0, 100 - strikes)
    return Journey(
        id=run.id,
        first=run.first,
        start=run.start,
        last=run.last,
        path=tuple(run.path),
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
    )


_CHANNELS: dict[str, str] = {
    name: name
    for name in ("web", "app", "phone", "chat", "email", "social", "store", "mail", "kiosk", "field")
}


def _kept(channel: str) -> str:
    """One text for each known channel, however many journeys pass it."""
    return _CHANNELS.get(channel, channel)


def _started(run: _Run, event: Event) -> None:
    run.contacts += 1
    reason = event.data.get("reason")
    if reason is None:
        return
    reason = str(reason)
    if run.reasons is None:
        run.reasons = [reason]
    elif reason in run.reasons:
        run.repeats += 1
    else:
        run.reasons.append(reason)


def _waited(run: _Run, event: Event) -> None:
    """An answer or a hang-up says how long it took."""
    seconds = event.data.get("wait_seconds")
    if isinstance(seconds, int | float) and seconds > 0:
        run.waited += seconds
    _decided(run, event)


def _transferred(run: _Run, event: Event) -> None:
    run.transfers += 1


def _ended(run: _Run, event: Event) -> None:
    if event.data.get("resolved") is True:
        run.outcome = "resolved"


def _decided(run: _Run, event: Event) -> None:
    run.outcome = OUTCOMES.get(event.type, run.outcome)


_NOTES: dict[str, Callable[[_Run, Event], None]] = {
    **dict.fromkeys(OUTCOMES, _decided),
    "contact.started": _started,
    "contact.answered": _waited,
    "contact.abandoned": _waited,
    "contact.transferred": _transferred,
    "contact.ended": _ended,
}
"""What an event of a type adds to its journey, besides being one of its events."""
