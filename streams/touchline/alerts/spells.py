"""When a rule's condition holds: spells, computed from the times of what the rule watches.

All of it is a function of the *set* of points. A window at time t is `(t - within, t]`: a point enters it at
its own time and leaves it `within` later, so the condition changes at those times alone and its spells are
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


class Spell(NamedTuple):
    """The condition held from `began` (inclusive) to `ended` (exclusive); None where it still does."""

    began: int
    ended: int | None


Step = tuple[int, bool]
"""From a time on the condition holds, or does not."""


def crowds(points: Iterable[tuple[int, str]], within: int, customers: int) -> Iterator[Step]:
    """At least so many different customers in the window; a point is a time and a customer."""
    inside: Counter[str] = Counter()
    changes = [
        change
        for time, customer in set(points)
        for change in ((time, 1, customer), (time + within, -1, customer))
    ]
    for at, some in _by_time(changes):
        for _, number, customer in some:
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
    # A week that comes into reach changes what is usual, even where nothing happens.
    changes += ((oldest + within + week * WEEK, 0, week) for week in range(1, weeks + 1))
    for at, some in _by_time(changes):
        for _, number, week in some:
            inside[week] += number
        known = [inside[week] for week in range(1, weeks + 1) if at - within - week * WEEK >= oldest]
        yield at, bool(known) and inside[0] >= max(at_least, times * median(known))


def gaps(seen: Iterable[tuple[int, int]], longer_than: int, forget: int) -> Iterator[Step]:
    """Nothing for longer than a time, and no longer than `forget` after that.

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


def spells(steps: Iterable[Step], start: int, now: int) -> list[Spell]:
    """The spells from `start` to `now`, of steps in order; one that began before begins at `start`."""
    found: list[Spell] = []
    began: int | None = None
    for at, holds in steps:
        if at > now:
            break
        if holds and began is None:
            began = at
        elif not holds and began is not None:
            if at > start:
                found.append(Spell(max(began, start), at))
            began = None
    if began is not None:
        found.append(Spell(max(began, start), None))
    return found


def joined(found: Sequence[Spell], cooldown: int, known: int) -> list[Spell]:
    """Spells in order; one where, as far as is `known` (up to when), no more than `cooldown` lies between."""
    one: list[Spell] = []
    for spell in found:
        before = one[-1] if one else None
        if before is not None and not _quiet(before, spell, cooldown, known):
            open_still = before.ended is None or spell.ended is None
            one[-1] = Spell(before.began, None if open_still else max(before.ended or 0, spell.ended or 0))
        else:
            one.append(spell)
    return one


def _quiet(before: Spell, spell: Spell, cooldown: int, known: int) -> bool:
    return before.ended is not None and before.ended + cooldown < min(spell.began, known)


def _by_time(changes: Iterable[tuple[int, int, T]]) -> Iterator[tuple[int, list[tuple[int, int, T]]]]:
    ordered = sorted(changes, key=itemgetter(0))
    for at, some in groupby(ordered, key=itemgetter(0)):
        yield at, list(some)
