"""Why an event is quarantined: a closed set of reasons, and messages that say what to write instead."""

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ValidationError


class Reason(StrEnum):
    """The reason why an event is in quarantine."""

    MALFORMED_JSON = "malformed_json"
    NOT_AN_OBJECT = "not_an_object"
    TOO_LARGE = "too_large"
    INVALID_ENVELOPE = "invalid_envelope"
    UNKNOWN_TYPE = "unknown_type"
    UNKNOWN_VERSION = "unknown_version"
    INVALID_DATA = "invalid_data"
    WRONG_CHANNEL = "wrong_channel"
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
    "datetime_type": "a time as an RFC 3339 string, such as 2026-11-21T10:00:00Z",
    "enum": "one of {expected}",
    "literal_error": "one of {expected}",
    "string_too_short": "at least {min_length} character",
    "string_too_long": "at most {max_length} characters",
    "too_short": "at least {min_length} value",
    "too_long": "at most {max_length} values",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "{ge:g} or more",
    "less_than_equal": "{le:g} or less",
    "finite_number": "a finite number",
    "string_pattern_mismatch": "text that matches {pattern}",
}


def explain(error: ValidationError, model: type[BaseModel], under: str = "") -> tuple[str, str]:
    """The first error: the path of the field, and a message.

    The message repeats no value, which could be personal, except for fields that take one of a few words.

    Args:
        error: The error from validating with `model`.
        model: The envelope, or the data of a type.
        under: The path of the model in the event, such as `data`.
    """
    first = error.errors(include_url=False, include_input=True)[0]
    kind = first["type"]
    steps = [str(step) for step in first["loc"] if step != "[key]"]
    field = ".".join([under, *steps] if under else steps)[:_LONGEST_PATH]
    context = first.get("ctx", {})
    if kind == "json_invalid":
        return field, f"not JSON: {context['error']}"
    if kind == "missing":
        return field, f"`{steps[-1]}` is required: {_description(model, steps)}"
    if kind == "extra_forbidden":
        return field, "unknown field: put your own fields in `data`"
    if "[key]" in first["loc"]:
        return field, (
            "invalid identifier kind: use up to 32 lower-case letters, digits or _, starting with a letter"
        )
    if kind == "timezone_aware":
        return field, "the time has no time zone: write it such as 2026-11-21T10:00:00Z"
    expected = _EXPECTED.get(kind)
    if expected is None:
        return field, first["msg"]
    got = _kind_of(first["input"])
    if kind in ("enum", "literal_error") and isinstance(first["input"], str):
        got = repr(first["input"][:40])
    return field, f"expected {expected.format_map(context)}, got {got}"


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
        case "":
            return "an empty string"
        case str():
            return f"a string of {len(value)} character{'' if len(value) == 1 else 's'}"
        case int() | float():
            return "a number"
        case list():
            return f"a list of {len(value)}" if value else "an empty list"
        case dict():
            return f"an object of {len(value)}" if value else "an empty object"
    return "something else"
