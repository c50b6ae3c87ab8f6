"""The intervals in which a rule's condition holds, computed from event times.

The result depends only on the *set* of points. A window at time t is `(t - within, t]`: a point enters it at
its own time and leaves it `within` later, so the condition changes at those times alone and its intervals are
exact to the millisecond. Times are ms since 1970.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple, TypeVar

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


def losses(points: Iterable[tuple[int, str, int, str]], within: int, amount: int) -> Iterator[Step]:
    """Steps of "the losses in the window add up to at least `amount`", in any one currency.

    A point is (time, who, loss, currency). Each `who` counts once, with the largest of its losses in the
    window. Losses are whole numbers, so that their order changes nothing.
    """
    inside: defaultdict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    changes = [
        change
        for time, who, loss, currency in set(points)
        for change in ((time, 1, ((who, currency), loss)), (time + within, -1, ((who, currency), loss)))
    ]
    total: Counter[str] = Counter()
    for at, group in _by_time(changes):
        for _, number, (who, loss) in group:
            own = inside[who]
            total[who[1]] -= max(own, default=0)
            own[loss] += number
            if not own[loss]:
                del own[loss]
            total[who[1]] += max(own, default=0)
            if not own:
                del inside[who]
        yield at, max(total.values(), default=0) >= amount


def means(
    points: Iterable[tuple[int, float, int]], within: int, at_least: int, limit: float, *, below: bool
) -> Iterator[Step]:
    """Steps of "the mean in the window is below, or above, the limit". A point is (time, sum, number).

    With fewer than `at_least` in the window the condition does not hold.
    """
    total, number = 0.0, 0
    changes = [
        change
        for time, added, count in points
        for change in ((time, added, count), (time + within, -added, -count))
    ]
    for at, group in groupby(sorted(changes), key=itemgetter(0)):
        for _, added, count in group:
            total += added
            number += count
        # Rounded, so that neither order nor what has left the window decides.
        mean = round(total / number, 9) if number else limit
        yield at, number >= at_least and (mean < limit if below else mean > limit)


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
