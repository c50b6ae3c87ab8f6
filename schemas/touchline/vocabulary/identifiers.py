"""Identifiers: `kind:value` after normalisation, and their rank (docs/semantics.md#customers)."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

RANK: tuple[str, ...] = ("account", "loyalty", "email", "phone", "social", "device")
"""Kinds, strongest first. Unknown kinds come after these, by name."""

UNIQUE_KIND = "account"
"""The kind of which a customer has at most one."""

MOST_VALUES = 5
"""Values that one kind may have in one event."""

_PLACEHOLDERS = frozenset({"", "null", "undefined", "none", "anonymous", "unknown", "-1"})
_ALL_ZEROS = re.compile(r"0[0\-]*\Z")
_KIND_RANK = {kind: position for position, kind in enumerate(RANK)}


def rank(identifier: str) -> tuple[int, str, str]:
    """Sort key that puts the strongest identifier first: rank of its kind, then its text."""
    kind, _, _ = identifier.partition(":")
    position = _KIND_RANK.get(kind)
    return (len(RANK), kind, identifier) if position is None else (position, "", identifier)


def normalise(kind: str, value: str, region: str | None = None) -> str | None:
    """`kind:value` as everything behind the edge knows it, or None for a placeholder.

    E-mail: trimmed, lower case. Phone: E.164 by the default `region` (ISO 3166 alpha-2; without one
    only numbers that begin with `+`), as trimmed where it cannot be read. Others: trimmed.
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
    """An envelope's identifiers, normalised, placeholders dropped, strongest first."""
    found = {
        identifier
        for kind, values in identifiers.items()
        for value in ((values,) if isinstance(values, str) else values)
        if (identifier := normalise(kind, value, region)) is not None
    }
    return tuple(found) if len(found) < 2 else tuple(sorted(found, key=rank))


@lru_cache(maxsize=65_536)
def _e164(text: str, region: str | None) -> str:
    # What does not read back as itself (surplus zeros, mostly) was not a number: a replayed event must keep
    # its identifiers.
    found = _read(text, region)
    return found if found is not None and _read(found, region) == found else text


def _read(text: str, region: str | None) -> str | None:
    # It takes a while to import, and of what is stored no number is read again.
    import phonenumbers

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
