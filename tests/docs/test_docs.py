"""README and docs agree with the product: links, commands, code blocks, settings, metrics."""

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import typer.main
import yaml

from tests.architecture.test_architecture import FLOORS, IMPORTS
from touchline.cli.main import app
from touchline.config.settings import Settings
from touchline.engine.flush import CUSTOMER_STEPS, STEPS

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
NAMES = [str(path.relative_to(ROOT)) for path in PAGES]
TOUCHLINE: Any = typer.main.get_command(app)
GUIDES = sorted((ROOT / "docs" / "contributing").glob("*.md"))
CODE = sorted(path for folder in (*FLOORS, "benchmarks", "tests") for path in (ROOT / folder).rglob("*.py"))

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_COMMAND = re.compile(r"^\s*(?:\$ )?(?:uv run )?touchline(?= |$)(.*)$")


def _fences(page: Path) -> Iterator[tuple[str, str]]:
    for _, language, body in _FENCE.findall(page.read_text(encoding="utf-8")):
        yield language, dedent(body)


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


@cache
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
        command = TOUCHLINE
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


@pytest.mark.parametrize(
    "page", sorted((ROOT / "docs" / "contributing").glob("*.md")), ids=lambda page: page.stem
)
def test_code_of_the_guides_runs(page: Path) -> None:
    """The blocks of Python of a guide run, one after the other: what they import exists."""
    names: dict[str, Any] = {"__name__": page.stem}
    for language, body in _fences(page):
        if language == "python":
            exec(compile(body, page.name, "exec"), names)


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


def _rows(page: str, table: str) -> list[list[str]]:
    """The cells of the table between the page's markers of that name, without its head."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    found = re.search(rf"<!-- {table}: begin -->\n(.*?)<!-- {table}: end -->", text, re.DOTALL)
    assert found is not None
    lines = [line for line in found[1].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_readme_lists_every_room() -> None:
    """README.md has a row for the folder of each room."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    folders = [path.relative_to(ROOT) for floor in FLOORS for path in (ROOT / floor / "touchline").iterdir()]
    assert set(re.findall(r"^\| `(\w+/touchline/\w+)`", readme, re.MULTILINE)) == {
        str(folder) for folder in folders if folder.name in IMPORTS
    }


def test_the_order_of_writing_is_that_of_the_code() -> None:
    """docs/architecture.md has the steps of a flush in the order in which they are taken."""
    for table, steps in (("steps", STEPS), ("customer steps", CUSTOMER_STEPS)):
        assert [name for _, name, _ in _rows("architecture.md", table)] == [step.name for step in steps]


def test_files_named_in_docs_exist() -> None:
    """A path of the source tree in backticks names a file or folder."""
    pattern = re.compile(rf"`((?:{'|'.join((*FLOORS, 'tests', 'benchmarks', 'docs'))})/[\w./-]+)`")
    for page in PAGES:
        for path in pattern.findall(page.read_text(encoding="utf-8")):
            assert (ROOT / path).exists() or "NNNN" in path, f"{page.name}: {path}"


@cache
def _source() -> str:
    """All text of the source tree and of its deployments."""
    kinds = ("*.py", "*.sql", "*.yaml", "*.sh", "*.md", "Dockerfile")
    folders = [*FLOORS, "benchmarks", "tests"]
    files = [path for folder in folders for kind in kinds for path in (ROOT / folder).rglob(kind)]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_metric_and_variable_exists(page: Path) -> None:
    """A metric, role or environment variable that a page names is in the code, or is a setting."""
    text = page.read_text(encoding="utf-8")
    for name in set(re.findall(r"\bTOUCHLINE_(\w*\w)\b", text)):
        assert name.lower() in Settings.model_fields or f"TOUCHLINE_{name}" in _source(), (
            f"{page.name}: {name}"
        )
    for name in set(re.findall(r"`touchline_(\w+)", text)):
        known = name in Settings.model_fields or f"touchline_{name.removesuffix('_total')}" in _source()
        assert known, f"{page.name}: touchline_{name}"


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_setting_shown_as_toml_exists(page: Path) -> None:
    """A block of TOML has keys of touchline.toml alone."""
    for language, body in _fences(page):
        if language == "toml":
            assert set(tomllib.loads(body)) <= set(Settings.model_fields), f"{page.name}: {body}"
