"""`touchline audit` and `touchline report`, as a user runs them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from typer.testing import Result

Run = Callable[..., "Result"]
Folder = Callable[[Path], Path]


def test_an_audit_goes_to_files_and_to_the_next_audit(touchline: Run, folder: Path, tmp_path: Path) -> None:
    """The audit is written as HTML and Markdown; as JSON, it is what the next one compares itself with."""
    first = touchline("audit", "--data", folder, "--until", "2026-11-23", "--json")
    assert first.exit_code == 0, first.output
    assert json.loads(first.stdout)["weak"][0]["channel"] == "web"
    saved = tmp_path / "november.json"
    saved.write_text(first.stdout)
    html = tmp_path / "audit.html"
    second = touchline(
        "audit",
        "--data",
        folder,
        "--until",
        "2026-11-30",
        "--since-audit",
        saved,
        "--html",
        html,
        "--markdown",
        "-",
    )
    assert second.exit_code == 0, second.output
    assert "Dead clicks” at Web · shop rose" in second.stdout
    assert "rose" in html.read_text()
    assert str(html) in second.stderr


def test_a_digest_is_printed(touchline: Run, folder: Path) -> None:
    """Without a file, the digest of the week is printed."""
    result = touchline("report", "weekly", "--data", folder, "--week", "2026-W48")
    assert result.exit_code == 0, result.output
    assert "Week 48: 1 worse" in result.stdout
    assert "Loops closed within 48 hours" in result.stdout


def test_a_panel_is_written_to_files(touchline: Run, folder: Path, tmp_path: Path) -> None:
    """The command writes SVG, PNG and CSV, filtered."""
    svg, png = tmp_path / "a.svg", tmp_path / "a.png"
    result = touchline(
        "report", "panel", "friction_by_rule", "--data", folder, "--span", "30d", "--filter", "channel=web",
        "--svg", svg, "--png", png, "--csv", "-",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "Dead clicks" in svg.read_text()
    assert png.read_bytes().startswith(b"\x89PNG")
    assert "Dead clicks" in result.stdout
    assert "Hung up" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("report", "weekly", "--week", "soon"), "write one such as 2026-W48"),
        (("report", "weekly", "--send", "nobody"), "has no such channel"),
        (("audit", "--since-audit", "missing.json"), "No such file"),
        (("audit", "--since", "soon"), "--since soon"),
        (("audit", "--html", "nowhere/a.html"), "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_said(
    touchline: Run, tmp_path: Path, arguments: tuple[str, ...], message: str, with_store: Folder
) -> None:
    """Wrong weeks, channels, files and times end the command with a message; nothing is printed instead."""
    with_store(tmp_path / "data")
    result = touchline(*arguments, "--data", tmp_path / "data")
    assert result.exit_code in (1, 2)
    assert message in " ".join(result.stderr.split())


def test_another_file_is_no_audit(touchline: Run, tmp_path: Path) -> None:
    """A file that is no audit is refused with what to write instead."""
    (tmp_path / "other.json").write_text('{"since": "yesterday"}')
    result = touchline("audit", "--since-audit", tmp_path / "other.json")
    assert result.exit_code == 2
    assert "touchline audit --json" in result.stderr


def test_an_empty_store_has_reports(touchline: Run, tmp_path: Path, with_store: Folder) -> None:
    """Without events both reports say so, and no figure is made up."""
    with_store(tmp_path / "data")
    audit = touchline("audit", "--data", tmp_path / "data")
    assert audit.exit_code == 0, audit.output
    assert "There are no events." in audit.stdout
    weekly = touchline("report", "weekly", "--data", tmp_path / "data")
    assert weekly.exit_code == 0, weekly.output
    assert "0 frictions" in weekly.stdout
