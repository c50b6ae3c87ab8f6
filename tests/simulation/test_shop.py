import threading
from time import monotonic
from typing import Any

import pytest

from tests.waiting import wait_for
from touchline.sdk import Accepted, Batch, Memory, Outcome, Touchline
from touchline.simulation import Retailer
from touchline.simulation.shop import PORTION, Shop
from touchline.simulation.story import HOUR, MINUTE

START = 1_790_000_000_000


def retailer() -> Retailer:
    return Retailer(4, START, history=6 * HOUR, rate=0.2)


def kept(shop: Shop) -> list[dict[str, Any]]:
    """What the memory transports of a shop's clients hold, without what the SDK stamped."""
    events = []
    for client in shop.clients.values():
        assert isinstance(client.transport, Memory)
        events += [
            {name: event[name] for name in event if name != "sent_at"} for event in client.transport.events
        ]
    return sorted(events, key=lambda event: event["id"])


def expected(now: int) -> list[dict[str, Any]]:
    return sorted((one.envelope() for one in retailer().until(now)), key=lambda event: event["id"])


def test_the_past_is_sent_and_then_what_becomes_due() -> None:
    """Every touchpoint up to now is sent once as a native event of its source, and goes on as time does."""
    now = START
    shop = Shop(retailer(), lambda source: Touchline("memory://", source=source), lambda: now)
    shop.start()
    assert shop.caught_up.wait(20)
    past = expected(START)
    assert len(past) > PORTION
    assert kept(shop) == past
    now = START + 5 * MINUTE
    later = expected(now)
    assert len(later) > len(past)
    wait_for(lambda: len(kept(shop)) == len(later))
    assert kept(shop) == later
    assert shop.stop()
    assert not any(client.stats.lost for client in shop.clients.values())


class Gate:
    """A collector that answers only while it is open."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.taken = 0

    def send(self, batch: Batch) -> Outcome:
        self.open.wait(30)
        self.taken += len(batch.lines)
        return Accepted()

    def close(self) -> None:
        self.open.set()

    def forked(self) -> None:
        raise AssertionError("nothing forks here")


def test_a_collector_that_does_not_answer_loses_nothing() -> None:
    """While the collector is stuck no more than a portion is under way; all of it follows when it answers."""
    gates: dict[str, Gate] = {}

    def connect(source: str) -> Touchline:
        gates[source] = Gate()
        return Touchline(gates[source], source=source)

    shop = Shop(retailer(), connect, lambda: START)
    shop.start()
    wait_for(lambda: sum(client.stats.pending for client in shop.clients.values()) == PORTION)
    assert not shop.caught_up.wait(1.5)
    assert sum(client.stats.emitted for client in shop.clients.values()) == PORTION
    for gate in gates.values():
        gate.open.set()
    assert shop.caught_up.wait(20)
    assert sum(gate.taken for gate in gates.values()) == len(expected(START))
    assert shop.stop()


@pytest.mark.parametrize("started", [True, False])
def test_closing_takes_no_longer_than_its_limit(started: bool) -> None:
    """A shop whose collector is stuck closes within the time it is given, and says that it lost something."""
    gates: list[Gate] = []

    def connect(source: str) -> Touchline:
        gates.append(Gate())
        return Touchline(gates[-1], source=source)

    shop = Shop(retailer(), connect, lambda: START)
    if started:
        shop.start()
        wait_for(lambda: any(client.stats.pending for client in shop.clients.values()))
    began = monotonic()
    assert shop.stop(0.5) is not started
    assert monotonic() - began < 4
    for gate in gates:
        gate.open.set()
