"""Detection of the delimiter of a CSV file: by its `sep=` line, or by its header and first rows."""

import csv
import io
import re
from itertools import islice
from typing import NamedTuple

DELIMITERS = ",;\t|"
"""What is tried, in this order if nothing else decides."""

_SEP = re.compile(r'"?sep=(\t|[^\s"])"?\s*\Z', re.IGNORECASE)
_ROWS = 50


class Fit(NamedTuple):
    """How well a delimiter fits: the share of the first rows with as many fields as the header."""

    share: float
    fields: int
    delimiter: str


def sep_line(line: str) -> str | None:
    """The delimiter that a `sep=;` line names, as spreadsheets write it above the header; else None."""
    found = _SEP.match(line)
    return found[1] if found else None


def fits(sample: str) -> list[Fit]:
    """How each delimiter fits the text from its header on, the best first.

    A delimiter that splits the header is better than one that does not; then one by which more of the rows
    have as many fields as the header; then one that gives more fields.
    """
    found = [_fit(sample, delimiter) for delimiter in DELIMITERS]
    return sorted(found, key=lambda fit: (fit.fields > 1, fit.share, fit.fields), reverse=True)


def named(delimiter: str) -> str:
    """A delimiter as it is written in messages."""
    return "tab" if delimiter == "\t" else repr(delimiter)


def _fit(sample: str, delimiter: str) -> Fit:
    lines = list(io.StringIO(sample, newline="\n"))
    if len(lines) > 1 and not lines[-1].endswith("\n"):
        # The sample may end within a row.
        del lines[-1]
    rows: list[list[str]] = []
    try:
        rows.extend(islice(filter(None, csv.reader(lines, delimiter=delimiter, strict=True)), _ROWS + 1))
    except csv.Error:
        if not rows:
            return Fit(0.0, 0, delimiter)
    header, *below = [len(row) for row in rows] or [0]
    alike = sum(fields == header for fields in below)
    return Fit(alike / len(below) if below else 1.0, header, delimiter)
