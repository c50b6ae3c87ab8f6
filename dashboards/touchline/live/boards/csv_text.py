"""The rows of a panel as CSV (RFC 4180), for spreadsheets: names as on the page, values with all digits."""

import csv
import re
from io import StringIO
from typing import Any

from touchline.live.boards.loading import LoadedPanel
from touchline.live.labels import sentence
from touchline.panels import Column
from touchline.vocabulary.errors import TouchlineError
from touchline.vocabulary.names import plain_name

MAX_ROWS = 50_000

BYTE_ORDER_MARK = "\ufeff"
"""Begins the text: without it, Excel reads UTF-8 as the code page of the computer."""

_FORMULA = re.compile(r"[\s\u200b-\u200f\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_UNITS = {"share": "share", "seconds": "s", "points": "points"}


class TooManyRows(TouchlineError):
    """A panel has more rows than a file may have."""


def csv_text(loaded: LoadedPanel, delimiter: str = ",") -> str:
    """The header and the rows. A text that a spreadsheet would run as a formula begins with an apostrophe.

    With a tab as `delimiter`, the text is for the clipboard of a spreadsheet.

    Raises:
        TooManyRows: there are more than `MAX_ROWS`.
    """
    if len(loaded.rows) > MAX_ROWS:
        raise TooManyRows(f"this panel has more than {MAX_ROWS:,} rows: choose a shorter period or a filter")
    columns = _columns(loaded)
    text = StringIO()
    text.write(BYTE_ORDER_MARK if delimiter == "," else "")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(harmless(_header(column)) for column in columns.values())
    for row in loaded.rows:
        writer.writerow(_cell(name, column, row[name], loaded) for name, column in columns.items())
    return text.getvalue()


def harmless(text: str) -> str:
    """A text that spreadsheets show as it is; numbers stay numbers."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def _columns(loaded: LoadedPanel) -> dict[str, Column]:
    """All columns of the rows: first those that the panel names, in its order."""
    panel = loaded.panel
    present = list(loaded.rows[0]) if loaded.rows else list(panel.columns)
    ordered = [name for name in panel.columns if name in present]
    ordered += [name for name in present if name not in panel.columns]
    return {name: panel.columns.get(name) or _plain_column(name, loaded) for name in ordered}


def _plain_column(name: str, loaded: LoadedPanel) -> Column:
    if name == "time":
        return Column("Time (UTC)", "time")
    is_value = loaded.panel.kind != "table" and name not in ("label", "series")
    return Column(sentence(name), loaded.panel.unit if is_value else "text")


def _header(column: Column) -> str:
    unit = _UNITS.get(column.unit, "")
    return f"{column.title} ({unit})" if unit else column.title


def _cell(name: str, column: Column, value: Any, loaded: LoadedPanel) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, int | float):
        return value
    text = str(value)
    if column.unit == "time":
        return f"{text.replace(' ', 'T')}Z"
    text = plain_name(loaded.panel.names if name in ("label", "series") else name, text)
    names = loaded.names
    return harmless(names.rule(text) if name == "rule" else names.name(text) or text)
