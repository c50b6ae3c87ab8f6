"""Reports as HTML, Markdown and lines: what they say is there, and hostile text stays text."""

import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from touchline.cli.report_screen import show_report
from touchline.reports.pictures.chart import chart_picture
from touchline.reports.renderers.html import html_fragment, html_mail, html_page
from touchline.reports.renderers.markdown import escaped, markdown
from touchline.reports.renderers.sparkline import sparkline
from touchline.reports.report import (
    Bar,
    Bars,
    Bullets,
    Chart,
    Column,
    Figure,
    Figures,
    Mark,
    Paragraph,
    Quote,
    Report,
    Section,
    Series,
    Table,
    Text,
    line,
)

HARM = (
    '<img src=x onerror="harm()"><script>harm()</script> [click](http://evil.example) ![x](http://evil.example)'
    " **bold** `code` | cell | https://evil.example www.evil.example someone@evil.example &amp; <!-- -->"
    "\x1b[31m\u202egnp.exe\x00\r\n# Heading\n- item\n> quote"
)
"""Markup of HTML and Markdown, addresses, terminal commands, direction marks, line breaks."""


def report_of(text: str) -> Report:
    """A report with a text in each of its places."""
    chart = Chart(
        text,
        (0, 3_600_000, 7_200_000),
        (Series(text, (1.0, None, 3.0), "#123456"), Series("usual", (2.0, 2.0, 2.0), "#777", dashed=True)),
        "count",
        "UTC",
        references=(Mark(text, 2.0),),
        changes=(Mark(text, 3_600_000.0),),
    )
    blocks = (
        Paragraph(line(text, Text(text, path="/customer/x", level="bad"))),
        Bullets((line(text),)),
        Figures((Figure(text, text, text, "bad"),)),
        Table((Column(text), Column(text, numeric=True)), ((Text(text), Text(text, path="/alerts")),)),
        Bars((Bar(text, text, 0.5), Bar("none", "0", 0.0))),
        Quote(text, text),
        chart,
    )
    inner = Section(text, (), text, inner=True)
    return Report(text, text, line(text), (Section(text, blocks, text), inner), text)


class _Elements(HTMLParser):
    """Every element and attribute of a page, and its texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes.update(attrs)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize("render", [html_page, html_mail, html_fragment])
def test_html_has_only_its_own_elements(render: Any) -> None:
    """Markup in texts makes no element and no attribute, and the text is still there to read."""
    hostile, harmless = _Elements(render(report_of(HARM), "")), _Elements(render(report_of("fine"), ""))
    assert hostile.names == harmless.names
    assert {name for name, _ in hostile.attributes} == {name for name, _ in harmless.attributes}
    assert not {"script", "img"} & hostile.names
    assert {value for name, value in hostile.attributes if name == "href"} == {"/customer/x", "/alerts"}
    assert any('<img src=x onerror="harm()">' in text for text in hostile.texts)
    assert not any(character in "\x1b\u202e\x00" for text in hostile.texts for character in text)


def test_a_page_needs_nothing_from_elsewhere() -> None:
    """A page has no script, and loads no style, picture or font."""
    page = html_page(report_of("fine"), "https://live.example/")
    elements = _Elements(page)
    assert not {"script", "link", "iframe", "img", "object"} & elements.names
    assert "url(" not in page
    assert "@import" not in page
    links = {value for name, value in elements.attributes if name == "href"}
    assert links == {"https://live.example/customer/x", "https://live.example/alerts"}
    assert "href" not in {name for name, _ in _Elements(html_page(report_of("fine"))).attributes}


def test_a_mail_has_colours_that_programs_for_mail_know() -> None:
    """A mail's style has no variables."""
    assert "var(" not in html_mail(report_of("fine"))
    assert "var(--ink)" in html_page(report_of("fine"))


def test_markdown_has_only_its_own_markup() -> None:
    """Markup in texts makes no HTML, link, picture, heading, list or code; a table keeps its columns."""
    parse = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse

    def shape(text: str) -> list[str]:
        found = []
        for token in parse(markdown(report_of(text), "https://live.example")):
            found.append(token.type)
            found += [child.type for child in token.children or () if child.type != "text"]
        return found

    assert shape(HARM) == shape("fine")
    assert "html_inline" not in shape(HARM)


@settings(max_examples=100)
@given(st.text(alphabet=st.sampled_from("\\`*_[]<>()&|~#!-+=.:/@1a \n\t1."), max_size=60))
def test_escaped_markdown_reads_as_the_text(text: str) -> None:
    """Any text, escaped, is one paragraph that shows the text, with white space joined."""
    [opened, inline, closed] = MarkdownIt("commonmark").parse(f"x {escaped(text)}")
    assert (opened.type, closed.type) == ("paragraph_open", "paragraph_close")
    shown = "".join(child.content for child in inline.children or ())
    assert shown == f"x {' '.join(text.split())}".rstrip()
    starts = MarkdownIt("commonmark").parse(escaped(text))
    assert [token.type for token in starts] in ([], ["paragraph_open", "inline", "paragraph_close"])


@settings(max_examples=60)
@given(
    st.lists(st.one_of(st.none(), st.floats(-1e9, 1e9)), min_size=1, max_size=40),
    st.sampled_from(["count", "share", "seconds", "currency", "strikes"]),
    st.booleans(),
    st.text(max_size=40),
)
def test_any_chart_is_a_picture(values: list[float | None], unit: str, stacked: bool, name: str) -> None:
    """Any values, gaps and names give well-formed SVG without scripts, and with finite numbers alone."""
    values = [value if value is None or not stacked else abs(value) for value in values]
    times = tuple(number * 3_600_000 for number in range(len(values)))
    chart = Chart(
        name,
        times,
        (Series(name, tuple(values), "#123"), Series(name, tuple(values), "#456", dashed=True)),
        unit,
        "Europe/Berlin",
        stacked,
        (Mark(name, 5.0),),
        (Mark(name, 1.0),),
    )
    root = ElementTree.fromstring(chart_picture(chart))
    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert names <= {"svg", "title", "line", "text", "rect", "polyline", "circle"}
    attributes = [value for element in root.iter() for value in element.attrib.values()]
    assert not any(word in value for value in attributes for word in ("nan", "inf", "javascript"))


def test_a_terminal_gets_no_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """On a terminal, control characters and direction marks are replaced, and everything is said."""
    show_report(report_of(HARM))
    shown = capsys.readouterr().out
    assert not set("\x1b\u202e\x00") & set(shown)
    assert shown.count("someone@evil.example") >= 15


def test_a_sparkline_shows_gaps_and_the_highest() -> None:
    """A gap is a space, 0 the lowest, the highest value a full block; long series are averaged."""
    assert sparkline((0, None, 7, 14)) == "▁ ▅█"
    assert len(sparkline([1.0] * 500)) <= 60
    assert sparkline(()) == ""
