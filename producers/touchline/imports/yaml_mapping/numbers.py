"""Numbers in text: the decimal mark, the mark between thousands, and nothing that could be read two ways."""

import re
from functools import lru_cache

from touchline.imports.readers.options import FileOptions

_SPACES = {" ": "[ \u00a0\u202f\u2009]", "'": "['\u2019]"}


def read_number(value: object, options: FileOptions) -> float:
    """A number, from a number or from text.

    Without options the decimal mark is a point; `1,080.50` is read, since it has only one reading.

    Raises:
        ValueError: it is no number, or the options do not say which.
    """
    if isinstance(value, int | float):
        return value
    text = str(value).strip()
    if options.decimal is None and options.thousands is None:
        try:
            return float(text)
        except ValueError:
            pass
    decimal = options.decimal or "."
    plain, grouped, mark = _patterns(decimal, options.thousands)
    if plain.fullmatch(text):
        return float(text.replace(decimal, "."))
    if grouped.fullmatch(text):
        return float(mark.sub("", text).replace(decimal, "."))
    raise ValueError(_hint(text, decimal))


def read_whole(value: object, options: FileOptions) -> int:
    """A whole number, from a number or from text.

    Raises:
        ValueError: it is no number, or not whole.
    """
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str) and options.thousands is None:
        try:
            return int(value)
        except ValueError:
            pass
    found = read_number(value, options)
    if found != int(found):
        raise ValueError("it is not whole: write as: float")
    return int(found)


@lru_cache(maxsize=32)
def _patterns(decimal: str, thousands: str | None) -> tuple[re.Pattern[str], ...]:
    """Patterns of numbers without and with marks between thousands, and of the mark."""
    point = re.escape(decimal)
    other = "," if decimal == "." else "."
    mark = _SPACES.get(thousands or other, re.escape(thousands or other))
    # Without the option, only a decimal mark behind them shows that they are thousands.
    fraction = rf"({point}\d+)?" if thousands else rf"{point}\d+"
    return (
        re.compile(rf"[+-]?(\d+({point}\d*)?|{point}\d+)([eE][+-]?\d+)?"),
        re.compile(rf"[+-]?\d{{1,3}}({mark}\d{{3}})+{fraction}"),
        re.compile(mark),
    )


def _hint(text: str, decimal: str) -> str:
    if re.fullmatch(r"[+-]?[\d.,'\u2019 \u00a0\u202f]+", text) and any(mark.isdigit() for mark in text):
        return f"the decimal mark is {decimal!r}: set decimal and thousands if the file has others"
    return ""
