"""Where a report goes: files of HTML and Markdown, or the terminal."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from touchline.cli.errors import fail
from touchline.cli.output import say
from touchline.cli.report_screen import show_report

if TYPE_CHECKING:
    from touchline.reports.report import Report


def write_report(report: "Report", html: Path | None, markdown: Path | None, url: str) -> None:
    """Write a report to the files that are given, or print it if there is none.

    Args:
        report: The report.
        html: A file for HTML; `-` is standard output.
        markdown: A file for Markdown.
        url: The address of the live page; empty for no links.
    """
    from touchline.reports.renderers.html import html_page
    from touchline.reports.renderers.markdown import markdown as as_markdown

    base = url or None
    if html is not None:
        write_file(html, html_page(report, base).encode())
    if markdown is not None:
        write_file(markdown, as_markdown(report, base).encode())
    if html is None and markdown is None:
        show_report(report)


def write_file(path: Path, content: bytes) -> None:
    """Write a file and say so; `-` is standard output."""
    if str(path) == "-":
        sys.stdout.buffer.write(content)
        return
    try:
        path.write_bytes(content)
    except OSError as error:
        raise fail(f"{path}: cannot be written: {error.strerror}") from None
    say(f"Written to {path}", err=True)
