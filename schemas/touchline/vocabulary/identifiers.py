"""Identifiers: the kinds and their rank, and which values can be one (docs/semantics.md#customers)."""

from collections.abc import Mapping
from decimal import Decimal
from math import isnan
from typing import Any
from uuid import UUID

from touchline.vocabulary.errors import TouchlineError

UNIQUE_KIND = "account"
"""A customer has at most one identifier of this kind."""

DEVICE = "device"
TERMINAL = "terminal"
"""The kind of a device of the company's own, such as a till or a kiosk."""

RANK: tuple[str, ...] = (UNIQUE_KIND, "loyalty", "email", "phone", "social", DEVICE, TERMINAL)
"""Kinds, strongest first. A producer's own kinds rank between the last two, by name."""

STAND_INS: tuple[str, ...] = ("contact", "cart", "order", "session")
"""Kinds of the identifier that an event gets if it names no customer. They rank below all others."""

NOBODY_KINDS = frozenset({TERMINAL, *STAND_INS})
"""Kinds whose identifiers link nobody."""

MOST_VALUES = 5
"""The most values of one kind in one event."""

LONGEST_VALUE = 256
"""The longest value of an identifier, in characters."""

EXACT = 2**53
"""Beyond this, a float no longer holds every whole number."""

_OTHER = RANK.index(TERMINAL)
_POSITION = {kind: position for position, kind in enumerate(RANK[:-1])} | {
    kind: position for position, kind in enumerate((TERMINAL, *STAND_INS), _OTHER + 1)
}


class InvalidIdentifier(TouchlineError, ValueError):
    """A value cannot be an identifier."""


def rank(identifier: str) -> tuple[int, str, str]:
    """Sort key of an identifier, strongest first: the rank of its kind, then its text."""
    kind, _, _ = identifier.partition(":")
    position = _POSITION.get(kind)
    return (_OTHER, kind, identifier) if position is None else (position, "", identifier)


def links_nobody(kind: str) -> bool:
    """Whether identifiers of this kind link nobody, whatever they occur with."""
    return kind in NOBODY_KINDS


def identifier_values(value: Any) -> tuple[str, ...]:
    """The values of one kind as text, before normalisation: none, one, or up to five of a list.

    Text stays as it is. Numbers must be whole: `17` and `17.0` give "17". A boolean gives "true" or "false",
    which are placeholders. Bytes are UTF-8. None and NaN are no value. A list may not hold lists.

    Raises:
        InvalidIdentifier: the value is an object, a fraction, a float beyond 2^53, bytes that are not UTF-8,
            a list of more than five values, or of another type.
    """
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list | tuple):
        if len(value) > MOST_VALUES:
            raise InvalidIdentifier(f"expected at most {MOST_VALUES} values, got a list of {len(value)}")
        return tuple(text for part in value if (text := _as_text(part)) is not None)
    text = _as_text(value)
    return () if text is None else (text,)


def _as_text(value: Any) -> str | None:
    match value:
        case None:
            return None
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return _digits(value)
        case float():
            return _float_digits(value)
        case Decimal():
            return _decimal_digits(value)
        case bytes() | bytearray() | memoryview():
            try:
                return bytes(value).decode()
            except UnicodeDecodeError:
                raise InvalidIdentifier("expected text, got bytes that are not UTF-8") from None
        case UUID():
            return str(value)
        case Mapping():
            raise InvalidIdentifier("expected text, got an object: send one of its fields")
        case list() | tuple():
            raise InvalidIdentifier("expected text, got a list in a list")
    raise InvalidIdentifier(f"expected text or a whole number, got a {type(value).__name__}")


def _float_digits(value: float) -> str | None:
    if isnan(value):
        return None
    if not value.is_integer():
        raise InvalidIdentifier("expected a whole number, got a fraction: send it as text")
    if abs(value) > EXACT:
        raise InvalidIdentifier("a float beyond 2^53 does not hold every digit: send the number as text")
    return str(int(value))


def _decimal_digits(value: Decimal) -> str | None:
    if value.is_nan():
        return None
    # The exponent first: a Decimal such as 1E+999999 would take long to write out.
    if value.is_infinite() or value.adjusted() >= LONGEST_VALUE:
        raise InvalidIdentifier(f"expected a whole number of at most {LONGEST_VALUE} digits")
    if value != value.to_integral_value():
        raise InvalidIdentifier("expected a whole number, got a fraction: send it as text")
    return _digits(int(value))


def _digits(value: int) -> str:
    # 10 bits hold 3 digits. Python refuses to write out numbers of more than some thousand digits.
    if value.bit_length() > LONGEST_VALUE * 10 // 3:
        raise InvalidIdentifier(f"expected a whole number of at most {LONGEST_VALUE} digits")
    return str(value)
