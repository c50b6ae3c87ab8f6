"""The converter of typed values: what mappings and events get for the types of Parquet and of Python."""

from decimal import Decimal
from math import isnan
from typing import Any
from uuid import UUID


def plain(value: Any) -> Any:
    """A value as text, a number, a truth value, a time, a list or a dict; None for NaN.

    Decimals become numbers: exact if whole, else floats. Bytes become the text that they hold in UTF-8. Maps
    become dicts.

    Raises:
        ValueError: the bytes are not UTF-8, or the type has no such form.
    """
    match value:
        case str() | int() | None:
            return value
        case float():
            return None if isnan(value) else value
        case Decimal():
            return None if value.is_nan() else number(value)
        case bytes() | bytearray() | memoryview():
            return text(bytes(value))
        case UUID():
            return str(value)
        case dict():
            return {name: plain(part) for name, part in value.items()}
        case list():
            # Only a map has pairs.
            if value and all(type(part) is tuple and len(part) == 2 for part in value):
                return {str(plain(name)): plain(part) for name, part in value}
            return [plain(part) for part in value]
        case tuple() if type(value) is not tuple:
            raise ValueError("an interval of months, days and nanoseconds cannot be read: use a duration")
        case tuple():
            return [plain(part) for part in value]
    return value


def number(value: Decimal) -> int | float:
    """A decimal as a whole number if it is one, else as a float."""
    if not value.is_finite():
        return float(value)
    return int(value) if value == value.to_integral_value() else float(value)


def text(value: bytes) -> str:
    """Bytes as text.

    Raises:
        ValueError: they are not UTF-8.
    """
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise ValueError(f"binary data that is not UTF-8 text ({value[:16]!r})") from None


def as_text(value: Any) -> str:
    """A value as text: `true` and `false`, and whole numbers without a decimal point."""
    match value:
        case str():
            return value
        case bool():
            return str(value).lower()
        case float() if value.is_integer() and abs(value) < 2**53:
            return str(int(value))
    return str(value)
