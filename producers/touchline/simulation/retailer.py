"""The simulated retailer: customers come, each lives a storyline, and what happens is handed out when due.

The law: what is handed out, and what is planted in it, follow from the seed and the start alone, whatever
the steps in which it is asked for.
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

_LIVELY = 10_000
"""Touchpoints, about, of the last lively hour before the start; at a high rate it is shorter."""

_BUSY = (3, 2, 2, 2, 2, 3, 5, 8, 9, 10, 10, 10, 10, 10, 9, 9, 9, 10, 10, 10, 9, 8, 6, 4)
"""How busy each hour of a day in the past is, in tenths."""


@dataclass(frozen=True, slots=True)
class Outage:
    """No payment goes through: who comes between `begin` and `end` (ms since 1970) cannot pay.

    Half of the customers of that time come to pay; `customers_per_second` is how many come at least.
    """

    begin: int
    end: int
    customers_per_second: float = 0.2


class Retailer:
    """A retailer whose frictions are known.

    Args:
        seed: Together with `start` it decides everything.
        start: The present when the simulation begins, in ms since 1970.
        history: How far back the past goes, in ms.
        history_rate: Touchpoints a second in the past, at its busiest hours.
        rate: Touchpoints a second from an hour before `start` on, or less at a high rate.
        remember: Planted frictions kept for `planted`; older ones are forgotten.
        outage: When payments fail, if they do.

    Memory: the touchpoints still to come of the customers who have begun, which is bounded by `rate`
    times the days that a storyline takes, and `remember` planted frictions.
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
        self._lively_from = start - min(HOUR, int(_LIVELY / rate * 1000))
        average = _touchpoints_per_customer()
        self._customers_per_ms = (history_rate / average / 1000, rate / average / 1000)
        self._customers = 0
        self._next_customer = float(start - history)
        self._coming: list[tuple[int, str, Touchpoint]] = []
        self._planted: deque[Planted] = deque(maxlen=remember)
        self._until = start - history

    def until(self, now: int, most: int | None = None) -> list[Touchpoint]:
        """What has become due since the last call, up to and including `now` (ms), in order of `due`.

        With `most`, the first so many of it; ask again for the rest.
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
        # Others may be due in the same millisecond as the last.
        self._until = max(self._until, due[-1].due - 1)
        return due

    def planted(self, now: int) -> list[Planted]:
        """The frictions that can be known at `now` (ms) from what was due until then.

        Raises:
            ValueError: `now` is past what `until` has handed out.
        """
        if now > self._until:
            raise ValueError("the future is not planted yet: call until(now) first")
        known = (planted.as_known(now) for planted in self._planted)
        return [planted for planted in known if planted is not None]

    def next_due(self) -> int:
        """When the next touchpoint may become due, in ms."""
        arrival = ceil(self._next_customer)
        return min(arrival, self._coming[0][0]) if self._coming else arrival

    def _welcome(self) -> None:
        at = self._next_customer
        past, present = self._customers_per_ms
        lively = at >= self._lively_from
        broken = self._outage is not None and self._outage.begin <= at < self._outage.end
        pace = present if lively else past
        if broken and self._outage is not None:
            pace = max(pace, self._outage.customers_per_second / 1000)
        self._next_customer += self._random.expovariate(pace)
        if not lively and not broken and self._random.randrange(10) >= _BUSY[int(at // HOUR) % 24]:
            return
        self._customers += 1
        storyline = cannot_pay if broken and self._random.random() < 0.5 else self._choose()
        story = tell(storyline, f"{self._name}:{self._customers}", int(at))
        self._planted.extend(story.planted)
        for touchpoint in story.touchpoints:
            heappush(self._coming, (touchpoint.due, touchpoint.id, touchpoint))

    def _choose(self) -> Storyline:
        return self._random.choices(_STORYLINES, cum_weights=_SHARES)[0]


def tell(storyline: Storyline, key: str, begin: int) -> Story:
    """One customer's story, begun at `begin` (ms); `key` names the customer."""
    story = Story(key, begin)
    storyline(story)
    story.fall_silent()
    return story


def _cumulated(shares: Sequence[int]) -> list[int]:
    return [sum(shares[: end + 1]) for end in range(len(shares))]


def _touchpoints_per_customer() -> float:
    lengths = {one: len(tell(one, one.__name__, 0).touchpoints) for one in STORYLINES}
    return sum(lengths[one] * share for one, share in STORYLINES.items()) / sum(STORYLINES.values())


_STORYLINES = tuple(STORYLINES)
_SHARES = _cumulated(tuple(STORYLINES.values()))
