"""A tracking plan as a page of Markdown."""

from collections.abc import Iterable, Iterator

from touchline.tracking.field_schemas import FieldSchema, field_schemas
from touchline.vocabulary.registry import EventType


def page(types: Iterable[EventType]) -> str:
    """A page on the event types that a plan declares or tightens: a table of all, and a section for each."""
    ordered = list(types)
    lines = ["# Tracking plan", ""]
    if not ordered:
        return "\n".join([*lines, "The plan declares no event types.", ""])
    lines += ["| Type | Send it when | Owner | Channels |", "|---|---|---|---|"]
    lines += [
        f"| `{one.name}` | {_cell(one.doc)} | {_cell(one.owner)} | {_channels(one)} |" for one in ordered
    ]
    for one in ordered:
        lines += ["", *_section(one)]
    return "\n".join(lines) + "\n"


def _section(event_type: EventType) -> Iterator[str]:
    yield f"## {event_type.name}"
    yield ""
    yield event_type.model.__doc__ or ""
    yield ""
    origin = "Type of the vocabulary, tightened" if event_type.base is not None else "Own type"
    numbers = f"version {event_type.version}, phase {event_type.phase}"
    yield f"{origin}; {numbers}, channels: {_channels(event_type)}, violations: {event_type.violations}."
    yield ""
    yield "| Field | Type | Required | Meaning |"
    yield "|---|---|---|---|"
    for name, about in field_schemas(event_type).items():
        required = "yes" if about.required else ""
        yield f"| `{name}` | {_values(about)} | {required} | {_cell(about.description)} |"
    yield "| any other | | | kept as it is |"


def _values(about: FieldSchema) -> str:
    """The values of a field in words: `time`, `low or high`, `number, at least 0`."""
    if about.words:
        return _cell(" or ".join(map(str, about.words)))
    schema = about.schema
    bounds = [
        f"{text} {schema[name]:g}"
        for name, text in (("minimum", "at least"), ("maximum", "at most"))
        if name in schema
    ]
    if "pattern" in schema:
        bounds.append(f"matches `{schema['pattern']}`")
    return _cell(", ".join([about.kind or "any value", *bounds]))


def _channels(event_type: EventType) -> str:
    return ", ".join(sorted(event_type.channels)) or "all"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
