"""Where commands print: tables, and lines with text that producers sent.

Text of producers may hold control characters, which command a terminal, and marks that reverse the direction
of writing, which disguise what is read. Neither reaches a terminal; `--json` prints data as it is.
"""

import os
import sys
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console
    from rich.text import Text

UNLIMITED_COLUMNS = 10_000
"""Width where standard output is no terminal: wider than any table."""

_PICTURES = {number: 0x2400 + number for number in range(32)} | {0x7F: 0x2421}
"""The pictures of the ASCII control characters, such as \u241b of ESC."""

_KEPT = {ord("\n"), ord("\t")}

_HIDDEN = {
    *range(0x80, 0xA0),  # the control characters of ISO 8859
    *(0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A)),  # direction, lines
    *(0xFEFF, *range(0xE0000, 0xE0080)),  # byte order mark, tags
}
"""Characters that command a terminal or reorder or hide text. Joiners are none: scripts need them."""


def printable(text: str) -> str:
    """The text without characters that command a terminal or reorder it; line ends and tabs stay.

    ASCII control characters become their pictures, the others U+FFFD.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_shown, text))


def say(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print a text that may hold what producers sent."""
    typer.echo(printable(text), err=err, nl=nl)


def literal(text: str, style: str = "") -> "Text":
    """A cell or a line without markup, `printable`: Rich gives control characters no width."""
    from rich.text import Text

    return Text(printable(text), style)


def print_json(content: Any) -> None:
    """Print one JSON object or list, over several lines."""
    import orjson

    sys.stdout.write(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode() + "\n")


def print_json_line(content: Any) -> None:
    """Print one JSON object on one line."""
    import orjson

    sys.stdout.write(orjson.dumps(content).decode() + "\n")


def screen() -> "Console":
    """Standard output as a console that prints `printable` text: as wide as the terminal, or unlimited."""
    from rich.console import Console
    from rich.segment import Segment

    class Screen(Console):
        def render(self, renderable: Any, options: Any = None) -> "Iterable[Segment]":
            for segment in super().render(renderable, options):
                text, style, control = segment
                yield segment if control else Segment(printable(text), style)

    known = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Screen(width=None if known else UNLIMITED_COLUMNS)


def write_raw(content: bytes) -> None:
    """Write bytes to standard output: as they are to a file or pipe, `printable` to a terminal."""
    if sys.stdout.isatty():
        content = printable(content.decode(errors="replace")).encode()
    sys.stdout.buffer.write(content)


def _shown(character: str) -> str:
    number = ord(character)
    if number in _KEPT:
        return character
    if picture := _PICTURES.get(number):
        return chr(picture)
    return "\ufffd" if number in _HIDDEN else character
