"""Ways of customers through steps, and where they went from each step, by loops."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple, Protocol, TypeVar

from tests.panels.counting.reading import FUNNEL, WEEK, Rows
from touchline.vocabulary.event import Event


class Timed(Protocol):
    """Anything with a time (ms)."""

    @property
    def time(self) -> int: ...


E = TypeVar("E", bound=Timed)


def last_way(events: Iterable[E], takes: Callable[[E, int], bool], steps: int, within: int) -> list[int]:
    """The times of the last way that reaches the furthest step; events are in order."""
    ways: dict[int, list[int]] = {}
    for event in events:
        # From the last step down, so that one event takes one step of a way.
        for step in reversed(range(steps)):
            if not takes(event, step):
                continue
            if step == 0:
                ways[0] = [event.time]
            elif step - 1 in ways and event.time - ways[step - 1][0] <= within:
                ways[step] = [*ways[step - 1], event.time]
    return ways[max(ways)] if ways else []


def flows(
    customers: Iterable[Sequence[E]],
    names: Sequence[str],
    takes: Callable[[E, int], bool],
    within: int,
    kind: Callable[[E], str],
) -> Rows:
    """Where customers went from each step; the events of each customer are in order."""
    ended: list[Counter[str]] = [Counter() for _ in names]
    for events in customers:
        way = last_way(events, takes, len(names), within)
        if way:
            later = [kind(event) for event in events if way[-1] < event.time <= way[0] + within]
            ended[len(way) - 1][later[0] if later else ""] += 1
    return targets(ended, names)


def targets(ended: Sequence[Counter[str]], names: Sequence[str]) -> Rows:
    """Where customers went: for each step, how many ended there, by what came next ('' for nothing)."""
    everyone = sum(found.total() for found in ended[:-1])
    rows: Rows = []
    for step, name in enumerate(names[:-1]):
        onward = sum(found.total() for found in ended[step + 1 :])
        if onward:
            rows.append({"source": name, "target": names[step + 1], "customers": onward})
        named: Counter[str] = Counter()
        kinds = sorted(ended[step].items(), key=lambda one: (-one[1], one[0]))
        kept = [one for one, number in kinds if one and number >= 5 and number >= everyone / 100][:5]
        for one, number in kinds:
            target = one if one in kept else "something else" if one else "nothing"
            named[f"Then: {target}"] += number
        rows += [
            {"source": name, "target": target, "customers": number}
            for target, number in sorted(named.items(), key=lambda one: (-one[1], one[0]))
        ]
    return rows


class CartWay(NamedTuple):
    """A way from a cart: its first event, the number of its furthest step, and the event that came next."""

    first: Event
    reached: int
    next: Event | None


def cart_ways(events: Sequence[Event]) -> Iterator[CartWay]:
    """The ways from a cart to an order in a journey, by their definition; its events are in order."""
    step_of = {kind: number for number, kind in enumerate(FUNNEL, start=1)}
    steps = [step_of.get(event.type, 0) for event in events]

    @cache
    def beginning(at: int) -> int | None:
        """Where the way begins that takes a step with the event at `at`; None if no way does."""
        if steps[at] == 1:
            return at
        before = [place for place in range(at) if steps[place] == steps[at] - 1]
        took = [place for place in before if beginning(place) is not None]
        begun = beginning(took[-1]) if took else None
        return begun if begun is not None and events[at].time - events[begun].time <= WEEK else None

    of_ways = {at: beginning(at) for at, step in enumerate(steps) if step}
    carts = [at for at, step in enumerate(steps) if step == 1]
    for cart, following in zip(carts, [*carts[1:], None], strict=False):
        limit = events[cart].time + WEEK
        soon = following is not None and events[following].time <= limit
        if soon and not any(of_ways.get(at) == cart for at in range(cart + 1, following or 0)):
            continue  # begun anew
        furthest = max((steps[at], at) for at, begun in of_ways.items() if begun == cart)
        later = [event for event in events if events[furthest[1]].time < event.time <= limit]
        yield CartWay(events[cart], furthest[0], later[0] if later else None)
