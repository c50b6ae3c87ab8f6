"""The journeys of one customer are a function of that customer's events and strikes (SEMANTICS §3)."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID, uuid5

import msgspec

from touchline.journeys.outcome import outcome
from touchline.vocabulary.event import Event
from touchline.vocabulary.ids import NAMESPACE

JOURNEY_GAP = 14 * 86_400_000
"""A silence longer than this (ms) ends a journey."""

VISIT_GAP = 30 * 60_000
"""A silence longer than this (ms) ends a visit."""

_LONGEST_WAIT = 2**32 - 1
"""More seconds than this are told by no honest event; the sum stays a 32-bit number."""

_GRADES = ((90, "A"), (75, "B"), (60, "C"), (40, "D"))


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
    outcome: str
    wait_seconds: int
    transfers: int
    channel_switches: int
    repeats: int


def journeys(
    events: Sequence[Event], strikes: Iterable[Strike] = (), gap: int = JOURNEY_GAP
) -> list[Journey]:
    """The journeys of a customer's `events`, which are in order; `gap` in ms."""
    runs = list(_runs(events, gap))
    starts = [run[0].time for run in runs]
    weights = [0] * len(runs)
    for strike in strikes:
        weights[journey_at(starts, strike.opened_at)] += strike.weight
    return [_journey(run, weight) for run, weight in zip(runs, weights, strict=True)]


def journey_at(starts: Sequence[int], time: int) -> int:
    """Which journey, by its place in `starts` (ms, rising), a signal opened at `time` belongs to.

    A journey reaches up to the next one's start; what opened before the first belongs to the first.
    """
    return max(0, bisect_right(starts, time) - 1)


def grade(score: int) -> str:
    """A ≥ 90, B ≥ 75, C ≥ 60, D ≥ 40, else F."""
    return next((letter for least, letter in _GRADES if score >= least), "F")


def _runs(events: Sequence[Event], gap: int) -> Iterator[Sequence[Event]]:
    begin = 0
    for position in range(1, len(events)):
        if events[position].time - events[position - 1].time > gap:
            yield events[begin:position]
            begin = position
    if events:
        yield events[begin:]


def _journey(run: Sequence[Event], strikes: int) -> Journey:
    path = tuple(
        event.channel
        for position, event in enumerate(run)
        if position == 0 or event.channel != run[position - 1].channel
    )
    score = max(0, 100 - strikes)
    started = [event for event in run if event.type == "contact.started"]
    reasons = [reason for event in started if (reason := event.data.get("reason")) is not None]
    return Journey(
        id=uuid5(NAMESPACE, f"journey:{run[0].id}"),
        first=run[0].id,
        start=run[0].time,
        last=run[-1].time,
        path=path,
        events=len(run),
        contacts=len(started),
        visits=1 + sum(_new_visit(before, after) for before, after in pairwise(run)),
        strikes=strikes,
        score=score,
        grade=grade(score),
        outcome=outcome(run),
        wait_seconds=round(min(sum(map(_waited, run)), _LONGEST_WAIT)),
        transfers=sum(event.type == "contact.transferred" for event in run),
        channel_switches=len(path) - 1,
        repeats=len(reasons) - len(set(map(str, reasons))),
    )


def _new_visit(before: Event, after: Event) -> bool:
    return before.channel != after.channel or after.time - before.time > VISIT_GAP


def _waited(event: Event) -> float:
    """Seconds waited that the event tells of: an answer or a hang-up says how long it took."""
    if event.type not in ("contact.answered", "contact.abandoned"):
        return 0
    seconds = event.data.get("wait_seconds")
    return seconds if isinstance(seconds, int | float) and seconds > 0 else 0
