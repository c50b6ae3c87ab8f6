"""The demo's traffic, accepted and decoded in advance, and the orders in which it can arrive."""

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
from touchline.vocabulary.order import place

START = 1_790_000_000_000
"""The simulated retailer's present (ms since 1970): fixed, so that every run measures the same traffic."""

SEED = 1
DAYS = 7
_DAY_MS = 86_400_000

T = TypeVar("T")

_decode = msgspec.json.Decoder(Event).decode


@dataclass(frozen=True)
class Traffic:
    """A week of the demo's retailer: its events in order of time.

    Attributes:
        events: The decoded events.
        customers: Each event's customer once all identifiers are linked.
        lines: Each event as JSON, as the log keeps it.
    """

    events: list[Event]
    customers: list[str]
    lines: list[bytes]

    @property
    def end(self) -> int:
        """A time (ms) after every deadline."""
        return self.events[-1].time + 400 * _DAY_MS

    @property
    def lines_by_customer(self) -> list[bytes]:
        """The lines with the customer as each event's only identifier: no identity has to be decided."""
        return [
            orjson.dumps({**orjson.loads(line), "entity": customer, "identifiers": [customer]})
            for customer, line in zip(self.customers, self.lines, strict=True)
        ]

    def linked_late(self, share: float) -> list[Event]:
        """The same events, with a share of the customers known only by a device until their last event."""
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
    """One device's events, one per minute, and `late` events a minute to three days older than the last."""
    random = Random(SEED)  # noqa: S311 - a simulation
    types = ("page.viewed", "search.performed", "cart.updated", "help.failed", "element.dead_clicked")

    def event(name: str, time: int) -> Event:
        return Event(
            id=name,
            type=types[random.randrange(len(types))],
            time=time,
            channel="kiosk",
            source="store-3",
            identifiers=("device:robot",),
        )

    in_order = [event(f"robot-{number}", START + number * 60_000) for number in range(events)]
    end = in_order[-1].time
    delays = (round(60_000 * (3 * 24 * 60) ** random.random()) for _ in range(late))
    return in_order, [event(f"late-{number}", end - delay - 1) for number, delay in enumerate(delays)]


def demo_traffic(events: int) -> Traffic:
    """Exactly `events` events of the demo's retailer, accepted by the collector's own code."""
    # Generate half as many again: quiet hours, and stories that end after the present, lose up to a third.
    rate = 1.5 * events / (DAYS * 86_400) + 0.01
    retailer = Retailer(SEED, START, history=DAYS * _DAY_MS, rate=rate)
    touchpoints = retailer.until(START + DAYS * _DAY_MS, events)
    raws = (orjson.dumps(touchpoint.envelope()) for touchpoint in touchpoints)
    accepted = accept_each(raws, received_at_ms=START + 2 * DAYS * _DAY_MS, producer="demo")
    if len(accepted.batch.touchpoints) != events:
        raise RuntimeError(f"{len(accepted.batch.touchpoints)} of {events} events were accepted")
    pairs = sorted(
        ((_decode(line), line) for line in accepted.batch.touchpoints), key=lambda pair: place(pair[0])
    )
    ordered = [event for event, _ in pairs]
    identities = Identities()
    identities.observe([event.identifiers for event in ordered])
    return Traffic(
        ordered, [identities.customer_of(event.entity) for event in ordered], [line for _, line in pairs]
    )


def arrivals(traffic: Traffic, late: float, flush: int) -> list[int]:
    """The indexes of the events in order of arrival, with a share `late` of them out of order.

    A late event is delayed by a minute to three days (log-uniform), and at least until one flush after the
    customer's next event, so that each late event really is out of order.
    """
    random = Random(SEED)  # noqa: S311 - a simulation
    times = [event.time for event in traffic.events]
    following = _following(traffic.customers)
    # A customer's last event cannot be late, so the others are late more often.
    share = late * len(times) / max(1, sum(index is not None for index in following))
    arriving: list[float] = []
    for index, next_index in enumerate(following):
        if next_index is None or random.random() >= share:
            arriving.append(index)
        else:
            delay = 60_000 * (3 * 24 * 60) ** random.random()
            arriving.append(max(bisect_left(times, times[index] + delay), next_index + 1.1 * flush) + 0.5)
    return sorted(range(len(times)), key=arriving.__getitem__)


def flushes(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """The items in order, in flushes of `size`."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def _following(customers: Iterable[str]) -> list[int | None]:
    """For each event, the index of its customer's next event, if there is one."""
    following: list[int | None] = []
    last: dict[str, int] = {}
    for index, customer in enumerate(customers):
        if customer in last:
            following[last[customer]] = index
        last[customer] = index
        following.append(None)
    return following
