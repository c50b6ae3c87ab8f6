"""A member of a consumer group, with an injected clock and broker."""

import asyncio

import pytest

from touchline.runtime.faust_adapter import Heartbeat
from touchline.runtime.membership import CONFIRMED_SECONDS, LEAVE_SECONDS, UNASSIGNED, Membership


class Broker:
    """Answers heartbeats, and counts them."""

    def __init__(self) -> None:
        self.answer, self.heartbeats, self.now = Heartbeat(True, 3), 0, 100.0

    async def heartbeat(self) -> Heartbeat:
        """Answer as set."""
        self.heartbeats += 1
        return self.answer


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def member(broker: Broker) -> Membership:
    """A member of generation 3."""
    membership = Membership(broker.heartbeat, lambda: broker.now)
    membership.assign(3)
    return membership


def test_a_heartbeat_confirms_for_a_while(broker: Broker, member: Membership) -> None:
    """A new assignment is not confirmed; one heartbeat confirms it for `CONFIRMED_SECONDS`."""
    assert not member.is_confirmed()
    assert asyncio.run(member.confirm())
    assert asyncio.run(member.confirm())
    assert broker.heartbeats == 1
    broker.now += CONFIRMED_SECONDS
    assert not member.is_confirmed()
    assert asyncio.run(member.confirm())
    assert broker.heartbeats == 2


def test_a_refused_heartbeat_of_another_generation_ends_the_assignment(
    broker: Broker, member: Membership
) -> None:
    """A refusal alone may be a broker that is away; with another generation the partitions are lost."""
    broker.answer = Heartbeat(False, 3)
    assert not asyncio.run(member.confirm())
    assert member.leave_by > broker.now
    broker.answer = Heartbeat(False, UNASSIGNED)
    assert not asyncio.run(member.confirm())
    assert member.leave_by < broker.now
    broker.answer = Heartbeat(True, 4)
    assert not asyncio.run(member.confirm())


def test_a_rebalance_leaves_time_for_the_current_flush(broker: Broker, member: Membership) -> None:
    """Until `LEAVE_SECONDS` after its beginning the assignment can be confirmed, and not after that."""
    member.begin_revocation()
    broker.now += LEAVE_SECONDS - 1
    assert asyncio.run(member.confirm())
    broker.now += 1
    assert not asyncio.run(member.confirm())
    member.revoke()
    assert member.generation == UNASSIGNED
