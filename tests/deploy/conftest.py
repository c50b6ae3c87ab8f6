"""What the deployments say of Touchline, held against what Touchline knows."""

import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import typer.main

from touchline.cli.main import app
from touchline.config.settings import Settings

ROOT = Path(__file__).parents[2]

Known = Callable[[Sequence[str], Mapping[str, str]], None]


def known(arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    """Fail unless `touchline` has the command and its options, and the settings are good ones."""
    command: Any = typer.main.get_command(app)
    words = list(arguments)
    while hasattr(command, "commands"):
        assert words, f"touchline {shlex.join(arguments)}: no command"
        assert words[0] in command.commands, f"touchline {shlex.join(arguments)}: {words[0]}"
        command = command.commands[words.pop(0)]
    command.make_context("touchline", words)
    ours: dict[str, Any] = {
        name.removeprefix("TOUCHLINE_").lower(): value
        for name, value in environment.items()
        if name.startswith("TOUCHLINE_")
    }
    ours.pop("secrets", None)
    assert ours.keys() <= Settings.model_fields.keys()
    Settings(**ours)


@pytest.fixture(name="known")
def known_fixture() -> Known:
    """Holds a command line and an environment against the command and the settings."""
    return known


Tool = Callable[..., str]


@pytest.fixture
def tool() -> Tool:
    """Runs a program that must find nothing wrong, or skips where it is not installed."""

    def run(name: str, *arguments: str, group: bool = True) -> str:
        beside = Path(sys.executable).with_name(name)
        found = str(beside) if beside.exists() else shutil.which(name)
        if found is None:
            how = "`uv sync --group deploy` brings it" if group else "it comes with Kubernetes' own tools"
            pytest.skip(f"{name} is not installed: {how}")
        done = subprocess.run(
            [found, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
