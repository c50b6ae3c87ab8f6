"""Each guide runs as it is written: its events are stored, and the frictions that it promises are found."""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from selenium.webdriver import ActionChains, Chrome

from tests.guides.conftest import Open
from tests.guides.guide import GUIDES, Guide, free_port
from tests.guides.line import line_up
from tests.process.conftest import Running
from tests.waiting import wait_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed"),
]

PACK = Path(__file__).parents[2] / "streams" / "touchline" / "rules" / "packs" / "default.yaml"
TITLES = {rule["id"]: rule["title"] for rule in yaml.safe_load(PACK.read_text(encoding="utf-8"))["rules"]}
"""The titles of the rules, as the page shows them."""

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
        sends_last: Whether it sends its last events when it is stopped at once.
    """

    guide: str
    source: str
    identifiers: frozenset[str]
    types: dict[tuple[str, str], int]
    sends_last: bool = True


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
        # Django's server for development ends at once.
        sends_last=False,
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
        # A worker that is stopped leaves tasks in the queue.
        sends_last=False,
    ),
    Program(
        "call-centre",
        "switchboard",
        frozenset({"phone:+442079460031", "phone:+442079460032"}),
        {
            ("contact.started", "phone"): 2,
            ("contact.queued", "phone"): 2,
            ("contact.answered", "phone"): 1,
            ("contact.held", "phone"): 1,
            ("contact.resumed", "phone"): 1,
            ("contact.transferred", "phone"): 2,
            ("contact.abandoned", "phone"): 1,
            ("contact.ended", "phone"): 1,
            ("promise.made", "phone"): 1,
        },
    ),
]


def _counts(events: list[dict[str, Any]]) -> dict[tuple[str, str], int]:
    """How many events there are of each type, by channel."""
    kinds = [(event["type"], event["channel"]) for event in events]
    return {kind: kinds.count(kind) for kind in kinds}


def _expect_frictions(up: Running, source: str, guide: Guide, chromium: Chrome) -> None:
    """The frictions of a source become those that a guide promises, and its customers' pages show them."""
    promised = guide.frictions()
    assert promised
    found: set[str] = set()

    def are_there() -> bool:
        found.update(row["rule"] for row in up.rows(FRICTIONS.format(source=source)))
        return found >= promised

    wait_for(are_there)
    assert found == promised
    shown = ""

    def are_shown() -> bool:
        nonlocal shown
        for url in guide.customers():
            chromium.get(url)
            wait_for(lambda: chromium.find_elements("tag name", "h1"))
            shown += chromium.find_element("tag name", "body").text
        return all(TITLES[rule] in shown for rule in promised)

    wait_for(are_shown, 60)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.guide)
def test_the_program_of_a_guide(program: Program, up: Running, open_guide: Open, chromium: Chrome) -> None:
    """The program starts, its customers' steps are stored as events, and the promised frictions are found.

    Where a program is stopped right after them, as servers are, nothing is lost.
    """
    guide = open_guide(program.guide)
    guide.write_files()

    def are_stored() -> bool:
        return len(up.rows(EVENTS.format(source=program.source))) >= sum(program.types.values())

    with guide.running("Run it"):
        guide.do("Try it")
        if not program.sends_last:
            wait_for(are_stored)
    wait_for(are_stored)
    events = up.rows(EVENTS.format(source=program.source))
    assert _counts(events) == program.types
    assert {name for event in events for name in event["identifiers"]} == program.identifiers
    assert all(event["identifiers"] for event in events)
    _expect_frictions(up, program.source, guide, chromium)


def test_the_browser_guide(up: Running, open_guide: Open, chromium: Chrome) -> None:
    """In a real browser, the page with its own key reports a customer's steps, and the button is friction."""
    guide = open_guide("browser-shop")
    printed = re.search(r"tlb_[\w-]+", guide.do("What you need"))
    assert printed is not None
    guide.write_files({"tlb_…": printed[0]})
    with guide.running("Run it"):
        chromium.get(f"http://localhost:{guide.port}/?user=u-22")
        wait_for(
            lambda: chromium.execute_script("return !!window.touchline && !Array.isArray(window.touchline)"),
            20,
        )
        chromium.find_element("id", "add").click()
        pay = ActionChains(chromium, duration=0).move_to_element(chromium.find_element("id", "pay"))
        for _ in range(4):
            pay.click()
        pay.perform()
        wait_for(lambda: len(up.rows(EVENTS.format(source="boots"))) >= 5)
    events = up.rows(EVENTS.format(source="boots"))
    assert _counts(events) == {
        ("page.viewed", "web"): 1,
        ("identity.linked", "web"): 1,
        ("cart.updated", "web"): 1,
        ("element.rage_clicked", "web"): 1,
        ("element.dead_clicked", "web"): 1,
    }
    devices = [name for event in events for name in event["identifiers"] if name.startswith("device:")]
    assert (len(devices), len(set(devices))) == (5, 1)
    for event in events:
        assert event["type"] == "page.viewed" or "account:u-22" in event["identifiers"], event["type"]
    _expect_frictions(up, "boots", guide, chromium)


def test_the_guide_of_the_tills(up: Running, open_guide: Open, chromium: Chrome) -> None:
    """Two tills sell while the line is down, and end; a third one sends the events of all, each once."""
    port = free_port()
    guide = open_guide("tills", f"http://127.0.0.1:{port}")
    guide.write_files()
    assert guide.do("Sell while the line is down").count("done: ") == 5
    assert any((guide.folder / "spool").iterdir())
    with line_up(port, urlsplit(up.server.url).port or 0):
        guide.do("When the line is back")
        wait_for(lambda: len(up.rows(EVENTS.format(source="store-berlin"))) >= 8)
        events = up.rows(EVENTS.format(source="store-berlin"))
        assert _counts(events) == {
            ("order.placed", "store"): 3,
            ("order.failed", "store"): 1,
            ("request.denied", "store"): 1,
            ("visit.started", "store"): 1,
            ("assistance.requested", "store"): 1,
            ("visit.ended", "store"): 1,
        }
        assert {(*event["identifiers"], json.loads(event["context"])["till"]) for event in events} == {
            ("loyalty:L-31", "1"),
            ("loyalty:L-32", "2"),
            ("loyalty:L-33", "2"),
            ("terminal:till-2", "2"),
            ("loyalty:L-31", "3"),
        }
        _expect_frictions(up, "store-berlin", guide, chromium)


def test_the_test_of_the_flask_guide(open_guide: Open) -> None:
    """The guide's own test passes with the recorder, without a collector."""
    guide = open_guide("flask")
    guide.write_files()
    assert "1 passed" in guide.do("Test it")


def test_every_guide_has_a_test() -> None:
    """Each page of docs/guides is run by a test of this module."""
    tested = {program.guide for program in PROGRAMS} | {"browser-shop", "tills"}
    assert tested == {page.stem for page in GUIDES.glob("*.md")}
