"""What a report says: sections of blocks, as values. Renderers turn it into HTML, Markdown and lines of text.

Texts are what people wrote or producers sent, unescaped: each renderer makes them harmless.
"""

from typing import Literal

import msgspec

Level = Literal["", "good", "warn", "bad", "muted"]


class Text(msgspec.Struct, frozen=True):
    """A piece of text. `path` is an address of the live page that it links to, such as `/customer/…`."""

    text: str
    path: str = ""
    level: Level = ""


Line = tuple[Text, ...]


class Paragraph(msgspec.Struct, frozen=True, tag="paragraph"):
    """A paragraph."""

    line: Line


class Bullets(msgspec.Struct, frozen=True, tag="bullets"):
    """A list."""

    items: tuple[Line, ...]


class Figure(msgspec.Struct, frozen=True):
    """A number with its label, and a note below it."""

    label: str
    value: str
    note: str = ""
    level: Level = ""


class Figures(msgspec.Struct, frozen=True, tag="figures"):
    """Numbers side by side."""

    figures: tuple[Figure, ...]


class Column(msgspec.Struct, frozen=True):
    """The title of a column; numbers are aligned to the right."""

    title: str
    numeric: bool = False


class Table(msgspec.Struct, frozen=True, tag="table"):
    """A table; each row has a cell for each column."""

    columns: tuple[Column, ...]
    rows: tuple[Line, ...]


class Bar(msgspec.Struct, frozen=True):
    """A bar: its length is a share of the longest, from 0 to 1."""

    label: str
    value: str
    share: float


class Bars(msgspec.Struct, frozen=True, tag="bars"):
    """Bars below each other."""

    bars: tuple[Bar, ...]


class Quote(msgspec.Struct, frozen=True, tag="quote"):
    """The words of a customer, and where they come from."""

    text: str
    source: str = ""


class Series(msgspec.Struct, frozen=True):
    """A line or a layer of a chart: one value for each time, None for a gap. `colour` is CSS."""

    name: str
    values: tuple[float | None, ...]
    colour: str
    dashed: bool = False


class Mark(msgspec.Struct, frozen=True):
    """A line across a chart: at a value, or at a time (ms since 1970)."""

    label: str
    at: float


class Chart(msgspec.Struct, frozen=True, tag="chart"):
    """Values over time, as lines or as stacked bars.

    Attributes:
        title: What is drawn.
        times: The points in time, ms since 1970.
        series: The lines or layers.
        unit: The unit of the values.
        zone: The time zone of the axis.
        stacked: Whether the series are stacked.
        references: Values to compare with.
        changes: Times at which something changed.
    """

    title: str
    times: tuple[int, ...]
    series: tuple[Series, ...]
    unit: str
    zone: str
    stacked: bool = False
    references: tuple[Mark, ...] = ()
    changes: tuple[Mark, ...] = ()


Block = Paragraph | Bullets | Figures | Table | Bars | Quote | Chart


class Section(msgspec.Struct, frozen=True):
    """A title, the question that it answers, and its blocks. An `inner` one is part of the one before."""

    title: str
    blocks: tuple[Block, ...]
    question: str = ""
    inner: bool = False


class Report(msgspec.Struct, frozen=True):
    """A report. `lead` is the answer in a sentence or two; `note` is said at the end."""

    title: str
    subtitle: str
    lead: Line
    sections: tuple[Section, ...]
    note: str = ""


def line(*pieces: Text | str) -> Line:
    """Pieces of text as a line."""
    return tuple(Text(piece) if isinstance(piece, str) else piece for piece in pieces)


def paragraph(*pieces: Text | str) -> Paragraph:
    """A paragraph of pieces of text."""
    return Paragraph(line(*pieces))


def muted(text: str) -> Paragraph:
    """A paragraph in a quieter colour: how to read what stands above it."""
    return Paragraph((Text(text, level="muted"),))
