"""Text of producers on a terminal: it is shown, and commands nothing."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from touchline.cli.output import printable

if TYPE_CHECKING:
    from typer.testing import Result

TITLE = "\x1b]0;owned\x07"
REVERSED = "\u202efdp.exe\u202c"
CONTROL_1 = "\x9b31m"
EVIL = f"{TITLE}{REVERSED}{CONTROL_1}\x00\x7f\r"
FORBIDDEN = set("\x07\x00\x7f\x9b\u202e\u202c")


def event(**fields: object) -> bytes:
    """An event whose text fields hold what a terminal must not get."""
    identifiers = {"account": f"u-{EVIL}", "email": "a@b.example"}
    given = {"type": "page.viewed", "channel": "web", "identifiers": identifiers, "source": f"shop{EVIL}"}
    return json.dumps(given | fields).encode()


@pytest.fixture
def filled(touchline: "Callable[..., Result]", tmp_path: Path) -> Path:
    """A data folder with such an event, stored, and such a one in quarantine."""
    lines = [
        event(id="e-1", time="2026-11-01T10:00:00Z", data={"page": EVIL}),
        event(id="e-2", time="2026-11-01T10:00:01Z", type=f"no.such{EVIL}"),
    ]
    (tmp_path / "events.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    done = touchline("import", "events.jsonl", "--most-refused", "100%")
    assert done.exit_code in (0, 1), done.output
    assert not FORBIDDEN & set(done.output)
    return tmp_path


def on_terminal(folder: Path, *command: str) -> str:
    """What a command writes to a terminal."""
    main, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "touchline.cli", *command],
        cwd=folder,
        stdout=terminal,
        stderr=terminal,
        env={**os.environ, "TERM": "dumb", "COLUMNS": "200"},
    ) as process:
        os.close(terminal)
        written = b""
        try:
            while part := os.read(main, 65_536):
                written += part
        except OSError:  # the terminal's other side is closed
            pass
        process.wait(60)
    os.close(main)
    return written.decode()


def test_characters_that_command_a_terminal_are_shown_as_pictures() -> None:
    """Control characters and marks of direction are replaced; other text, line ends and tabs stay."""
    assert printable(EVIL) == "␛]0;owned␇\ufffdfdp.exe\ufffd\ufffd31m␀␡␍"
    kept = "plain\ttext\nzażółć 😀👨‍👩‍👧 שלום می‌روم"
    assert printable(kept) == kept


def test_tables_have_room_for_what_they_show(filled: Path, touchline: "Callable[..., Result]") -> None:
    """A cell or a heading with control characters is as wide as its pictures, and nothing is cut off."""
    for text in ("a\x1bb", "\x1b" * 9, "a\x07b\x0dc", "\x9b31m", "plain"):
        shown = printable(text)
        columns = "concat('', unhex('" + text.encode().hex() + "')) AS `" + text + "`, 'next' AS other"
        output = touchline("query", f"SELECT {columns}").output
        lines = [line for line in output.splitlines() if line[:1] in "┃│"]
        assert [shown in line for line in lines] == [True, True]
        assert len({len(line) for line in lines}) == 1


def test_no_command_prints_control_characters(filled: Path, touchline: "Callable[..., Result]") -> None:
    """Tables, stories and errors show them as pictures; JSON has the data as they are."""
    entry = json.loads(touchline("quarantine", "list", "--since", "9000d", "--json").stdout)
    commands = (
        ("query", "SELECT * FROM events"),
        ("query", f"SELECT 1 AS `{EVIL.replace(chr(0), '')}`"),
        ("query", f"SELECT {EVIL.replace(chr(0), '')}"),
        ("customer", "show", "email:a@b.example"),
        ("customer", "show", f"account:{TITLE}"),
        ("quarantine", "list", "--since", "9000d"),
        ("quarantine", "show", entry["id"]),
        ("accounts",),
    )
    for command in commands:
        output = touchline(*command).output
        assert not FORBIDDEN & set(output), command
        assert "\x1b]" not in output, command
    exact = touchline("query", "SELECT data FROM events", "--json").stdout
    assert json.loads(json.loads(exact)["data"]) == {"page": EVIL}


def test_even_exact_output_commands_no_terminal(filled: Path) -> None:
    """CSV is exact in a file, and printable on a terminal."""
    sql = ("query", "SELECT source FROM events", "--csv")
    assert not FORBIDDEN & set(on_terminal(filled, *sql))
    done = subprocess.run(
        [sys.executable, "-m", "touchline.cli", *sql], cwd=filled, capture_output=True, check=True, timeout=60
    )
    assert TITLE.encode() in done.stdout
