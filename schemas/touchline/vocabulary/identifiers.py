"""Identifiers: `kind:value` after normalisation, and their rank (docs/semantics.md#customers)."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

RANK: tuple[str, ...] = ("account", "loyalty", "email", "phone", "social", "device", "terminal")
"""Kinds, strongest first. Other kinds rank before `terminal`, by name."""

UNIQUE_KIND = "account"
"""A customer has at most one identifier of this kind."""

NOBODY_KINDS = frozenset({"terminal", "contact", "cart", "order", "session"})
"""Kinds whose identifiers link nobody: devices of the company's own, and stand-ins for an unknown person."""

MOST_VALUES = 5
"""The most values of one kind in one event."""

_PLACEHOLDERS = frozenset({"", "null", "undefined", "none", "anonymous", "unknown", "-1"})
_ALL_ZEROS = re.compile(r"0[0\-]*\Z")
_OTHER_KINDS = RANK.index("terminal")
_KIND_RANK = {kind: position + (position >= _OTHER_KINDS) for position, kind in enumerate(RANK)}


def rank(identifier: str) -> tuple[int, str, str]:
    """Sort key of an identifier, strongest first: the rank of its kind, then its text."""
    kind, _, _ = identifier.partition(":")
    position = _KIND_RANK.get(kind)
    return (_OTHER_KINDS, kind, identifier) if position is None else (position, "", identifier)


def links_nobody(kind: str) -> bool:
    """Whether identifiers of a kind link nobody, whatever they occur with."""
    return kind in NOBODY_KINDS


def normalise(kind: str, value: str, region: str | None = None) -> str | None:
    """The normalised `kind:value`, or None for a placeholder.

    E-mail: trimmed, lower case. Phone: E.164 in the default `region` (ISO 3166 alpha-2; without a region only
    numbers that start with `+`), else trimmed. Other kinds: trimmed.
    """
    text = value.strip()
    if text.lower() in _PLACEHOLDERS or _ALL_ZEROS.match(text):
        return None
    if kind == "email":
        text = text.lower()
    elif kind == "phone":
        text = _e164(text, region)
    return f"{kind}:{text}"


def normalised(identifiers: Mapping[str, str | Iterable[str]], region: str | None = None) -> tuple[str, ...]:
    """The identifiers of an envelope, normalised, without placeholders, strongest first."""
    found = {
        identifier
        for kind, values in identifiers.items()
        for value in ((values,) if isinstance(values, str) else values)
        if (identifier := normalise(kind, value, region)) is not None
    }
    return tuple(found) if len(found) < 2 else tuple(sorted(found, key=rank))


@lru_cache(maxsize=65_536)
def _e164(text: str, region: str | None) -> str:
    # Some numbers (mostly with surplus zeros) do not parse back to themselves. They stay text, so that a
    # replayed event keeps its identifiers.
    number = _parse(text, region)
    return number if number is not None and _parse(number, region) == number else text


def _parse(text: str, region: str | None) -> str | None:
    # Imported here: it loads slowly, and processes that read stored events never need it.
    import phonenumbers

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
