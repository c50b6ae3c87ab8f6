"""Reads a file of walks: the walks, and all faults with their places."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from touchline.documents import Document, Fault, by_place, explained, suggestion
from touchline.vocabulary.errors import ConfigurationError
from touchline.walks.declaration import (
    MOST_WALKS,
    STEP_KINDS,
    ContactWithin,
    Correspondence,
    Form,
    Open,
    PhoneMenu,
    Step,
    Walk,
)

_MODELS: dict[str, type[BaseModel]] = dict(
    zip(STEP_KINDS, (Open, Form, ContactWithin, PhoneMenu, Correspondence), strict=True)
)


class WalksError(ConfigurationError):
    """A file of walks cannot be used; the message has a line for each fault: its place, what to write."""


class WalksFile(NamedTuple):
    """The walks of a file. With any `faults` it cannot be used, and lacks the faulty walks."""

    walks: tuple[Walk, ...]
    faults: tuple[Fault, ...]


def parse_walks(text: str, name: str = "walks") -> tuple[Walk, ...]:
    """The walks of a YAML text. Messages call it `name`.

    Raises:
        WalksError: it has faults.
    """
    file = read_walks(Document(text, name))
    if file.faults:
        raise WalksError("\n".join(map(str, file.faults)))
    return file.walks


def read_walks(document: Document) -> WalksFile:
    """The walks of a document, and its faults."""
    faults = list(document.faults)
    raw = document.raw
    listed = raw.get("walks") if isinstance(raw, dict) else None
    if not faults and (not isinstance(listed, list) or not listed):
        faults.append(document.fault((), "write a list of walks under 'walks'"))
    if isinstance(raw, dict):
        for name in raw.keys() - {"walks"}:
            message = f"{name}: unknown key{suggestion(name, ['walks']) or '; write walks'}"
            faults.append(document.fault((str(name),), message, key=True))
    walks: list[Walk] = []
    for number, given in enumerate(listed if isinstance(listed, list) else ()):
        found = list(_faults(document, number, given, walks))
        faults += found
    if len(walks) > MOST_WALKS:
        faults.append(document.fault(("walks",), f"has {len(walks)} walks: write at most {MOST_WALKS}"))
    faults.sort(key=by_place)
    return WalksFile(tuple(walks), tuple(faults))


def _faults(document: Document, number: int, given: Any, walks: list[Walk]) -> Iterator[Fault]:
    """The faults of a walk; adds it to the others if there are none."""
    at = ("walks", number)
    try:
        walk = Walk.model_validate(given)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            loc = tuple(step for step in detail["loc"] if step != "[key]")
            is_key = detail["type"] == "extra_forbidden"
            words = ".".join(map(str, loc))
            message = f"{words + ': ' if words else ''}{_message(detail)}"
            yield document.fault((*at, *loc), message, key=is_key)
        return
    found = []
    if any(walk.name == other.name for other in walks):
        found.append(document.fault((*at, "name"), "is there twice: give one of them another name"))
    names = [step.in_words for step in walk.steps]
    for index, step in enumerate(walk.steps):
        if step.in_words in names[:index]:
            message = f"two steps are named '{step.name}': name each differently"
            found.append(document.fault((*at, "steps", index, "name"), message))
        if isinstance(step.does, PhoneMenu | Correspondence):
            continue
        if not walk.covers(walk.address(step.does.page)):
            message = f"{step.does.page} is not on the walk's hosts: add its host under 'hosts'"
            found.append(document.fault((*at, "steps", index, step.kind), message))
    if not found:
        walks.append(walk)
    yield from found


def _message(detail: ErrorDetails) -> str:
    """What is wrong with a value, and what to write instead; repeats no value, which may be a secret."""
    loc = detail["loc"]
    model = next((_MODELS[str(part)] for part in loc if part in _MODELS), Step if "steps" in loc else Walk)
    if detail["type"] in ("model_type", "model_attributes_type"):
        return f"write its {', '.join(model.model_fields)}"
    if detail["type"] == "string_type":
        return "is no text: put it in quotes"
    return explained(detail, model.model_fields, ())
