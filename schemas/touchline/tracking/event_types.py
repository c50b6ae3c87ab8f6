"""Event types of a tracking plan: each has a model of its data, as those of the vocabulary."""

from collections.abc import Mapping
from types import MappingProxyType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import Field, create_model
from pydantic.fields import FieldInfo

from touchline.tracking.declaration import FieldDeclaration, OwnType, Plan, Tightening
from touchline.vocabulary.data import Currency, EventData, Id, Time
from touchline.vocabulary.registry import EVENT_TYPES, EventType

_TYPES: Final[Mapping[str | None, Any]] = {
    None: str,
    "string": str,
    "id": Id,
    "integer": int,
    "number": float,
    "boolean": bool,
    "time": Time,
    "currency": Currency,
    "list": list[Any],
    "object": dict[str, Any],
}


def event_types(plan: Plan) -> Mapping[str, EventType]:
    """The event types under a plan: those of the vocabulary, tightened where it says so, and its own."""
    tightened = {name: _tightened(EVENT_TYPES[name], about) for name, about in plan.tighten.items()}
    own = {name: _own(name, about) for name, about in plan.types.items()}
    return MappingProxyType({**EVENT_TYPES, **tightened, **own})


def _own(name: str, about: OwnType) -> EventType:
    model = create_model(
        class_name(name), __base__=EventData, __doc__=about.description, **_new_fields(about.fields)
    )
    return EventType(
        name,
        name.partition(".")[0],
        about.phase,
        model,
        about.version,
        frozenset(about.channels),
        about.owner,
        about.violations,
    )


def _tightened(base: EventType, about: Tightening) -> EventType:
    known = base.model.model_fields
    fields: dict[str, Any] = {
        name: _stricter(known[name], about.fields.get(name, FieldDeclaration()), name in about.required)
        for name in known
        if name in about.fields or name in about.required
    }
    new = {
        name: declared.model_copy(update={"required": declared.required or name in about.required})
        for name, declared in about.fields.items()
        if name not in known
    }
    fields |= _new_fields(new)
    parent: type[EventData] = base.model
    model = create_model(parent.__name__, __base__=parent, __doc__=parent.__doc__, **fields)
    return EventType(
        base.name,
        base.family,
        base.phase,
        model,
        base.version,
        frozenset(about.channels),
        about.owner,
        about.violations,
        base,
        base.internal,
    )


def _new_fields(declared: Mapping[str, FieldDeclaration]) -> dict[str, Any]:
    """Definitions of fields. Their names are aliases, as a field `copy` or `json` would hide a method."""
    return {f"own_{number}": _new_field(name, declared[name]) for number, name in enumerate(declared)}


def _new_field(name: str, about: FieldDeclaration) -> tuple[Any, Any]:
    allowed = _constrained(_TYPES[about.type], about)
    description = about.description or None
    if about.required:
        return allowed, Field(alias=name, description=description)
    return allowed | None, Field(default=None, alias=name, description=description)


def _stricter(info: FieldInfo, about: FieldDeclaration, required: bool) -> tuple[Any, Any]:
    """A field of the vocabulary under further constraints."""
    kinds = get_args(info.annotation) if _is_union(info.annotation) else (info.annotation,)
    kind: Any = Union[tuple(one for one in kinds if one is not type(None))]  # noqa: UP007 - of a computed tuple
    allowed = _constrained(Annotated[kind, *info.metadata] if info.metadata else kind, about)
    description = about.description or info.description
    if required or about.required or info.is_required():
        return allowed, Field(description=description)
    return allowed | None, Field(default=None, description=description)


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, UnionType)


def _constrained(kind: Any, about: FieldDeclaration) -> Any:
    if about.enum is not None:
        return Literal[tuple(about.enum)]
    if about.min is not None or about.max is not None:
        kind = Annotated[kind, Field(ge=about.min, le=about.max)]
    return kind if about.pattern is None else Annotated[kind, Field(pattern=about.pattern)]


def class_name(name: str) -> str:
    """The name of a class for an event type: `OrderPlaced` for `order.placed`.

    Types whose names differ in more than a dot for an underscore have different names.
    """
    # An underscore stays where no capital letter begins the word.
    words = name.replace(".", "_").split("_")
    return "".join(word.capitalize() if word[:1].isalpha() else f"_{word}" for word in words)
