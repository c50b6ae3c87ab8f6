"""From the properties of other products to the fields of a type of the vocabulary.

All properties stay in the data under their own names; the type's fields are added. A property that has the
name of a field and cannot be its value moves to `original` in the data: it must not make the event invalid.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from touchline.vocabulary.registry import EVENT_TYPES

ORIGINAL: Final = "original"
"""The field of the data that has the properties which are no values of the type's fields of their names."""

Convert = Callable[[Any], Any]
"""Gives the value of a field, or None if a property cannot be one."""

_LONGEST_ID = 256
_TOO_BIG = 2**63


def _id(value: Any) -> str | None:
    text = _text(value)
    return text if text is not None and 0 < len(text) <= _LONGEST_ID else None


def _text(value: Any) -> str | None:
    match value:
        case str():
            return value
        case bool():
            return None
        case int():
            return str(value)
        case float():
            return str(int(value)) if value.is_integer() else str(value)
    return None


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        # float() would also read "1_000" and "infinity".
        if not value.strip().lstrip("+-").replace(".", "", 1).isdecimal():
            return None
        value = float(value)
    return value if isinstance(value, int | float) and abs(value) < _TOO_BIG else None


def _at_least_zero(value: Any) -> float | None:
    number = _number(value)
    return number if number is not None and number >= 0 else None


def _above_zero(value: Any) -> float | None:
    number = _number(value)
    return number if number is not None and number > 0 else None


def _count(value: Any) -> int | None:
    """A whole number; of a list of products, the sum of their quantities."""
    if isinstance(value, list):
        quantities = [_count(one.get("quantity", 1)) if isinstance(one, dict) else None for one in value]
        return None if None in quantities else sum(one for one in quantities if one is not None)
    number = _at_least_zero(value)
    return int(number) if number is not None and number == int(number) else None


def _currency(value: Any) -> str | None:
    code = value.strip().upper() if isinstance(value, str) else ""
    return code if len(code) == 3 and code.isascii() and code.isalpha() else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _one_of(*words: str) -> Convert:
    return lambda value: value if value in words else None


CONVERTERS: Final[Mapping[str, Convert]] = {
    **dict.fromkeys(("campaign_id", "cart_id", "contact_id", "coupon_id", "feedback_id", "message_id"), _id),
    **dict.fromkeys(("order_id", "return_id"), _id),
    **dict.fromkeys(
        ("agent", "code", "comment", "message", "method", "page", "plan", "query", "queue", "team"), _text
    ),
    **dict.fromkeys(("reason", "referrer", "step", "subject", "title", "url"), _text),
    **dict.fromkeys(("value", "score"), _number),
    **dict.fromkeys(("seconds", "told_seconds", "wait_seconds"), _at_least_zero),
    "scale": _above_zero,
    **dict.fromkeys(("items", "results"), _count),
    "currency": _currency,
    **dict.fromkeys(("lower_is_better", "resolved"), _flag),
    "by": _one_of("customer", "company"),
    "direction": _one_of("inbound", "outbound"),
    "metric": _one_of("csat", "nps", "ces", "review", "complaint"),
    "sentiment": _one_of("negative", "neutral", "positive"),
}
"""How each field of the mapped types is read; fields of one name are alike in all of them."""


class _Field(NamedTuple):
    name: str
    convert: Convert
    sources: tuple[str, ...]


class Target(NamedTuple):
    """A type of the vocabulary, and where the values of its fields are found."""

    type: str
    fields: tuple[_Field, ...]
    constants: Mapping[str, Any]
    defaults: Mapping[str, Any]
    required: tuple[str, ...]

    def data(self, properties: Mapping[str, Any]) -> dict[str, Any] | None:
        """The data of the type, or None if a required field is missing."""
        data = dict(properties)
        moved: dict[str, Any] = {}
        for name, convert, sources in self.fields:
            for used in sources:
                value = convert(properties.get(used))
                if value is not None:
                    break
            else:
                value, used = self.defaults.get(name), ""
            given = data.pop(name, None)
            if value is not None:
                data[name] = value
            if given is not None and (used != name or value is None or isinstance(given, list)):
                moved[name] = given
        for name, value in self.constants.items():
            if (given := data.get(name)) is not None and given != value:
                moved[name] = given
            data[name] = value
        if moved:
            if ORIGINAL in data:
                moved[ORIGINAL] = data[ORIGINAL]
            data[ORIGINAL] = moved
        return data if all(name in data for name in self.required) else None


def target(
    event_type: str,
    sources: Mapping[str, str] = MappingProxyType({}),
    constants: Mapping[str, Any] = MappingProxyType({}),
    defaults: Mapping[str, Any] = MappingProxyType({}),
) -> Target:
    """A type of the vocabulary as a target.

    Args:
        event_type: The type.
        sources: Field → the properties that may have its value, separated by blanks; the first that fits is
            taken. Empty: no property has it. A field that is missing here is read from its own name.
        constants: Field → its value, whatever the properties say.
        defaults: Field → its value if no property has it.
    """
    model_fields = EVENT_TYPES[event_type].model.model_fields
    fields = tuple(
        _Field(name, CONVERTERS[name], tuple(sources.get(name, name).split()))
        for name in model_fields
        if name not in constants
    )
    required = tuple(name for name, info in model_fields.items() if info.is_required())
    return Target(event_type, fields, constants, defaults, required)
