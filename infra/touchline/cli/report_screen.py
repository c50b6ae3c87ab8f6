"""A report on the terminal."""

from typing import TYPE_CHECKING

from touchline.cli.output import literal, screen

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from touchline.reports.report import Block, Line, Report

_STYLES = {"": "", "good": "green", "warn": "yellow", "bad": "red", "muted": "dim"}
_BAR = 40


def show_report(report: "Report") -> None:
    """Print a report, as wide as the terminal."""
    console = screen()
    console.print(literal(report.title, "bold"))
    console.print(literal(report.subtitle, "dim"))
    console.print()
    console.print(_line(report.lead))
    for section in report.sections:
        console.print()
        console.print(literal(section.title, "bold" if section.inner else "bold underline"))
        for block in section.blocks:
            _show(console, block)
    if report.note:
        console.print()
        console.print(literal(report.note, "dim"))


def _line(line: "Line") -> "Text":
    from rich.text import Text

    return Text.assemble(*(literal(piece.text, _STYLES[piece.level]) for piece in line))


def _show(console: "Console", block: "Block") -> None:
    from rich.table import Table as Grid

    from touchline.reports.renderers.sparkline import sparkline
    from touchline.reports.report import Bars, Bullets, Chart, Figures, Paragraph, Quote, Table

    match block:
        case Paragraph(line):
            console.print(_line(line))
        case Bullets(items):
            for item in items:
                console.print(literal("- ") + _line(item))
        case Figures(figures):
            for one in figures:
                note = f"  ({one.note})" if one.note else ""
                console.print(
                    literal(f"{one.label}: ")
                    + literal(one.value, f"bold {_STYLES[one.level]}")
                    + literal(note, "dim")
                )
        case Table(columns, rows):
            grid = Grid(box=None, padding=(0, 2, 0, 0), header_style="dim")
            for column in columns:
                grid.add_column(literal(column.title), justify="right" if column.numeric else "left")
            for row in rows:
                grid.add_row(*(literal(cell.text, _STYLES[cell.level]) for cell in row))
            console.print(grid)
        case Bars(bars):
            longest = max((len(bar.label) for bar in bars), default=0)
            for bar in bars:
                console.print(literal(f"{bar.label:{longest}}  {'█' * round(_BAR * bar.share)} {bar.value}"))
        case Quote(text, source):
            console.print(literal(f"“{text}”", "italic"))
            console.print(literal(f"    {source}", "dim"))
        case Chart(title, series=series):
            console.print(literal(title))
            for drawn in series:
                console.print(literal(f"{sparkline(drawn.values)}  {drawn.name}"))
