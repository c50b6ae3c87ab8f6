"""The command reference is current."""

from pathlib import Path

from touchline.cli.main import PANELS, app
from touchline.cli.reference import commands_page

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "commands.md"


def test_the_command_reference_is_current() -> None:
    """`docs/reference/commands.md` is what `touchline dev reference` prints."""
    assert PAGE.read_text(encoding="utf-8") == commands_page(app, PANELS), (
        "run: uv run touchline dev reference > docs/reference/commands.md"
    )
