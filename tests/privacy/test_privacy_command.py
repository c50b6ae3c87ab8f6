"""`touchline privacy`: faults of a file, and what its rules leave of events."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import Result

Command = Callable[..., Result]

EVENT: dict[str, Any] = {
    "id": "e-1",
    "type": "page.viewed",
    "time": "2025-10-09T10:00:00Z",
    "channel": "web",
    "source": "shop",
    "identifiers": {"account": "u-1", "email": "ann@private.example"},
    "data": {"page": "/", "note": "x"},
}


def test_lint_names_every_fault(touchline: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each fault has its place, on a line or in JSON; a good file is summed up, a missing key named."""
    (tmp_path / "bad.yaml").write_text("identifiers: {email: hide}\nfields: [{deny: note}]\n")
    said = touchline("privacy", "lint", "bad.yaml")
    assert said.exit_code == 1
    assert said.stdout.splitlines()[0].startswith(
        "bad.yaml:1:22: error: identifiers.email: 'hide' is none of"
    )
    found = orjson.loads(touchline("privacy", "lint", "bad.yaml", "--json").stdout)
    assert [one["place"] for one in found] == ["bad.yaml:1:22", "bad.yaml:2:17"]
    (tmp_path / "good.yaml").write_text("identifiers: {email: hash}\nfields: [{deny: data.note}]\n")
    keyless = touchline("privacy", "lint", "good.yaml")
    assert keyless.exit_code == 0
    assert keyless.stdout.startswith("good.yaml:1:1: warning: hashes need a key of at least ")
    monkeypatch.setenv("TOUCHLINE_PRIVACY_KEY", "k" * 64)
    good = touchline("privacy", "lint", "good.yaml")
    assert (good.exit_code, good.stdout) == (
        0,
        "1 identifier rule, 1 field rule, 0 errors, 0 warnings\n",
    )


def test_apply_shows_what_is_kept(touchline: Command, tmp_path: Path) -> None:
    """For each event its result and what would be stored; nothing is stored."""
    (tmp_path / "rules.yaml").write_text(
        "identifiers: {email: drop}\nfields: [{deny: data.note}]\nconsent: {purpose: analytics}\n"
    )
    lines = [EVENT, EVENT | {"channel": "x"}, EVENT | {"context": {"consent": {"analytics": False}}}]
    (tmp_path / "events.jsonl").write_bytes(b"\n".join(map(orjson.dumps, lines)))
    said = touchline("privacy", "apply", "events.jsonl", "--rules", "rules.yaml")
    stored, refused, suppressed = map(orjson.loads, said.stdout.splitlines())
    assert (stored["result"], stored["kept"]["identifiers"]) == ("stored", ["account:u-1"])
    assert stored["kept"]["data"] == {"page": "/"}
    assert refused["result"] == "quarantined"
    assert "ann@" not in refused["kept"]["body"]
    assert suppressed == {"result": "suppressed", "kept": None}
    assert not (tmp_path / "touchline-data").exists()


@pytest.mark.parametrize("command", [["lint"], ["apply", "events.jsonl"]])
def test_the_commands_need_rules(touchline: Command, command: list[str]) -> None:
    """Without a file in the arguments or the settings, the command says what to do."""
    said = touchline("privacy", *command)
    assert (said.exit_code, "set privacy" in said.stderr) == (2, True)


def test_events_that_cannot_be_read_are_named(touchline: Command, tmp_path: Path) -> None:
    """A missing file ends the command."""
    (tmp_path / "rules.yaml").write_text("identifiers: {}\n")
    said = touchline("privacy", "apply", "gone.jsonl", "--rules", "rules.yaml")
    assert (said.exit_code, said.stderr) == (1, "gone.jsonl: cannot be read: No such file or directory\n")
