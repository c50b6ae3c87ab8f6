"""README and docs agree with the product: links, commands, code blocks, settings, metrics."""

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from touchline.cli.main import app
from touchline.config.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
NAMES = [path.name for path in PAGES]
ROOMS = ("schemas", "producers", "streams", "dashboards", "infra", "benchmarks")
CODE = sorted(path for room in (*ROOMS, "tests") for path in (ROOT / room).rglob("*.py"))

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_COMMAND = re.compile(r"^\s*(?:\$ )?(?:uv run )?touchline(?= |$)(.*)$")


def _fences(page: Path) -> Iterator[tuple[str, str]]:
    for _, language, body in _FENCE.findall(page.read_text(encoding="utf-8")):
        yield language, body


def _commands(page: Path) -> Iterator[str]:
    """What is written of `touchline …` in code blocks and in backticks, without `touchline`."""
    text = page.read_text(encoding="utf-8")
    for _, body in _fences(page):
        for line in body.replace("\\\n", " ").splitlines():
            for part in line.split(" | "):
                if found := _COMMAND.match(part):
                    yield found[1].partition("   ")[0]
    for span in re.findall(r"`([^`]+)`", _FENCE.sub("", text)):
        if found := _COMMAND.match(span.replace("\n", " ")):
            yield found[1]


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_link_leads_somewhere(page: Path) -> None:
    """A relative link names a file of the repository, and its anchor a heading there."""
    for link in _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name}: {link}"
        assert target.is_relative_to(ROOT), f"{page.name}: {link}"
        assert not anchor or anchor in _anchors(target), f"{page.name}: {link}"


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_command_exists(page: Path) -> None:
    """A command line names a command and options that there are; arguments may be left out."""
    for line in _commands(page):
        command: Any = typer.main.get_command(app)
        words = shlex.split(line.replace("…", ""), comments=True)
        while words and hasattr(command, "commands"):
            name = words.pop(0)
            assert name.startswith("-") or name in command.commands, f"{page.name}: touchline{line}"
            command = command.commands.get(name, command)
        known = {"--help", "-h"} | {option for one in command.params for option in one.opts}
        for word in words:
            if word.startswith("-") and word != "-":
                assert word.partition("=")[0] in known, f"{page.name}: touchline{line}: {word}"


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_block_parses(page: Path) -> None:
    """Blocks marked python, json, yaml and toml are such."""
    for language, body in _fences(page):
        if language == "python":
            compile(body, page.name, "exec")
        elif language == "json":
            _read_json(body)
        elif language == "yaml":
            yaml.safe_load(body)
        elif language == "toml":
            tomllib.loads(body)


def _read_json(body: str) -> None:
    """One value, or a value on each line."""
    try:
        json.loads(body)
    except json.JSONDecodeError:
        for line in body.splitlines():
            json.loads(line)


def test_the_table_of_settings_is_whole() -> None:
    """docs/operations.md names each setting, as TOML and the environment have it."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| `TOUCHLINE_(\w+)` \|", page, re.MULTILINE)
    assert {(name, name.upper()) for name in Settings.model_fields} <= set(rows)


def test_the_glossary_is_in_order() -> None:
    """docs/glossary.md has one heading a word, in alphabetical order, and a definition below each."""
    page = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    words = re.findall(r"^### (.+)$", page, re.MULTILINE)
    assert words == sorted(set(words), key=str.lower)
    for entry in re.split(r"^### .+$", page, flags=re.MULTILINE)[1:]:
        assert len(entry.split()) >= 4, entry


def test_code_cites_pages_that_exist() -> None:
    """A page of docs that a comment, docstring or message names exists, and so does its heading."""
    for path in CODE:
        for page, anchor in re.findall(
            r"\bdocs/([\w/-]+\.md)(?:#([\w-]+))?", path.read_text(encoding="utf-8")
        ):
            target = ROOT / "docs" / page
            assert target.exists(), f"{path.relative_to(ROOT)}: docs/{page}"
            assert not anchor or anchor in _anchors(target), f"{path.relative_to(ROOT)}: docs/{page}#{anchor}"
