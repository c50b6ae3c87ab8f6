"""The intervals in which a rule's condition holds, computed from event times.

The result depends only on the *set* of points. A window at time t is `(t - within, t]`: a point enters it at
its own time and leaves it `within` later, so the condition changes at those times alone and its intervals are
exact to the millisecond. Times are ms since 1970.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from statistics import median
from typing import NamedTuple, TypeVar

from touchline.vocabulary.durations import WEEK

T = TypeVar("T")


class Interval(NamedTuple):
    """The condition held from `began` (inclusive) to `ended` (exclusive); None if it still holds."""

    began: int
    ended: int | None


Step = tuple[int, bool]
"""A time (ms), and whether the condition holds from then on."""


def crowds(points: Iterable[tuple[int, str]], within: int, customers: int) -> Iterator[Step]:
    """Steps of "at least `customers` distinct customers in the window". A point is (time, customer)."""
    inside: Counter[str] = Counter()
    changes = [
        change
        for time, customer in set(points)
        for change in ((time, 1, customer), (time + within, -1, customer))
    ]
    for at, group in _by_time(changes):
        for _, number, customer in group:
            inside[customer] += number
            if not inside[customer]:
                del inside[customer]
        yield at, len(inside) >= customers


def rises(
    counted: Iterable[tuple[int, int]],
    within: int,
    *,
    times: float,
    at_least: int,
    weeks: int,
    oldest: int,
) -> Iterator[Step]:
    """At least `at_least` in the window, and `times` as many as usual; `counted` are times and numbers.

    Usual is the median of the windows of the `weeks` weeks before, of those that begin at `oldest` or
    later; without any the condition does not hold.
    """
    inside = [0] * (weeks + 1)
    by_time = dict(counted)
    changes = [
        change
        for time, number in by_time.items()
        for week in range(weeks + 1)
        for change in (
            (time + week * WEEK, number, week),
            (time + week * WEEK + within, -number, week),
        )
    ]
    # A week that becomes available changes the usual value, even without events.
    changes += ((oldest + within + week * WEEK, 0, week) for week in range(1, weeks + 1))
    for at, group in _by_time(changes):
        for _, number, week in group:
            inside[week] += number
        known = [inside[week] for week in range(1, weeks + 1) if at - within - week * WEEK >= oldest]
        yield at, bool(known) and inside[0] >= max(at_least, times * median(known))


def gaps(seen: Iterable[tuple[int, int]], longer_than: int, forget: int) -> Iterator[Step]:
    """Steps of "no event for `longer_than` ms", until `forget` ms later.

    `seen` are stretches (first, last) without such a gap inside.
    """
    stretches = sorted(seen)
    for (_, last), (following, _) in zip(stretches, [*stretches[1:], (None, None)], strict=True):
        begins = last + longer_than
        if following is not None and following <= begins:
            continue
        yield begins, True
        if following is None or following > begins + forget:
            yield begins + forget, False
        else:
            yield following, False


def intervals(steps: Iterable[Step], start: int, now: int) -> list[Interval]:
    """The intervals from `start` to `now`, from ordered steps; earlier ones are cut at `start`."""
    found: list[Interval] = []
    began: int | None = None
    for at, holds in steps:
        if at > now:
            break
        if holds and began is None:
            began = at
        elif not holds and began is not None:
            if at > start:
                found.append(Interval(max(began, start), at))
            began = None
    if began is not None:
        found.append(Interval(max(began, start), None))
    return found


def joined(found: Sequence[Interval], cooldown: int, known: int) -> list[Interval]:
    """Ordered intervals, merged unless a gap above `cooldown` is certain by `known` (ms)."""
    merged: list[Interval] = []
    for interval in found:
        before = merged[-1] if merged else None
        if before is not None and not _quiet(before, interval, cooldown, known):
            open_still = before.ended is None or interval.ended is None
            merged[-1] = Interval(
                before.began, None if open_still else max(before.ended or 0, interval.ended or 0)
            )
        else:
            merged.append(interval)
    return merged


def _quiet(before: Interval, interval: Interval, cooldown: int, known: int) -> bool:
    return before.ended is not None and before.ended + cooldown < min(interval.began, known)


def _by_time(changes: Iterable[tuple[int, int, T]]) -> Iterator[tuple[int, list[tuple[int, int, T]]]]:
    ordered = sorted(changes, key=itemgetter(0))
    for at, group in groupby(ordered, key=itemgetter(0)):
        yield at, list(group)
