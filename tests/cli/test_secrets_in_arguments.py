"""Secrets never have to stand on a command line, where every user of the machine reads them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from touchline.cli.main import app

SECRET = re.compile(r"password|secret|token|key", re.IGNORECASE)


def _options(command: Any, name: str = "touchline") -> Iterator[tuple[str, Any]]:
    for parameter in command.params:
        yield name, parameter
    for below, inner in getattr(command, "commands", {}).items():
        yield from _options(inner, f"{name} {below}")


def test_each_secret_has_another_way_than_a_flag() -> None:
    """An option that is named like a secret is a switch, a path of a file, or has a variable."""
    named = [
        (command, option)
        for command, option in _options(typer.main.get_command(app))
        if any(SECRET.search(name) for name in option.opts if name.startswith("--"))
    ]
    assert any("--token" in option.opts for _, option in named)
    for command, option in named:
        holds_none = option.is_flag or option.type_descriptor.annotation is Path
        assert holds_none or option.envvar, f"{command} {option.opts[0]} takes a secret by its flag alone"
