"""Every `touchline …` command that a string of the code names exists."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from tests.architecture.test_architecture import FLOORS
from touchline.cli.main import app

ROOT = Path(__file__).parents[2]
MODULES = [path for floor in FLOORS for path in sorted((ROOT / floor / "touchline").rglob("*.py"))]

_COMMAND = re.compile(r"(?<![\w./:@\"'-])touchline((?: +[a-z][a-z-]*| +--[a-z][a-z-]*)+)")
_IN_BACKTICKS = re.compile(r"`touchline((?: +[^\s`]+)+)`")
_TOUCHLINE: Any = typer.main.get_command(app)
_PROSE = {"command", "does", "needs"}
"""Words after `touchline` in a sentence that do not name a command."""


def _strings(tree: ast.Module) -> Iterator[str]:
    """Each string of a module; values in an f-string are written as X."""
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.value


def _problem(words: list[str]) -> str | None:
    """Why the words after `touchline` are no command, or None; words after the command are arguments."""
    command = _TOUCHLINE
    for word in words:
        if word.startswith("-"):
            options = {"--help"} | {option for parameter in command.params for option in parameter.opts}
            if word.partition("=")[0] not in options:
                return f"no option {word}"
        elif word in _PROSE:
            return None
        elif hasattr(command, "commands"):
            if word not in command.commands:
                return f"no command {word}"
            command = command.commands[word]
    return None


def _problems(text: str) -> Iterator[str]:
    joined = " ".join(text.split())
    for pattern in (_COMMAND, _IN_BACKTICKS):
        for match in pattern.finditer(joined):
            if problem := _problem(match[1].split()):
                yield f"touchline{match[1]}: {problem}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_named_commands_exist(path: Path) -> None:
    """A string names only commands and options that the command line has."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert [problem for text in _strings(tree) for problem in _problems(text)] == []


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("run `touchline quarantine list` there", []),
        ("create one with touchline keys create NAME", []),
        ("see `touchline quarantine explain`", ["no command explain"]),
        ("run touchline worker --partitions 3", ["no option --partitions"]),
        ("run touchline frobnicate", ["no command frobnicate"]),
    ],
)
def test_a_command_that_does_not_exist_is_found(text: str, problems: list[str]) -> None:
    """Commands in backticks and in sentences are checked."""
    assert {problem.partition(": ")[2] for problem in _problems(text)} == set(problems)
