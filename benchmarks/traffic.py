"""The demo's traffic, accepted and decoded beforehand, and the orders in which it can arrive."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

import msgspec
import orjson
from msgspec.structs import replace

from touchline.collector.acceptance import accept_each
from touchline.identity import Identities
from touchline.simulation import Retailer
from touchline.vocabulary.event import Event

START = 1_790_000_000_000
"""The retailer's present, ms since 1970: fixed, so that everybody measures the same traffic."""

SEED = 1
DAYS = 7
_DAY_MS = 86_400_000

T = TypeVar("T")

_decode = msgspec.json.Decoder(Event).decode


@dataclass(frozen=True)
class Traffic:
    """A week of the demo's retailer, as busy as the number of events asks: events in order of time.

    `customers` is whose each event is once all are known, `lines` the log's JSON of each.
    """

    events: list[Event]
    customers: list[str]
    lines: list[bytes]

    @property
    def end(self) -> int:
        """A time (ms) by which every deadline has passed."""
        return self.events[-1].time + 400 * _DAY_MS

    @property
    def told_lines(self) -> list[bytes]:
        """The lines, where each event names its customer and nobody else: there is no identity to decide."""
        return [
            orjson.dumps({**orjson.loads(line), "entity": customer, "identifiers": [customer]})
            for customer, line in zip(self.customers, self.lines, strict=True)
        ]

    def linked_late(self, share: float) -> list[Event]:
        """The same events, where a share of the customers is known by a device until its last event."""
        random = Random(SEED)  # noqa: S311 - a simulation
        anonymous = {
            name: f"device:linked-late-{number}"
            for number, name in enumerate(dict.fromkeys(self.customers))
            if random.random() < share and not name.startswith("device:")
        }
        last = dict(zip(self.customers, self.events, strict=True))
        return [
            event
            if name not in anonymous
            else replace(
                event, identifiers=(name, anonymous[name]) if event is last[name] else (anonymous[name],)
            )
            for name, event in zip(self.customers, self.events, strict=True)
        ]


def robot_traffic(events: int, late: int) -> tuple[list[Event], list[Event]]:
    """A robot's events, one a minute, in order, and `late` ones, a minute to three days behind the last."""
    random = Random(SEED)  # noqa: S311 - a simulation
    types = ("page.viewed", "search.performed", "cart.updated", "help.failed", "element.dead_clicked")

    def made(name: str, time: int) -> Event:
        return Event(
            id=name,
            type=types[random.randrange(len(types))],
            time=time,
            channel="kiosk",
            source="store-3",
            identifiers=("device:robot",),
        )

    in_order = [made(f"robot-{number}", START + number * 60_000) for number in range(events)]
    end = in_order[-1].time
    behind = (round(60_000 * (3 * 24 * 60) ** random.random()) for _ in range(late))
    return in_order, [made(f"late-{number}", end - delay - 1) for number, delay in enumerate(behind)]


def demo_traffic(events: int) -> Traffic:
    """So many events of the demo's retailer, through the collector's acceptance."""
    # Not every hour is busy, and stories go on past the present: half as many again are enough.
    rate = 1.5 * events / (DAYS * 86_400) + 0.01
    retailer = Retailer(SEED, START, history=DAYS * _DAY_MS, history_rate=rate, rate=rate)
    touchpoints = retailer.until(START + DAYS * _DAY_MS, events)
    raws = (orjson.dumps(touchpoint.envelope()) for touchpoint in touchpoints)
    accepted = accept_each(raws, received_at_ms=START + 2 * DAYS * _DAY_MS, producer="demo")
    if len(accepted.batch.touchpoints) != events:
        raise RuntimeError(f"{events} events were asked for, {len(accepted.batch.touchpoints)} accepted")
    pairs = sorted(
        ((_decode(line), line) for line in accepted.batch.touchpoints), key=lambda pair: pair[0].order
    )
    ordered = [event for event, _ in pairs]
    identities = Identities()
    identities.observe([event.identifiers for event in ordered])
    return Traffic(
        ordered, [identities.customer_of(event.entity) for event in ordered], [line for _, line in pairs]
    )


def arrivals(traffic: Traffic, late: float, flush: int) -> list[int]:
    """Places of events in the order in which they arrive, of which a share comes `late`.

    A late one is delayed by a minute to three days (each length as likely as one twice as long), and at
    least to a flush behind that of a later event of its customer: every one of them is out of order.
    """
    random = Random(SEED)  # noqa: S311 - a simulation
    times = [event.time for event in traffic.events]
    following = _following(traffic.customers)
    # An event that its customer's last one cannot follow is never late: the others are it more often.
    share = late * len(times) / max(1, sum(place is not None for place in following))
    arriving: list[float] = []
    for place, next_one in enumerate(following):
        if next_one is None or random.random() >= share:
            arriving.append(place)
        else:
            delay = 60_000 * (3 * 24 * 60) ** random.random()
            arriving.append(max(bisect_left(times, times[place] + delay), next_one + 1.1 * flush) + 0.5)
    return sorted(range(len(times)), key=arriving.__getitem__)


def flushes(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """The items in order, cut into flushes."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def _following(customers: Iterable[str]) -> list[int | None]:
    """For each event, the place of its customer's next one."""
    following: list[int | None] = []
    last: dict[str, int] = {}
    for place, customer in enumerate(customers):
        if customer in last:
            following[last[customer]] = place
        last[customer] = place
        following.append(None)
    return following
