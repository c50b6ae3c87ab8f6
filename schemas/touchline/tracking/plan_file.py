"""Reads a tracking plan: the event types under it, and all its faults."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from touchline.documents import Document, Fault, by_place, explained, suggestion
from touchline.tracking.declaration import (
    MOST_TYPES,
    FieldDeclaration,
    OwnType,
    Plan,
    Tightening,
    check_type_name,
)
from touchline.tracking.event_types import event_types
from touchline.tracking.field_schemas import field_schemas
from touchline.vocabulary.errors import ConfigurationError
from touchline.vocabulary.registry import EVENT_TYPES, EventType

SECTIONS: Mapping[str, type[OwnType | Tightening]] = {"types": OwnType, "tighten": Tightening}


class PlanError(ConfigurationError):
    """A tracking plan cannot be used. The message has a line for each fault: its place and what to write."""


class PlanFile(NamedTuple):
    """A tracking plan as read. With any `faults` it cannot be used, and lacks the faulty types."""

    document: Document
    plan: Plan
    types: Mapping[str, EventType]
    faults: tuple[Fault, ...]


def parse_plan(text: str, name: str = "plan") -> Mapping[str, EventType]:
    """The event types under the plan in a YAML text, those of the vocabulary among them.

    Raises:
        PlanError: The plan has faults; the message has a line `name:line:column: fault` for each.
    """
    file = read_plan(Document(text, name))
    if file.faults:
        raise PlanError("\n".join(map(str, file.faults)))
    return file.types


def read_plan(document: Document) -> PlanFile:
    """The plan of a document, and its faults."""
    faults = list(document.faults)
    raw = document.raw
    if not isinstance(raw, dict):
        if not faults:
            faults.append(document.fault((), "write your event types under 'types'"))
        raw = {}
    for name in raw:
        if name not in SECTIONS:
            message = f"unknown key{suggestion(name, SECTIONS) or '; write types or tighten'}"
            faults.append(document.fault((str(name),), message, key=True))
    own = _entries(document, "types", raw.get("types"), faults)
    tighten = _entries(document, "tighten", raw.get("tighten"), faults)
    wrong = {name: [*_tightening_faults(document, name, about)] for name, about in tighten.items()}
    for found in wrong.values():
        faults += found
    plan = Plan(types=own, tighten={name: about for name, about in tighten.items() if not wrong[name]})
    faults.sort(key=by_place)
    return PlanFile(document, plan, event_types(plan), tuple(faults))


def _entries(document: Document, section: str, raw: Any, faults: list[Fault]) -> dict[str, Any]:
    """The valid entries of a section; adds the faults of the others."""
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        faults.append(document.fault((section,), f"{section}: write a map from types to what holds of them"))
        return {}
    if len(raw) > MOST_TYPES:
        message = f"{section}: {len(raw):,} types: declare at most {MOST_TYPES:,}"
        faults.append(document.fault((section,), message, key=True))
        return {}
    found: dict[str, Any] = {}
    for name, value in raw.items():
        path = (section, str(name))
        message = _name_fault(section, str(name), found)
        if message:
            faults.append(document.fault(path, message, key=True))
            continue
        try:
            found[str(name)] = SECTIONS[section].model_validate(value)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                loc = tuple(step for step in detail["loc"] if step != "[key]")
                is_key = detail["type"] == "extra_forbidden" or "[key]" in detail["loc"]
                about = ".".join(str(step) for step in loc)
                message = f"{name}: {about + ': ' if about else ''}{_message(detail, section)}"
                faults.append(document.fault((*path, *loc), message, key=is_key))
    return found


def _name_fault(section: str, name: str, found: Mapping[str, Any]) -> str:
    if section == "tighten":
        if name in EVENT_TYPES:
            return ""
        near = suggestion(name, EVENT_TYPES)
        return f"'{name}' is not a type of the vocabulary{near}; declare your own under 'types'"
    if name in EVENT_TYPES:
        return f"'{name}' is a type of the vocabulary: write what is stricter under 'tighten'"
    try:
        check_type_name(name)
    except ValueError as error:
        return str(error)
    function = name.replace(".", "_")
    twin = next((one for one in (*EVENT_TYPES, *found) if one.replace(".", "_") == function), None)
    return f"'{name}' and '{twin}' have one typed helper, {function}(): rename one" if twin else ""


def _message(detail: ErrorDetails, section: str) -> str:
    """What is wrong with a value, and what to write instead."""
    model: type[BaseModel] = FieldDeclaration if "fields" in detail["loc"][:-1] else SECTIONS[section]
    if detail["type"] == "literal_error":
        words = detail["ctx"]["expected"].replace(" or ", ", ").replace("'", "").split(", ")
        return f"{detail['input']!r} is none of {', '.join(words)}{suggestion(detail['input'], words)}"
    if detail["type"] == "dict_type":
        return "write a map from fields to their types, or leave it out"
    if detail["type"] == "string_type" and isinstance(detail["input"], int | float | date):
        return f"{detail['input']} is no text: put it in quotes"
    if detail["type"] in ("model_type", "model_attributes_type"):
        return f"write its {', '.join(model.model_fields)}"
    if detail["type"] == "too_long":
        return f"has {detail['ctx']['actual_length']} entries: write at most {detail['ctx']['max_length']}"
    return explained(detail, model.model_fields, ())


def _tightening_faults(document: Document, name: str, about: Tightening) -> Iterator[Fault]:
    known = EVENT_TYPES[name].model.model_fields
    for index, field in enumerate(about.required):
        if field not in known and field not in about.fields:
            near = suggestion(field, known)
            message = f"{name}: required: there is no field '{field}'{near}; declare it under 'fields'"
            yield document.fault(("tighten", name, "required", index), message)
    for field, declared in about.fields.items():
        path = ("tighten", name, "fields", field)
        if field not in known:
            if declared.type is None and declared.enum is None:
                near = suggestion(field, known)
                message = f"{name}: fields.{field}: not a field of the vocabulary{near}; write its type"
                yield document.fault(path, message)
        elif declared.type is not None:
            message = f"{name}: fields.{field}: the vocabulary has its type: leave 'type' out"
            yield document.fault((*path, "type"), message, key=True)
        elif message := _unsuited(name, field, declared):
            yield document.fault(path, f"{name}: fields.{field}: {message}")


def _fits(info: FieldInfo, value: str) -> bool:
    kind: Any = Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
    try:
        TypeAdapter(kind).validate_python(value, strict=True)
    except ValidationError:
        return False
    return True


def _unsuited(name: str, field: str, declared: FieldDeclaration) -> str:
    """Why the constraints cannot hold of a field of the vocabulary; empty if they can."""
    about, info = field_schemas(EVENT_TYPES[name])[field], EVENT_TYPES[name].model.model_fields[field]
    is_text, is_number = about.kind in ("string", "time"), about.kind in ("number", "integer")
    if declared.enum is not None:
        if not is_text:
            return "'enum' lists texts, and it is none"
        never = next((word for word in declared.enum if not _fits(info, word)), None)
        return "" if never is None else f"is never '{never}'{suggestion(never, about.words)}"
    if declared.pattern is not None and about.kind != "string":
        return "'pattern' is for texts, and it is none"
    if (declared.min, declared.max) != (None, None) and not is_number:
        return "'min' and 'max' are for numbers, and it is none"
    if about.kind == "integer" and not declared.has_whole_bounds:
        return "'min' and 'max' of an integer are whole numbers: round them"
    return ""
