"""Values of Snowplow's fields as the vocabulary has them; None where a value does not fit.

In the tracker protocol every value is text, also a number; self-describing data has the types of its schema.
"""

from math import isfinite
from typing import Any, Final

LONGEST_ID: Final = 256
"""The longest id of the vocabulary, in characters."""

_LARGEST: Final = 2**63


def text(value: Any) -> str | None:
    """Text that is not blank; a number as text."""
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return str(value)


def an_id(value: Any) -> str | None:
    """An id of at most `LONGEST_ID` characters."""
    found = text(value)
    return found if found is not None and len(found) <= LONGEST_ID else None


def number(value: Any) -> int | float | None:
    """A finite number of at most 64 bits; whole ones as int."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    if not isfinite(found):
        return None
    if isinstance(value, int):
        return value if abs(value) < _LARGEST else None
    return int(found) if found.is_integer() and abs(found) < _LARGEST else found


def count(value: Any) -> int | None:
    """A whole number that is not negative."""
    found = number(value)
    return found if isinstance(found, int) and found >= 0 else None


def currency(value: Any) -> str | None:
    """A currency code of three capitals, whatever case it came in."""
    code = value.upper() if isinstance(value, str) else ""
    return code if len(code) == 3 and code.isascii() and code.isalpha() else None


def words(value: Any) -> str | None:
    """Several words as one text, or one text."""
    if isinstance(value, list):
        return text(" ".join(one for one in map(text, value) if one is not None))
    return text(value)
