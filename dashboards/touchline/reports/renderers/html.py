"""A report as HTML: a fragment for the live page, a page that needs no other file, and one for e-mail."""

import re
from collections.abc import Iterator
from html import escape

from touchline.reports.pictures.chart import chart_picture
from touchline.reports.renderers.style import MAIL, PAGE, REPORT
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
    Section,
    Table,
    Text,
)
from touchline.vocabulary.wording import plain

_MOST = 4_000
_UNIT = re.compile(r"(?<=\d) (?=%|(?:s|min|h|d)\b)")
"""The space between a number and its unit, where lines do not break."""
_MOST_ON_A_PHONE = 3
"""Columns that a phone shows side by side; of a wider table, it lists the cells with their titles."""


def html_page(report: Report, base: str | None = None) -> str:
    """The report as a page without scripts, and with nothing from elsewhere.

    Args:
        report: The report.
        base: The address of the live page, to which links lead; no links without it.
    """
    return _page(report, PAGE + REPORT, base)


def html_mail(report: Report, base: str | None = None) -> str:
    """The same for programs for e-mail, many of which leave pictures out: tables say the same."""
    return _page(report, MAIL, base)


def html_fragment(report: Report, base: str | None = "") -> str:
    """The report as part of a page that has the style `REPORT`; links lead to the same host."""
    return "".join(_report(report, base))


def _page(report: Report, style: str, base: str | None) -> str:
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{_text(report.title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{style}</style></head><body>{html_fragment(report, base)}</body></html>\n"
    )


def _text(text: str) -> str:
    return escape(_UNIT.sub("\u00a0", plain(text, _MOST)))


def _report(report: Report, base: str | None) -> Iterator[str]:
    yield f'<article class="tr"><header><h1>{_text(report.title)}</h1>'
    yield f'<p class="tr-subtitle">{_text(report.subtitle)}</p>'
    yield f'<p class="tr-lead">{_line(report.lead, base)}</p></header>'
    for index, section in enumerate(report.sections):
        if not section.inner:
            yield f"{'</section>' if index else ''}<section>"
        yield from _section(section, base)
    yield f"{'</section>' if report.sections else ''}"
    if report.note:
        yield f"<footer><p>{_text(report.note)}</p></footer>"
    yield "</article>"


def _section(section: Section, base: str | None) -> Iterator[str]:
    heading = "h3" if section.inner else "h2"
    yield f"<{heading}>{_text(section.title)}</{heading}>"
    if section.question:
        yield f'<p class="tr-question">{_text(section.question)}</p>'
    for block in section.blocks:
        yield from _block(block, base)


def _line(line: Line, base: str | None) -> str:
    return "".join(_piece(piece, base) for piece in line)


def _piece(piece: Text, base: str | None) -> str:
    before = " " if piece.text[:1].isspace() else ""
    after = " " if piece.text[1:] and piece.text[-1:].isspace() else ""
    words = _text(piece.text)
    if piece.path and base is not None:
        words = f'<a href="{escape(base.rstrip("/") + piece.path, quote=True)}">{words}</a>'
    if piece.level:
        words = f'<span class="tr-{piece.level}">{words}</span>'
    return f"{before}{words}{after}"


def _block(block: Block, base: str | None) -> Iterator[str]:
    match block:
        case Paragraph(line):
            yield f"<p>{_line(line, base)}</p>"
        case Bullets(items):
            yield f"<ul>{''.join(f'<li>{_line(item, base)}</li>' for item in items)}</ul>"
        case Figures(figures):
            yield '<div class="tr-figures">'
            for one in figures:
                level = f' class="tr-{one.level}"' if one.level else ""
                yield f"<div><span>{_text(one.label)}</span><b{level}>{_text(one.value)}</b>"
                yield f"<span>{_text(one.note)}</span></div>"
            yield "</div>"
        case Table():
            yield from _table(block, base)
        case Bars(bars):
            yield '<div class="tr-bars">'
            for bar in bars:
                width = 100 * min(1.0, max(0.0, bar.share))
                yield f"<div><span>{_text(bar.label)} <b>{_text(bar.value)}</b></span>"
                yield f'<i style="width: {width:.1f}%"></i></div>'
            yield "</div>"
        case Quote(text, source):
            yield f"<blockquote><p>{_text(text)}</p>"
            yield f'<p class="tr-muted">{_text(source)}</p></blockquote>' if source else "</blockquote>"
        case Chart():
            yield f'<figure><figcaption>{_text(block.title)}</figcaption><div class="tr-scroll" tabindex="0">'
            yield f"{chart_picture(block)}</div></figure>"


def _table(table: Table, base: str | None) -> Iterator[str]:
    classes = [' class="tr-number"' if column.numeric else "" for column in table.columns]
    wide = len(table.columns) > _MOST_ON_A_PHONE
    titles = [f' data-title="{_text(column.title)}"' if wide else "" for column in table.columns]
    attributes = [own + title for own, title in zip(classes, titles, strict=True)]
    kind = "tr-wide" if wide else "tr-narrow"
    yield f'<div class="tr-scroll"><table class="{kind}"><thead><tr>'
    for column, own in zip(table.columns, classes, strict=True):
        yield f'<th scope="col"{own}>{_text(column.title)}</th>'
    yield "</tr></thead><tbody>"
    for row in table.rows:
        cells = zip(row, attributes, strict=True)
        yield f"<tr>{''.join(f'<td{own}>{_piece(cell, base)}</td>' for cell, own in cells)}</tr>"
    yield "</tbody></table></div>"
