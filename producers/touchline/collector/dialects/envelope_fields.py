"""Values that the native envelope takes, for formats that allow more."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from touchline.vocabulary.envelope import Channel
from touchline.vocabulary.identifiers import LONGEST_VALUE, MOST_VALUES
from touchline.vocabulary.normaliser import is_placeholder

LONGEST_SOURCE: Final = 128

_SMALLEST: Final = -(2**63)
_LARGEST: Final = 2**64 - 1
_CHANNELS: Final = frozenset(Channel)
_KIND = re.compile(r"[a-z][a-z0-9_]{0,31}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rfc_3339(ms: int) -> str:
    """A time in milliseconds since 1970, as RFC 3339."""
    return (_EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds")


def is_channel(value: Any) -> bool:
    """Whether a value is one of the channels."""
    return isinstance(value, str) and value in _CHANNELS


def channel_asked(query: Mapping[str, str]) -> str | None:
    """The channel that the URL names, as `?channel=app`, or None."""
    channel = query.get("channel")
    return channel if is_channel(channel) else None


def is_kind(name: str) -> bool:
    """Whether a name can be a kind of identifier."""
    return _KIND.fullmatch(name) is not None


def is_identifier(value: Any) -> bool:
    """Whether a value can be an identifier: text or a whole number, and no placeholder such as `null`."""
    if isinstance(value, str):
        return 0 < len(value) <= LONGEST_VALUE and not is_placeholder(value)
    return type(value) is int and 0 < value < 2**64


def are_identifiers(value: Any) -> bool:
    """Whether a value can be one identifier, or several in a list."""
    if isinstance(value, list):
        return len(value) <= MOST_VALUES and all(map(is_identifier, value))
    return is_identifier(value)


def portable(value: Any) -> Any:
    """A JSON value with whole numbers that need more than 64 bits as text.

    Raises:
        RecursionError: it is nested too deeply.
    """
    match value:
        case dict():
            return {name: portable(each) for name, each in value.items()}
        case list():
            return [portable(each) for each in value]
        case int() if not _SMALLEST <= value <= _LARGEST:
            return str(value)
    return value
