"""The simulated retailer: each customer follows a storyline, and touchpoints are returned when they are due.

Touchpoints and planted frictions depend on the seed and the start alone, however often `until` is called.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from math import ceil
from random import Random

from touchline.simulation.story import DAY, HOUR, Planted, Story, Touchpoint
from touchline.simulation.storylines import STORYLINES, Storyline
from touchline.simulation.storylines.shopping import cannot_pay

_LIVE = 10_000
"""About how many touchpoints the busy time before the start has; it lasts at most an hour."""

_BUSY = (3, 2, 2, 2, 2, 3, 5, 8, 9, 10, 10, 10, 10, 10, 9, 9, 9, 10, 10, 10, 9, 8, 6, 4)
"""Traffic of each hour of a day in the past, in tenths of the peak."""


@dataclass(frozen=True, slots=True)
class Outage:
    """All payments between `begin` and `end` (ms since 1970) fail.

    Half of the customers of that time try to pay; at least `customers_per_second` customers arrive.
    """

    begin: int
    end: int
    customers_per_second: float = 0.2


class Retailer:
    """A retailer whose frictions are known.

    Args:
        seed: Decides everything, together with `start`.
        start: The time at which the live part begins, in ms since 1970.
        history: Length of the past, in ms.
        history_rate: Touchpoints per second in the busiest hours of the past.
        rate: Touchpoints per second of the live part, and of at most an hour before it.
        remember: Planted frictions kept for `planted`; older ones are dropped.
        outage: When payments fail, if ever.

    Memory: the future touchpoints of active customers, bounded by `rate` times the duration of a storyline,
    and `remember` planted frictions.
    """

    def __init__(
        self,
        seed: int,
        start: int,
        *,
        history: int = 7 * DAY,
        history_rate: float = 0.05,
        rate: float = 2.0,
        remember: int = 100_000,
        outage: Outage | None = None,
    ) -> None:
        self._outage = outage
        self._name = f"{seed}:{start}"
        self._random = Random(self._name)  # noqa: S311 - a simulation
        self._live_from = start - min(HOUR, int(_LIVE / rate * 1000))
        average = _touchpoints_per_customer()
        self._customers_per_ms = (history_rate / average / 1000, rate / average / 1000)
        self._customers = 0
        self._next_customer = float(start - history)
        self._coming: list[tuple[int, str, Touchpoint]] = []
        self._planted: deque[Planted] = deque(maxlen=remember)
        self._until = start - history

    def until(self, now: int, most: int | None = None) -> list[Touchpoint]:
        """Touchpoints due since the last call, up to and including `now` (ms), in order of `due`.

        At most `most` are returned; call again for the rest.
        """
        due: list[Touchpoint] = []
        while most is None or len(due) < most:
            first = self._coming[0][0] if self._coming else now + 1
            if self._next_customer <= min(first, now):
                self._welcome()
            elif first <= now:
                due.append(heappop(self._coming)[2])
            else:
                self._until = max(self._until, now)
                return due
        # More touchpoints may be due in the same millisecond as the last.
        self._until = max(self._until, due[-1].due - 1)
        return due

    def planted(self, now: int) -> list[Planted]:
        """The frictions known at `now` (ms) from the touchpoints due until then.

        Raises:
            ValueError: `until` was not called up to `now`.
        """
        if now > self._until:
            raise ValueError("the future is not planted yet: call until(now) first")
        known = (planted.as_known(now) for planted in self._planted)
        return [planted for planted in known if planted is not None]

    def next_due(self) -> int:
        """The earliest time (ms) at which the next touchpoint may be due."""
        arrival = ceil(self._next_customer)
        return min(arrival, self._coming[0][0]) if self._coming else arrival

    def _welcome(self) -> None:
        at = self._next_customer
        live, broken = at >= self._live_from, self._is_broken(at)
        self._next_customer = self._arrival_after(at)
        if not live and not broken and self._random.randrange(10) >= _BUSY[int(at // HOUR) % 24]:
            return
        self._customers += 1
        storyline = cannot_pay if broken and self._random.random() < 0.5 else self._choose()
        story = simulate(storyline, f"{self._name}:{self._customers}", int(at))
        self._planted.extend(story.planted)
        for touchpoint in story.touchpoints:
            heappush(self._coming, (touchpoint.due, touchpoint.id, touchpoint))

    def _arrival_after(self, at: float) -> float:
        """When the next customer arrives; an interval that reaches another pace is drawn again from there.

        Intervals are exponential, so what has passed says nothing about what is left.
        """
        past, present = self._customers_per_ms
        changes = [float(self._live_from)]
        if self._outage is not None:
            changes += [float(self._outage.begin), float(self._outage.end)]
        while True:
            pace = present if at >= self._live_from else past
            if self._outage is not None and self._is_broken(at):
                pace = max(pace, self._outage.customers_per_second / 1000)
            arrival = at + self._random.expovariate(pace)
            crossed = [change for change in changes if at < change <= arrival]
            if not crossed:
                return arrival
            at = min(crossed)

    def _is_broken(self, at: float) -> bool:
        return self._outage is not None and self._outage.begin <= at < self._outage.end

    def _choose(self) -> Storyline:
        return self._random.choices(_STORYLINES, cum_weights=_SHARES)[0]


def simulate(storyline: Storyline, key: str, begin: int) -> Story:
    """The story of a customer that starts at `begin` (ms); `key` names the customer."""
    story = Story(key, begin)
    storyline(story)
    story.fall_silent()
    return story


def _cumulated(shares: Sequence[int]) -> list[int]:
    return [sum(shares[: end + 1]) for end in range(len(shares))]


def _touchpoints_per_customer() -> float:
    touchpoints = sum(
        len(simulate(storyline, storyline.__name__, 0).touchpoints) * share
        for storyline, share in STORYLINES.items()
    )
    return touchpoints / sum(STORYLINES.values())


_STORYLINES = tuple(STORYLINES)
_SHARES = _cumulated(tuple(STORYLINES.values()))
