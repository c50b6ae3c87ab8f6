"""What quarantine keeps of an event that cannot be used: as much of it as may be stored."""

import hashlib
import re
from collections.abc import Callable, Collection
from typing import Any, Final, NamedTuple

import msgspec

from touchline.privacy.fields import REDACTED, redacted
from touchline.vocabulary.envelope import Envelope
from touchline.vocabulary.identifiers import InvalidIdentifier, identifier_values
from touchline.vocabulary.normaliser import Normaliser

_SCALARS: Final = frozenset(info.alias or name for name, info in Envelope.model_fields.items()) - {
    *("identifiers", "data", "context")
}
_NAME: Final = re.compile(r"[A-Za-z_$][\w$-]{0,63}\Z", re.ASCII)
_KIND: Final = re.compile(r"[a-z][a-z0-9_]{0,31}\Z")
_QUOTED: Final = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_UNNAMED: Final = "[unnamed]"


class Hiding(NamedTuple):
    """What hides the parts of an event.

    Attributes:
        data: Returns what may be stored of the data.
        context: Returns what may be stored of the context.
        kinds: The kinds of identifiers that are not stored in clear.
        normaliser: Seals these.
    """

    data: Callable[[dict[str, Any]], dict[str, Any]]
    context: Callable[[dict[str, Any]], dict[str, Any]]
    kinds: Collection[str]
    normaliser: Normaliser


def kept_body(event: dict[str, Any], hiding: Hiding) -> bytes:
    """The event as it may be stored, as JSON.

    Hidden are the values of fields that no event has, as no rule can be about them, and of identifiers that
    have no kind, or a kind that is not stored in clear and no normal form.
    """
    return msgspec.json.encode({_name(key): _kept(key, value, hiding) for key, value in event.items()})


def withheld(raw: bytes) -> bytes:
    """What may be stored of bytes that cannot be read: their SHA-256 and their number, as JSON."""
    return msgspec.json.encode({"sha256": hashlib.sha256(raw).hexdigest(), "bytes": len(raw)})


def kept_message(message: str) -> str:
    """A message without the values that it may quote: those after "got", or else every quoted text."""
    about, got, value = message.rpartition(", got ")
    if got:
        return f"{about}{got}another text" if value[:1] in ("'", '"') else message
    return _QUOTED.sub("'…'", message)


def kept_path(field: str) -> str:
    """The path of a field, without keys that may be values."""
    return ".".join(step if step.isdecimal() else _name(step) for step in field.split(".") if step)


def _kept(key: str, value: Any, hiding: Hiding) -> Any:
    match key, value:
        case "data", dict():
            return hiding.data(value)
        case "context", dict():
            return hiding.context(value)
        case "identifiers", dict():
            return {_name(kind): _sealed(kind, given, hiding) for kind, given in value.items()}
        case _ if key in _SCALARS and not isinstance(value, dict | list):
            return value
    return redacted(value)


def _sealed(kind: str, given: Any, hiding: Hiding) -> Any:
    """The values of identifiers of a kind as they are stored."""
    try:
        values = identifier_values(given) if _KIND.match(kind) else ()
    except InvalidIdentifier:
        values = ()
    if values and kind not in hiding.kinds:
        return given
    sealed = [hiding.normaliser.identifier(kind, value) for value in values]
    found = [REDACTED if one is None else one.partition(":")[2] for one in sealed] or [REDACTED]
    return found if isinstance(given, list) else found[0]


def _name(key: str) -> str:
    return key if _NAME.match(key) else _UNNAMED
