"""When the relay looks at the disk, and when it leaves a disk alone that failed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from touchline.sdk import Accepted, Limits
from touchline.sdk.delivery.buffer import Buffer
from touchline.sdk.delivery.ledger import Ledger, Part
from touchline.sdk.delivery.loss import Losses
from touchline.sdk.delivery.pace import Pace, Timing
from touchline.sdk.delivery.problem import Problems
from touchline.sdk.delivery.relay import LOOK_SECONDS, Relay
from touchline.sdk.delivery.spool import Spool

PARTS = [Part(0, 1, [b"{}"])]


@pytest.fixture
def clock() -> list[float]:
    return [1_000.0]


@pytest.fixture
def relay_to(clock: list[float]) -> Callable[[Path], Relay]:
    def create(path: Path) -> Relay:
        limits, timing, problems = Limits(), Timing(now=lambda: clock[0], wall=lambda: clock[0]), Problems()
        ledger = Ledger(Buffer(limits), Losses(None, problems), limits)
        return Relay(Spool(path, limits), ledger, problems, Pace(limits, timing), limits, timing)

    return create


def test_what_was_just_written_is_sent_without_waiting_for_the_next_look(
    tmp_path: Path, clock: list[float], relay_to: Callable[[Path], Relay]
) -> None:
    """An empty disk is looked at again after a while; a batch that is written makes it due at once."""
    relay = relay_to(tmp_path / "s.sqlite")
    relay.forward(lambda batch: Accepted())
    assert relay.due_in == LOOK_SECONDS
    assert relay.keep(PARTS)
    assert relay.due_in <= 0
    relay.close()


def test_a_disk_that_failed_is_left_alone_for_a_while(
    tmp_path: Path, clock: list[float], relay_to: Callable[[Path], Relay]
) -> None:
    """After a failed write, threads that track do not try another until the next look."""
    (tmp_path / "file").write_text("no folder")
    relay = relay_to(tmp_path / "file" / "s.sqlite")
    assert relay.may_spill
    assert not relay.keep(PARTS)
    assert not relay.may_spill
    clock[0] += LOOK_SECONDS
    assert relay.may_spill
