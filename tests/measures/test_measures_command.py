"""`touchline measures`: the same readings for people and for scripts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from touchline.cli.main import app
from touchline.measures import MEASURES
from touchline.store import open_store

Folder = Callable[[Path], Path]


@pytest.fixture
def data(tmp_path: Path, accept: Any, fold: Any, monkeypatch: pytest.MonkeyPatch, with_store: Folder) -> Path:
    """A data folder with two calls long ago, and goals beside it."""
    calls = [
        {
            "id": f"{number}-{step}",
            "type": f"contact.{step}",
            "time": f"2026-03-0{number}T10:00:{seconds}Z",
            "channel": "phone",
            "source": "desk",
            "identifiers": {"account": str(number)},
            "data": {"contact_id": str(number), "queue": "tier1"},
        }
        for number, wait in ((1, 10), (2, 40))
        for step, seconds in (("queued", "00"), ("answered", str(wait)))
    ]
    with open_store(with_store(tmp_path) / "store") as store:
        fold(store, accept(calls))
    (tmp_path / "touchline.toml").write_text("[goals]\nservice_level = 0.8\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command(data: Path, *arguments: str) -> Result:
    """The command line."""
    # Wide enough to keep each cell on one line.
    return CliRunner().invoke(app, ["measures", "--data", str(data), *arguments], env={"COLUMNS": "300"})


def test_goals_and_distances_are_shown(data: Path) -> None:
    """Time counts back from the newest event where that is old; the goal comes from touchline.toml."""
    shown = command(data)
    assert shown.exit_code == 0, shown.output
    assert all(
        word in shown.stdout for word in ("50.0 %", "80.0 %", "30.0 percentage points under goal", "25 s")
    )
    assert "2026-03-02 10:00 UTC" in shown.stdout


def test_a_script_reads_every_measure(data: Path) -> None:
    """One object a measure with its definition; nothing to measure is null."""
    readings = {reading["measure"]: reading for reading in orjson.loads(command(data, "--json").stdout)}
    assert list(readings) == [measure.name for measure in MEASURES]
    level = readings["service_level"]
    assert (level["value"], level["numerator"], level["denominator"]) == (0.5, 1, 2)
    assert (level["goal"], level["met"]) == (0.8, False)
    assert level["distance"] == pytest.approx(-0.3)
    assert readings["nps"]["value"] is None


def test_a_part_of_the_time_or_of_the_queues_is_measured(data: Path) -> None:
    """Spans may be lengths or times; a queue that nobody waits in has no value."""
    readings = orjson.loads(command(data, "--since", "2026-03-01", "--until", "2026-03-02", "--json").stdout)
    assert readings[2]["denominator"] == 1
    readings = orjson.loads(command(data, "--queue", "tier2", "--json").stdout)
    assert readings[2]["value"] is None


def test_an_unknown_goal_stops_the_command(data: Path) -> None:
    """The message names the goal, and the measures that there are."""
    (data / "touchline.toml").write_text("[goals]\nservise_level = 0.8\n")
    found = command(data)
    assert found.exit_code == 1
    assert "unknown measure 'servise_level'; expected one of first_contact_resolution" in found.output


def test_an_unknown_channel_is_a_usage_error(data: Path) -> None:
    """An unknown channel is refused with the list of channels."""
    found = command(data, "--channel", "fone")
    assert found.exit_code == 2
    assert "--channel fone: write one of web, app, phone" in found.output
