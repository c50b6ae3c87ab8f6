"""Help, version, and a command line that is not text."""

import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from touchline.cli.main import app, run


def _commands(command: Any, names: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], bool]]:
    """The words of every command, and whether it is a group of commands."""
    inner = getattr(command, "commands", {})
    yield names, bool(inner)
    for name, subcommand in inner.items():
        yield from _commands(subcommand, (*names, name))


COMMANDS = list(_commands(typer.main.get_command(app)))


@pytest.mark.parametrize(("names", "group"), COMMANDS, ids=[" ".join(names) for names, _ in COMMANDS])
def test_every_command_explains_itself(names: tuple[str, ...], group: bool) -> None:
    """`--help` lists the options; a command that is no group has an example and exit codes."""
    shown = CliRunner().invoke(app, [*names, "--help"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0, shown.exception
    assert "--help" in shown.output
    if not group:
        assert re.search(rf"Example: .*touchline {' '.join(names)}", shown.output)
        assert "Exit codes: 0 " in shown.output


def test_a_command_line_that_is_not_utf8_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A command line that is not UTF-8 ends with 2 and says so."""
    monkeypatch.setattr("sys.argv", ["touchline", "customer", "show", "account:\udcff"])
    with pytest.raises(SystemExit) as ended:
        run()
    assert ended.value.code == 2
    assert "the command line is not UTF-8" in capsys.readouterr().err


def test_version_names_touchline_and_python() -> None:
    """`--version` prints the version of Touchline and of Python."""
    shown = CliRunner().invoke(app, ["--version"])
    assert shown.exit_code == 0
    assert shown.output == f"touchline {version('touchline')} (Python {python_version()})\n"


def test_an_expected_error_ends_with_1_and_its_message(tmp_path: Path) -> None:
    """A command prints the message of a `TouchlineError` on standard error, without a traceback."""
    shown = CliRunner().invoke(app, ["query", "SELECT 1", "--data", str(tmp_path)])
    assert shown.exit_code == 1
    assert "Traceback" not in shown.stderr
    assert str(tmp_path) in shown.stderr
