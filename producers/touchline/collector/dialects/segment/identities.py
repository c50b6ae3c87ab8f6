"""Which event a call is, and who it is about."""

from collections.abc import Mapping
from typing import Any, Final

from touchline.collector.dialects.segment.bodies import as_json
from touchline.vocabulary.identifiers import LONGEST_VALUE, InvalidIdentifier, identifier_values
from touchline.vocabulary.ids import derived_id
from touchline.vocabulary.normaliser import is_placeholder
from touchline.vocabulary.refusal import Reason
from touchline.vocabulary.validation import InvalidEvent

IDENTIFYING_TRAITS: Final = ("email", "phone")
"""Traits that are identifiers, and their kinds."""

_LONGEST_EVENT_ID = 64
_IDS = (("userId", "account"), ("anonymousId", "device"), ("previousId", "device"))


def identifiers(call: Mapping[str, Any], *traits: Mapping[str, Any]) -> dict[str, list[str]]:
    """The identifiers of a call, by kind. Of several traits with one name, the first stands.

    Raises:
        InvalidEvent: an id is neither text nor a whole number.
    """
    found: dict[str, list[str]] = {}
    for field, kind in _IDS:
        given = call.get(field)
        if given is None or given == "":
            continue
        text = given if type(given) is str else _id(field, given)
        values = found.setdefault(kind, [])
        if text not in values:
            values.append(text)
    if (account := found.get("account")) and account == found.get("device"):
        # An alias of the user with itself.
        del found["device"]
    for kind in IDENTIFYING_TRAITS:
        for each in traits:
            if value := trait(each, kind):
                found[kind] = [value]
                break
    return found


def trait(traits: Mapping[str, Any], name: str) -> str | None:
    """A trait that identifies as text, or None if it is missing or cannot identify anybody."""
    value = traits.get(name)
    if type(value) is int:
        value = str(value)
    return value if isinstance(value, str) and 0 < len(value) <= LONGEST_VALUE else None


def without_identifiers(traits: Mapping[str, Any]) -> dict[str, Any]:
    """The traits that are not sent as identifiers."""
    return {name: value for name, value in traits.items() if not _identifies(traits, name)}


def _identifies(traits: Mapping[str, Any], name: str) -> bool:
    return name in IDENTIFYING_TRAITS and trait(traits, name) is not None


def _id(field: str, value: Any) -> str:
    try:
        if isinstance(value, bool | list):
            raise InvalidIdentifier("expected text or a whole number")
        (text,) = identifier_values(value)
    except (InvalidIdentifier, ValueError) as error:
        raise InvalidEvent(Reason.INVALID_ENVELOPE, field, str(error)) from None
    return text


def event_id(call: Mapping[str, Any], raw: bytes, place: str) -> str:
    """The client's own id, so that a repeated call is known; a digest of it if it is long.

    A call without an id has one by its content if that has a time, else by when and where it came: two of
    the same content may be two events.
    """
    given = call.get("messageId")
    if type(given) is int:
        given = str(given)
    if isinstance(given, str) and given and not is_placeholder(given):
        return given if len(given) <= _LONGEST_EVENT_ID else str(derived_id(f"segment:{given}"))
    if call.get("timestamp") or call.get("originalTimestamp"):
        content = {name: value for name, value in call.items() if name not in ("sentAt", "messageId")}
        return str(derived_id(f"segment:{as_json(content).decode()}"))
    return str(derived_id(f"segment:{place}:{raw.decode(errors='backslashreplace')}"))
