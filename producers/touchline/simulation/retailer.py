"""The simulated retailer: each customer follows a storyline, and touchpoints are returned when they are due.

Touchpoints and planted frictions depend on the seed and the start alone, however often `until` is called.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from math import ceil
from random import Random

from touchline.simulation.story import DAY, HOUR, NOTHING, Planted, Story, Touchpoint
from touchline.simulation.storylines import STORYLINES, Storyline
from touchline.simulation.storylines.service import waits_for_a_parcel
from touchline.simulation.storylines.shopping import cannot_pay

_BUSY = (3, 2, 2, 2, 2, 3, 5, 8, 9, 10, 10, 10, 10, 10, 9, 9, 9, 10, 10, 10, 9, 8, 6, 4)
"""Traffic of each hour of a day (UTC), in tenths of the peak."""


@dataclass(frozen=True, slots=True)
class Outage:
    """Between `begin` and `end` (ms since 1970) many payments fail, most of them by bank transfer.

    Half of the customers of that time try in vain; at least `customers_per_second` customers arrive.
    """

    begin: int
    end: int
    customers_per_second: float = 0.2


@dataclass(frozen=True, slots=True)
class Fix:
    """A change at `at` (ms since 1970) after which fewer parcels are late: a `change.deployed` says so.

    Before it, `times` as many customers wait for a parcel as after it.
    """

    at: int
    times: int = 4

    def deployed(self) -> Touchpoint:
        """The event of the change."""
        data = {
            "change_id": "carrier-2",
            "title": "Delivery days come from the carrier's own calendar",
            "rule": "delivery_late",
        }
        return Touchpoint(
            id=f"carrier-2-{self.at}", type="change.deployed", time=self.at, due=self.at, channel="web",
            source="releases", identifiers={"change": "carrier-2"}, data=data, context=NOTHING,
        )  # fmt: skip


class Retailer:
    """A retailer whose frictions are known.

    Args:
        seed: Decides everything, together with `start`.
        start: The time at which the past ends, in ms since 1970.
        history: Length of the past, in ms.
        rate: Touchpoints per second in the busiest hours, in the past as later.
        remember: Planted frictions kept for `planted`; older ones are dropped.
        outage: When many payments fail, if ever.
        fix: A change that makes late parcels rarer, if any.
        causes: Whether the planted causes make frictions more frequent.

    Memory: the future touchpoints of active customers, bounded by `rate` times the duration of a storyline,
    and `remember` planted frictions.
    """

    def __init__(
        self,
        seed: int,
        start: int,
        *,
        history: int = 7 * DAY,
        rate: float = 0.05,
        remember: int = 100_000,
        outage: Outage | None = None,
        fix: Fix | None = None,
        causes: bool = True,
    ) -> None:
        self._causes = causes
        self._outage = outage
        self._fix = fix
        self._name = f"{seed}:{start}"
        self._random = Random(self._name)  # noqa: S311 - a simulation
        self._customers_per_ms = rate / _touchpoints_per_customer() / 1000
        self._customers = 0
        self._next_customer = float(start - history)
        times = 1 if fix is None else fix.times
        before = {**STORYLINES, waits_for_a_parcel: STORYLINES[waits_for_a_parcel] * times}
        self._shares_before = _cumulated(tuple(before.values()))
        self._coming: list[tuple[int, str, Touchpoint]] = []
        if fix is not None and fix.at >= start - history:
            self._coming.append((fix.at, "", fix.deployed()))
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
        broken = self._is_broken(at)
        self._next_customer = self._arrival_after(at)
        if not broken and self._random.randrange(10) >= _BUSY[int(at // HOUR) % 24]:
            return
        self._customers += 1
        storyline = cannot_pay if broken and self._random.random() < 0.5 else self._choose(at)
        story = simulate(storyline, f"{self._name}:{self._customers}", int(at), causes=self._causes)
        self._planted.extend(story.planted)
        for touchpoint in story.touchpoints:
            heappush(self._coming, (touchpoint.due, touchpoint.id, touchpoint))

    def _arrival_after(self, at: float) -> float:
        """When the next customer arrives; an interval that reaches another pace is drawn again from there.

        Intervals are exponential, so what has passed says nothing about what is left.
        """
        changes = []
        if self._outage is not None:
            changes = [float(self._outage.begin), float(self._outage.end)]
        while True:
            pace = self._customers_per_ms
            if self._outage is not None and self._is_broken(at):
                pace = max(pace, self._outage.customers_per_second / 1000)
            arrival = at + self._random.expovariate(pace)
            crossed = [change for change in changes if at < change <= arrival]
            if not crossed:
                return arrival
            at = min(crossed)

    def _is_broken(self, at: float) -> bool:
        return self._outage is not None and self._outage.begin <= at < self._outage.end

    def _choose(self, at: float) -> Storyline:
        fixed = self._fix is None or at >= self._fix.at
        shares = _SHARES if fixed else self._shares_before
        return self._random.choices(_STORYLINES, cum_weights=shares)[0]


def simulate(storyline: Storyline, key: str, begin: int, *, causes: bool = True) -> Story:
    """The story of a customer that starts at `begin` (ms); `key` names the customer."""
    story = Story(key, begin, causes=causes)
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
