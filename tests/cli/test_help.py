"""What every command says of itself, and of a line that is none."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from touchline.cli.main import app, run


def _ways(command: Any, names: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield names
    for name, inner in getattr(command, "commands", {}).items():
        yield from _ways(inner, (*names, name))


@pytest.mark.parametrize("names", list(_ways(typer.main.get_command(app))), ids=" ".join)
def test_every_command_explains_itself(names: tuple[str, ...]) -> None:
    """`--help` names each option, and a command that does something has an example and exit codes."""
    shown = CliRunner().invoke(app, [*names, "--help"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0, shown.exception
    assert "--help" in shown.output
    if "Commands" not in shown.output:
        assert re.search(rf"Example: .*touchline {' '.join(names)}", shown.output)
        assert "Exit codes: 0 " in shown.output


def test_a_command_line_that_is_no_text_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bytes that are no UTF-8 are told as such, whatever the command would have done with them."""
    monkeypatch.setattr("sys.argv", ["touchline", "customer", "show", "account:\udcff"])
    with pytest.raises(SystemExit) as ended:
        run()
    assert ended.value.code == 2
    assert "the command line is not UTF-8" in capsys.readouterr().err
