"""Ways of customers through steps, and where they went from each step, by loops."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

from tests.panels.counting.reading import Rows


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
    everyone = sum(found.total() for found in ended[:-1])
    rows: Rows = []
    for step, name in enumerate(names[:-1]):
        onward = sum(found.total() for found in ended[step + 1 :])
        if onward:
            rows.append({"source": name, "target": names[step + 1], "customers": onward})
        targets: Counter[str] = Counter()
        kinds = sorted(ended[step].items(), key=lambda one: (-one[1], one[0]))
        kept = [one for one, number in kinds if one and number >= 5 and number >= everyone / 100][:5]
        for one, number in kinds:
            target = one if one in kept else "something else" if one else "nothing"
            targets[f"Then: {target}"] += number
        rows += [
            {"source": name, "target": target, "customers": number}
            for target, number in sorted(targets.items(), key=lambda one: (-one[1], one[0]))
        ]
    return rows
