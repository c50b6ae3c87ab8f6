"""Files with several events of one moment: they come in the order in which they happen, whatever the ids."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import orjson
import pytest
from typer.testing import Result

from touchline.live.customers.history import load
from touchline.store import open_store
from touchline.vocabulary.normaliser import PLAIN

CASES = Path(__file__).parents[2].parent / "shared" / "cases" / "01-ties"

CALLS = 12

Command = Callable[..., Result]
Folder = Callable[[Path], Path]
Ask = Callable[[Path, str], list[dict[str, Any]]]

ROWS = """\
call,at,queue,answered,waited
a1,2026-03-01 08:22:50,billing,yes,120
a2,2026-03-01 09:41:03,billing,no,
a3,2026-03-01 10:15:00,orders,no,
a4,2026-03-01 11:10:48,orders,yes,15
"""
"""One time a row, for everything that happened in the call."""

MAPPING = """
source: desk
events:
  - type: contact.abandoned
    where: {answered: "no"}
    id: "{call}"
    time: {column: at, zone: UTC}
    channel: phone
    identifiers: {call: call}
    data: {contact_id: call}
  - type: contact.answered
    where: {answered: "yes"}
    id: "{call}"
    time: {column: at, zone: UTC}
    channel: phone
    identifiers: {call: call}
    data: {contact_id: call, wait_seconds: {column: waited, as: float}}
  - type: contact.queued
    id: "{call}"
    time: {column: at, zone: UTC}
    channel: phone
    identifiers: {call: call}
    data: {contact_id: call, queue: queue}
"""


def _abandoned(data: Path, ask: Ask) -> int:
    [row] = ask(data, "SELECT count() AS n FROM current_frictions WHERE rule = 'queue_abandoned'")
    return int(row["n"])


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    """Calls that are queued and abandoned at one time, with ids by chance, all of one customer."""
    chance = Random(1)
    lines = [
        orjson.dumps(
            {
                "id": str(UUID(int=chance.getrandbits(128))),
                "type": kind,
                "time": f"2025-11-20T00:{number:02}:00Z",
                "channel": "phone",
                "source": "pbx",
                "identifiers": {"account": "ada"},
                "data": {"contact_id": f"c{number}"},
            }
        )
        for number in range(CALLS)
        for kind in ("contact.queued", "contact.abandoned")
    ]
    chance.shuffle(lines)
    file = tmp_path / "calls.jsonl"
    file.write_bytes(b"\n".join(lines))
    return file


def test_calls_queued_and_abandoned_at_one_time_are_abandoned(
    calls: Path, tmp_path: Path, touchline: Command, ask: Ask, with_store: Folder
) -> None:
    """Each of them is a friction; `customer show` and the customer's page give the events in order."""
    data = with_store(tmp_path / "data")
    assert touchline("import", calls, "--data", data).exit_code == 0
    assert _abandoned(data, ask) == CALLS
    story = orjson.loads(touchline("customer", "show", "account:ada", "--data", data, "--json").stdout)
    assert [event["type"] for event in story["events"]] == ["contact.queued", "contact.abandoned"] * CALLS
    with open_store(data / "store") as store:
        [journey] = load(store, "account:ada", PLAIN, {}).journeys
    titles = [row.title for row in journey.rows if row.kind == "event"]
    assert titles == ["Contact queued", "Contact abandoned"] * CALLS


def test_a_row_for_each_call_gives_what_happened_in_it(
    tmp_path: Path, touchline: Command, ask: Ask, with_store: Folder
) -> None:
    """All events of a row have its time, and ids that begin with the type: the unanswered are abandoned."""
    (tmp_path / "calls.csv").write_text(ROWS)
    (tmp_path / "calls.yaml").write_text(MAPPING)
    data = with_store(tmp_path / "data")
    done = touchline("import", tmp_path / "calls.csv", "--map", tmp_path / "calls.yaml", "--data", data)
    assert done.exit_code == 0, done.output
    assert _abandoned(data, ask) == 2
    rows = ask(data, "SELECT outcome, count() AS n FROM current_journeys GROUP BY outcome ORDER BY outcome")
    assert rows == [{"outcome": "abandoned", "n": 2}, {"outcome": "open", "n": 2}]


@pytest.mark.parametrize(
    ("file", "mapping", "abandoned"),
    [("ties.jsonl", None, 100), ("row_per_call.csv", "row_per_call.yaml", 26)],
)
def test_cases_of_ties_are_right(
    file: str,
    mapping: str | None,
    abandoned: int,
    tmp_path: Path,
    touchline: Command,
    ask: Ask,
    with_store: Folder,
) -> None:
    """Each call that nobody answered is abandoned in the queue."""
    if not CASES.exists():
        pytest.skip("the cases are not here: ../shared/cases/01-ties")
    data = with_store(tmp_path / "data")
    options = ["--map", CASES / mapping] if mapping else []
    done = touchline("import", CASES / file, *options, "--data", data)
    assert done.exit_code == 0, done.output
    assert _abandoned(data, ask) == abandoned
