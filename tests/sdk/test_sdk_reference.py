"""docs/reference/sdk.md is generated from the code."""

import runpy
from pathlib import Path

import touchline.sdk

FOLDER = Path(__file__).parents[2] / "docs" / "reference"
SCRIPT = runpy.run_path(str(FOLDER / "sdk_page.py"))


def test_the_reference_is_current() -> None:
    """The page equals the output of the script."""
    command = "uv run python docs/reference/sdk_page.py > docs/reference/sdk.md"
    assert (FOLDER / "sdk.md").read_text(encoding="utf-8") == SCRIPT["page"](), f"run: {command}"


def test_the_reference_has_every_public_name() -> None:
    """Each public name of the SDK is in one section of the page."""
    names = [name for section in SCRIPT["SECTIONS"].values() for name in section]
    assert sorted(names) == sorted(touchline.sdk.__all__)
