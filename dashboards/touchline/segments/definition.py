"""The documents of segments and own funnels, and how they are read and checked."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from touchline.documents import Document, explained
from touchline.panels.ways import THEN
from touchline.rules.rule import Duration, Selector, SelectorModel, check_id
from touchline.segments.selector_sql import unsupported
from touchline.vocabulary.errors import ConfigurationError

M = TypeVar("M", bound=BaseModel)

MOST_TITLE = 80
MOST_LISTED = 50
MOST_TEXT = 20_000
"""The longest definition, in characters."""


class DefinitionError(ConfigurationError):
    """A segment or a funnel is invalid: the message names each place and what to write instead."""


def _supported(selector: SelectorModel) -> SelectorModel:
    if problems := list(unsupported(selector)):
        raise ValueError("; ".join(problems))
    return selector


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


Id = Annotated[str, AfterValidator(check_id)]
Name = Annotated[str, Field(min_length=1, max_length=MOST_TITLE)]
Names = Annotated[list[Name], Field(max_length=MOST_LISTED)]
Events = Annotated[Selector, AfterValidator(_supported)]


class Worth(_Strict):
    """An amount of money; without a currency, amounts of all currencies are added as they are."""

    at_least: float = Field(gt=0)
    currency: str = ""


class FirstSeen(_Strict):
    """When the customer's first event was: within the last time, or before it. Durations in ms."""

    within: Duration | None = None
    before: Duration | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.within is None) == (self.before is None):
            raise ValueError("write either 'within: 30d' (new customers) or 'before: 30d' (returning ones)")
        return self


class Segment(_Strict):
    """Customers, or journeys, that fulfil all the conditions that are written."""

    id: Id
    title: Name
    owner: Annotated[str, Field(max_length=MOST_TITLE)] = ""
    of: Literal["customers", "journeys"] = "customers"
    value: Worth | None = None
    order_value: Worth | None = None
    first_channel: Names = []
    first_seen: FirstSeen | None = None
    did: Annotated[list[Events], Field(max_length=MOST_LISTED)] = []
    did_not: Annotated[list[Events], Field(max_length=MOST_LISTED)] = []
    met: Names = []
    not_met: Names = []

    @model_validator(mode="after")
    def _any(self) -> Self:
        known = set(type(self).model_fields) - {"id", "title", "owner", "of"}
        if not any(getattr(self, name) for name in known):
            raise ValueError(f"write at least one condition: {', '.join(sorted(known))}")
        return self


class Step(_Strict):
    """A step of a funnel: its name, and the events that take it."""

    name: Name
    when: Events


class Funnel(_Strict):
    """Steps that customers take in this order, within a time (ms) from the first."""

    id: Id
    title: Name
    owner: Annotated[str, Field(max_length=MOST_TITLE)] = ""
    within: Duration
    steps: Annotated[list[Step], Field(min_length=2, max_length=10)]

    @model_validator(mode="after")
    def _names(self) -> Self:
        names = [step.name for step in self.steps]
        if len(set(names)) < len(names):
            raise ValueError("two steps have the same name: give each its own")
        if taken := next((name for name in names if name.startswith(THEN)), ""):
            raise ValueError(f"'{taken}': '{THEN}' marks what came after a step: write another name")
        return self


def read_segment(text: str, name: str = "segment") -> Segment:
    """The segment of a YAML or JSON text.

    Raises:
        DefinitionError: it is invalid; the message has a line for each fault, with its place.
    """
    return _read(Segment, text, name)


def read_funnel(text: str, name: str = "funnel") -> Funnel:
    """The funnel of a YAML or JSON text.

    Raises:
        DefinitionError: as `read_segment`.
    """
    return _read(Funnel, text, name)


def _read(model: type[M], text: str, name: str) -> M:
    if len(text) > MOST_TEXT:
        raise DefinitionError(f"{name}: it has {len(text):,} characters: write at most {MOST_TEXT:,}")
    document = Document(text, name)
    if document.faults:
        raise DefinitionError("\n".join(map(str, document.faults)))
    if not isinstance(document.raw, dict):
        raise DefinitionError(f"{name}:1:1: write {', '.join(f'{key}: …' for key in model.model_fields)}")
    try:
        return TypeAdapter(model).validate_python(document.raw)
    except ValidationError as error:
        raise DefinitionError("\n".join(_faults(document, error, model.model_fields))) from None


def _faults(document: Document, error: ValidationError, known: Mapping[str, Any]) -> Iterable[str]:
    for detail in error.errors(include_url=False):
        path = tuple(part for part in detail["loc"] if not str(part).startswith("function-"))
        listed: list[tuple[str, str | int, str]] = detail.get("ctx", {}).get("faults", [])
        for below, key, message in listed:
            yield str(document.fault((*path, below, key), message))
        if not listed:
            where = ".".join(map(str, path))
            message = explained(detail, known, ())
            unknown = detail["type"] == "extra_forbidden"
            yield str(document.fault(path, f"{where}: {message}" if where else message, key=unknown))
