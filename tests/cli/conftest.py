"""The `touchline` command, as a user runs it: in this process, or in one of its own that may be killed."""

import gzip
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import Result

from tests.waiting import wait_for

LIMIT = 60.0

Command = Callable[..., Result]
Start = Callable[..., "subprocess.Popen[str]"]
Ask = Callable[[Path, str], list[dict[str, Any]]]
AskAll = Callable[[Path, Sequence[str]], list[list[dict[str, Any]]]]
Wait = Callable[[Callable[[], object]], None]
Lines = Callable[..., Path]


@pytest.fixture
def running() -> Iterator[list["subprocess.Popen[str]"]]:
    """The processes that a test started; what it leaves running is killed at its end."""
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.kill()
        process.communicate(timeout=LIMIT)


@pytest.fixture
def start(tmp_path: Path, running: list["subprocess.Popen[str]"]) -> Start:
    """Start a command in a process of its own."""

    def _start(*arguments: object) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "touchline.cli", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=tmp_path,
        )
        running.append(process)
        return process

    return _start


@pytest.fixture
def ask(touchline: Command) -> Ask:
    """The rows that `touchline query` prints."""

    def _ask(data: Path, sql: str) -> list[dict[str, Any]]:
        said = touchline("query", sql, "--data", data, "--json")
        assert said.exit_code == 0, said.output
        return [orjson.loads(line) for line in said.stdout.splitlines()]

    return _ask


@pytest.fixture
def ask_all(ask: Ask) -> AskAll:
    """The rows of several queries, each sorted as text: one command opens the store once."""

    def _ask_all(data: Path, queries: Sequence[str]) -> list[list[dict[str, Any]]]:
        numbered = (
            f"SELECT {number} AS number, formatRowNoNewline('JSONEachRow', *) AS line FROM ({sql})"
            for number, sql in enumerate(queries)
        )
        rows = ask(data, f"SELECT * FROM ({' UNION ALL '.join(numbered)}) ORDER BY number, line")
        return [
            [orjson.loads(row["line"]) for row in rows if int(row["number"]) == number]
            for number in range(len(queries))
        ]

    return _ask_all


@pytest.fixture
def wait(running: list["subprocess.Popen[str]"]) -> Wait:
    """Wait until something holds; fails when it takes too long, or a process ends meanwhile."""

    def _wait(what: Callable[[], object]) -> None:
        def holds() -> object:
            for process in running:
                if process.returncode is None and process.poll() is not None:
                    pytest.fail(f"it ended: {process.communicate()[0]}")
            return what()

        wait_for(holds, LIMIT)

    return _wait


@pytest.fixture
def lines(tmp_path: Path) -> Lines:
    """Write events, or lines of text as they are, as an NDJSON file; what ends in .gz is packed."""

    def _lines(rows: list[dict[str, Any] | bytes], name: str = "events.jsonl") -> Path:
        path = tmp_path / name
        text = b"".join((row if isinstance(row, bytes) else orjson.dumps(row)) + b"\n" for row in rows)
        path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
        return path

    return _lines
