"""A report as Markdown (CommonMark with tables). No text of others becomes markup, a link or a heading."""

import re
from collections.abc import Iterable, Iterator

from touchline.reports.renderers.sparkline import sparkline
from touchline.reports.report import (
    Bars,
    Block,
    Bullets,
    Chart,
    Figures,
    Line,
    Paragraph,
    Quote,
    Report,
    Table,
    Text,
)
from touchline.vocabulary.wording import plain

_MARKUP = re.compile(r"[\\`*_\[\]<>&|~#@!{}]")
_AT_BEGIN = re.compile(r"^(\d+)([.)])(?=\s|$)|^([-+=])")
_ADDRESS = re.compile(r"(?<=\w)(?=://)|(?<=www)(?=\.)", re.IGNORECASE)
_MOST = 4_000


def markdown(report: Report, base: str | None = None) -> str:
    """The report as Markdown.

    Args:
        report: The report.
        base: The address of the live page, to which links lead; no links without it.
    """
    parts = [f"# {escaped(report.title)}", escaped(report.subtitle), _line(report.lead, base)]
    for section in report.sections:
        parts.append(f"{'###' if section.inner else '##'} {escaped(section.title)}")
        if section.question:
            parts.append(f"*{escaped(section.question)}*")
        parts += ["\n".join(_block(block, base)) for block in section.blocks]
    if report.note:
        parts += ["---", escaped(report.note)]
    return "\n\n".join(part for part in parts if part) + "\n"


def escaped(text: str) -> str:
    """The text on one line, with every character that Markdown would read as markup escaped."""
    safe = _MARKUP.sub(r"\\\g<0>", plain(text, _MOST))
    # A bare address would become a link.
    safe = _ADDRESS.sub(r"\\", safe)
    return _AT_BEGIN.sub(lambda found: f"{found[1]}\\{found[2]}" if found[1] else f"\\{found[3]}", safe)


def _line(line: Line, base: str | None) -> str:
    return "".join(_text(piece, base, first=not index) for index, piece in enumerate(line)).strip()


def _text(piece: Text, base: str | None, *, first: bool = True) -> str:
    words = piece.text.strip()
    safe = escaped(words) if first else escaped(f".{words}").removeprefix(".")
    before = " " if piece.text[:1].isspace() else ""
    after = " " if piece.text[1:] and piece.text[-1:].isspace() else ""
    if piece.path and base:
        safe = f"[{safe}](<{base.rstrip('/')}{_address(piece.path)}>)"
    return f"{before}{safe}{after}"


def _address(path: str) -> str:
    """A path between `<` and `>`, where only these, backslashes and line ends could end it."""
    return re.sub(r"[<>\\\s\x00-\x1f\x7f]", "", path)


def _block(block: Block, base: str | None) -> Iterator[str]:
    match block:
        case Paragraph(line):
            yield _line(line, base)
        case Bullets(items):
            yield from (f"- {_line(item, base)}" for item in items)
        case Figures(figures):
            for one in figures:
                note = f" ({escaped(one.note)})" if one.note else ""
                yield f"- {escaped(one.label)}: **{escaped(one.value)}**{note}"
        case Table(columns, rows):
            yield _row(escaped(column.title) for column in columns)
            yield _row("---:" if column.numeric else "---" for column in columns)
            yield from (_row(_text(cell, base) for cell in row) for row in rows)
        case Bars(bars):
            yield from (f"- {escaped(bar.label)}: {escaped(bar.value)}" for bar in bars)
        case Quote(text, source):
            yield f"> {escaped(text)}"
            if source:
                yield ">"
                yield f"> {escaped(source)}"
        case Chart(title, series=series):
            yield f"{escaped(title)}:"
            yield ""
            yield from (f"- {escaped(one.name)}: {sparkline(one.values)}" for one in series)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
