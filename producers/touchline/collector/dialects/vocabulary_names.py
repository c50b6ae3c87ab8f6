"""Names of open formats: the event types of the vocabulary that they mean, if their data fits.

In these formats a producer chooses the names of its events. A name means a type of the vocabulary if it is
the type's name, or ends in it after a prefix, such as `com.example.checkout.started`; a version may follow
(`.v1`). If the data lacks what the type needs, or for any other name, the type is one of the producer's own.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from touchline.collector.dialects.custom_types import custom_type
from touchline.vocabulary.identifiers import STAND_INS
from touchline.vocabulary.refusal import explain
from touchline.vocabulary.registry import EVENT_TYPES, is_custom, type_of

FAULT: Final = "vocabulary_violation"
"""The field of the context that names the field by which the data does not fit the type that is meant."""

LONGEST_NAME: Final = 256
"""Longer names mean no type of the vocabulary."""

_VERSION = re.compile(r"[vV]?\d+")


class Named(NamedTuple):
    """The type for an event of an open format.

    Attributes:
        type: A type of the vocabulary, or `custom.…`.
        data: The data. Where the type knows a field as `cart_id`, `cartId` is renamed, and whole numbers that
            are ids become text.
        context: The name, if it is not the type, and why the type that is meant is not the type.
    """

    type: str
    data: dict[str, Any]
    context: dict[str, Any]


def named(name: str, data: dict[str, Any]) -> Named:
    """The type that a name means, given the data."""
    meant = meant_type(name)
    context: dict[str, Any] = {} if meant == name else {"name": name}
    if meant is None:
        return Named(custom_type(name), _renamed(data, _STAND_INS), context)
    if is_custom(meant):
        return Named(meant, _renamed(data, _STAND_INS), context)
    fitting = _renamed(data, _SPELLINGS[meant])
    fault = fault_of(meant, fitting)
    if fault is None:
        return Named(meant, fitting, context)
    return Named(custom_type(name), _renamed(data, _STAND_INS), {"name": name, FAULT: fault})


def meant_type(name: str) -> str | None:
    """The type of the vocabulary, or of the family `custom`, that a name means; None if it means none."""
    return _cached(name) if len(name) <= LONGEST_NAME else None


def _meant_type(name: str) -> str | None:
    if type_of(name, EVENT_TYPES) is not None:
        return name
    words = name.split(".")
    if len(words) > 2 and _VERSION.fullmatch(words[-1]):
        words.pop()
    last = ".".join(words[-2:])
    return last if last in EVENT_TYPES else None


_cached = lru_cache(maxsize=4_096)(_meant_type)


def fault_of(event_type: str, data: Mapping[str, Any]) -> str | None:
    """The field by which data does not fit a type of the vocabulary, or None."""
    model = EVENT_TYPES[event_type].model
    try:
        model.model_validate(data)
    except ValidationError as error:
        return explain(error, model, "data")[0]
    return None


def _renamed(data: dict[str, Any], spellings: Mapping[str, str]) -> dict[str, Any]:
    """The data with fields named as in the vocabulary, and its ids as text."""
    renamed: dict[str, Any] | None = None
    for field, spelling in spellings.items():
        name = field if field in data else spelling
        value = data.get(name)
        is_number = type(value) is int and field.endswith("_id") and 0 <= value < 2**64
        if value is None or (name == field and not is_number):
            continue
        renamed = dict(data) if renamed is None else renamed
        del renamed[name]
        renamed[field] = str(value) if is_number else value
    return data if renamed is None else renamed


def _camel(field: str) -> str:
    first, *rest = field.split("_")
    return first + "".join(word.title() for word in rest)


_SPELLINGS: Final = {
    name: {field: _camel(field) for field in event_type.fields if "_" in field}
    for name, event_type in EVENT_TYPES.items()
}
_STAND_INS: Final = {f"{kind}_id": f"{kind}Id" for kind in STAND_INS}
