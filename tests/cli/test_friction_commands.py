"""`touchline friction`: what staff do about frictions, as events that follow the customer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import Result

Command = Callable[..., Result]
Folder = Callable[[Path], Path]
Ask = Callable[[Path, str], list[dict[str, Any]]]


def _event(event_id: str, type_: str, minute: int, who: dict[str, str], **data: Any) -> dict[str, Any]:
    return {
        "id": event_id,
        "type": type_,
        "time": f"2026-11-09T10:{minute:02}:00.000Z",
        "channel": "web",
        "source": "shop",
        "identifiers": who,
        "data": data,
    }


HISTORY = [
    _event("o1", "order.placed", 0, {"account": "anna"}, order_id="o-1", value=80.0, currency="EUR"),
    _event("d1", "request.denied", 1, {"account": "anna"}, kind="return"),
    _event("d2", "request.denied", 2, {"device": "d-2"}, kind="return"),
    _event("d3", "request.denied", 3, {"account": "carl", "device": "d-3"}, kind="return"),
]


@pytest.fixture
def data(touchline: Command, lines: Any, tmp_path: Path, with_store: Folder) -> Path:
    """A data folder in which three customers were denied something."""
    folder = with_store(tmp_path / "data")
    said = touchline("import", lines(HISTORY), "--data", folder)
    assert said.exit_code == 0, said.output
    return folder


def _said(touchline: Command, data: Path, *arguments: object) -> Result:
    said = touchline("friction", *arguments, "--data", data)
    assert said.exit_code == 0, said.output
    return said


def _listed(touchline: Command, data: Path, *options: object) -> dict[str, dict[str, Any]]:
    """The open frictions by the customer's identifier."""
    output = _said(touchline, data, "list", "--since", "2026-11-01", "--json", *options).stdout
    return {row["name"]: row for row in map(orjson.loads, output.splitlines())}


@pytest.mark.slow
def test_a_friction_is_assigned_closed_and_shown(touchline: Command, ask: Ask, data: Path) -> None:
    """Each command is an event in the log; control characters never reach the terminal."""
    friction = _listed(touchline, data, "--which", "unassigned")["account:anna"]["friction"]
    assert "assigned to kim" in _said(touchline, data, "assign", friction, "kim").stdout
    _said(touchline, data, "close", friction, "--comment", "\x1b[31m refunded", "--by", "kim")
    shown = _said(touchline, data, "show", friction).stdout
    assert ("closed as solved by kim" in shown, "\x1b" in shown) == (True, False)
    _said(touchline, data, "reopen", friction, "--comment", "it came again", "--by", "lee")
    again = _listed(touchline, data, "--which", "open")["account:anna"]
    assert (again["friction"], again["assignee"]) == (friction, "kim")
    stored = ask(data, "SELECT sum(stored) AS stored FROM accounts FINAL WHERE producer = 'desk'")
    assert [int(row["stored"]) for row in stored] == [3]


def test_a_case_needs_a_friction_and_a_verdict(touchline: Command, data: Path) -> None:
    """An unknown friction, verdict or list, or a comment that is too long, is refused."""
    unknown = touchline("friction", "close", "7c3f1d1e-5b0a-5e0e-9c55-0f3f5f1a2b11", "--data", data)
    assert (unknown.exit_code, "friction list" in unknown.output) == (1, True)
    assert touchline("friction", "show", "'); DROP TABLE events", "--data", data).exit_code == 1
    wrong = touchline("friction", "close", "x", "--verdict", "done", "--data", data)
    assert (wrong.exit_code, "false_alarm" in wrong.output) == (2, True)
    assert touchline("friction", "list", "--which", "theirs", "--data", data).exit_code == 2
    friction = next(iter(_listed(touchline, data).values()))["friction"]
    long = touchline("friction", "comment", friction, "x" * 4_001, "--data", data)
    assert (long.exit_code, "4000" in long.output) == (1, True)
