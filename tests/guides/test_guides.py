"""Each guide runs as it is written: its events are stored, and the frictions that it promises are found."""

import shutil
from dataclasses import dataclass
from typing import Any

import pytest

from tests.guides.conftest import Open
from tests.process.conftest import Running
from tests.waiting import wait_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed"),
]

EVENTS = """SELECT type, channel, identifiers, data, context FROM events WHERE source = '{source}'
    ORDER BY time, id"""
FRICTIONS = "SELECT DISTINCT rule FROM current_frictions WHERE source = '{source}'"


@dataclass(frozen=True)
class Program:
    """A guide whose program runs while its customers do something.

    Attributes:
        guide: The page.
        source: The source of its events.
        identifiers: The identifiers of its events.
        types: How many events of each type, by channel.
    """

    guide: str
    source: str
    identifiers: frozenset[str]
    types: dict[tuple[str, str], int]


PROGRAMS = [
    Program(
        "fastapi",
        "shop-api",
        frozenset({"account:u-17", "device:phone-1"}),
        {
            ("identity.linked", "web"): 1,
            ("checkout.started", "web"): 4,
            ("checkout.step_completed", "web"): 4,
            ("payment.failed", "web"): 2,
            ("order.placed", "web"): 1,
            ("order.failed", "web"): 1,
        },
    ),
    Program(
        "flask",
        "support",
        frozenset({"account:u-18"}),
        {
            ("help.searched", "web"): 1,
            ("help.failed", "web"): 1,
            ("contact.started", "email"): 1,
            ("request.denied", "web"): 1,
        },
    ),
    Program(
        "django",
        "service",
        frozenset({"account:1"}),
        {
            ("return.requested", "web"): 1,
            ("request.denied", "web"): 1,
            ("promise.made", "web"): 1,
        },
    ),
    Program(
        "celery",
        "calls",
        frozenset({"account:u-20", "account:u-21"}),
        {
            ("promise.made", "web"): 2,
            ("contact.started", "phone"): 2,
            ("contact.ended", "phone"): 2,
            ("promise.kept", "web"): 1,
            ("promise.broken", "web"): 1,
        },
    ),
]


def _counts(events: list[dict[str, Any]]) -> dict[tuple[str, str], int]:
    """How many events there are of each type, by channel."""
    kinds = [(event["type"], event["channel"]) for event in events]
    return {kind: kinds.count(kind) for kind in kinds}


def _expect_frictions(up: Running, source: str, promised: set[str]) -> None:
    """The frictions of a source become those that a guide promises."""
    assert promised
    found: set[str] = set()

    def are_there() -> bool:
        found.update(row["rule"] for row in up.rows(FRICTIONS.format(source=source)))
        return found >= promised

    wait_for(are_there, 30)
    assert found == promised


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.guide)
def test_the_program_of_a_guide(program: Program, up: Running, open_guide: Open) -> None:
    """The program starts, its customers' steps are stored as events, and the promised frictions are found."""
    guide = open_guide(program.guide)
    guide.write_files()
    with guide.running("Run it"):
        guide.do("Try it")
        expected = sum(program.types.values())
        wait_for(lambda: len(up.rows(EVENTS.format(source=program.source))) >= expected, 30)
    events = up.rows(EVENTS.format(source=program.source))
    assert _counts(events) == program.types
    assert {name for event in events for name in event["identifiers"]} == program.identifiers
    assert all(event["identifiers"] for event in events)
    _expect_frictions(up, program.source, guide.frictions())


def test_the_test_of_the_flask_guide(open_guide: Open) -> None:
    """The guide's own test passes with the recorder, without a collector."""
    guide = open_guide("flask")
    guide.write_files()
    assert "1 passed" in guide.do("Test it")
