"""Why an event is refused: a closed set of reasons, and what was wrong in plain words."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ValidationError


class Reason(StrEnum):
    """Why an event is in quarantine."""

    MALFORMED_JSON = "malformed_json"
    NOT_AN_OBJECT = "not_an_object"
    TOO_LARGE = "too_large"
    INVALID_ENVELOPE = "invalid_envelope"
    UNKNOWN_TYPE = "unknown_type"
    UNKNOWN_VERSION = "unknown_version"
    INVALID_DATA = "invalid_data"
    NO_IDENTIFIER = "no_identifier"
    TIME_IN_FUTURE = "time_in_future"
    TIME_TOO_OLD = "time_too_old"


_LONGEST_PATH = 256

_EXPECTED = {
    "string_type": "a string",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "dict_type": "an object",
    "model_type": "an object",
    "list_type": "a list",
    "datetime_type": "a time in RFC 3339 as a string, such as 2026-11-21T10:00:00Z",
    "timezone_aware": "a time with its zone, such as 2026-11-21T10:00:00Z",
    "enum": "one of {expected}",
    "literal_error": "one of {expected}",
    "string_too_short": "{min_length} or more characters",
    "string_too_long": "up to {max_length} characters",
    "too_short": "{min_length} or more entries",
    "too_long": "up to {max_length} entries",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "{ge:g} or more",
    "less_than_equal": "{le:g} or less",
    "finite_number": "a finite number",
    "string_pattern_mismatch": "text that matches {pattern}",
}


def explain(error: ValidationError, model: type[BaseModel], under: str = "") -> tuple[str, str]:
    """The first thing that was wrong: the path of the field, and what is expected there.

    Values are not repeated in the message: they may be personal.

    Args:
        error: What validating by `model` raised.
        model: The envelope, or the data of a type.
        under: The path at which the model sits in the event, such as `data`.
    """
    first = error.errors(include_url=False, include_input=True)[0]
    location = first["loc"]
    kind = first["type"]
    in_key = "[key]" in location
    steps = [str(step) for step in location if step != "[key]"]
    field = ".".join([under, *steps] if under else steps)[:_LONGEST_PATH]
    if kind == "json_invalid":
        return field, f"not JSON: {first['ctx']['error']}"
    if kind == "missing":
        return field, f"missing; expected {_description(model, steps)}"
    if kind == "extra_forbidden":
        return field, "not a field of an event; what is yours belongs in data"
    if in_key:
        return field, "not a name; expected a letter, then up to 31 letters, digits or _, all lower case"
    if kind in ("enum", "literal_error") and isinstance(first["input"], str):
        return field, f"expected one of {first['ctx']['expected']}, got {first['input'][:40]!r}"
    expected = _EXPECTED.get(kind)
    if expected is None:
        return field, first["msg"]
    return field, f"expected {expected.format_map(first.get('ctx', {}))}, got {_kind_of(first['input'])}"


def _description(model: type[BaseModel], steps: list[str]) -> str:
    for name, info in model.model_fields.items():
        if steps[0] in (name, info.alias) and info.description:
            return info.description
    return "a value"


def _kind_of(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return f"a string of {len(value)} character{'' if len(value) == 1 else 's'}"
        case int() | float():
            return "a number"
        case list():
            return f"a list of {len(value)}"
        case dict():
            return f"an object of {len(value)}"
        case datetime():
            return "a time without it"
    return "something else"
