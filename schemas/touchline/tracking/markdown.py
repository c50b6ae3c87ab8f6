"""A tracking plan as a page of Markdown."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

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
    schema = event_type.model.model_json_schema()
    required = schema.get("required", ())
    for name, about in schema.get("properties", {}).items():
        description = about.get("description", "")
        yield f"| `{name}` | {kind_of(about)} | {'yes' if name in required else ''} | {_cell(description)} |"
    yield "| any other | | | kept as it is |"


def kind_of(about: Mapping[str, Any]) -> str:
    """The type of a field in words, from its JSON Schema: `time`, `low or high`, `number, at least 0`."""
    schema = next((one for one in about.get("anyOf", [about]) if one.get("type") != "null"), about)
    words = schema.get("enum", [schema["const"]] if "const" in schema else ())
    if words:
        return _cell(" or ".join(map(str, words)))
    kind = "time" if schema.get("format") == "date-time" else str(schema.get("type", "any value"))
    bounds = [
        f"{text} {schema[name]:g}"
        for name, text in (("minimum", "at least"), ("maximum", "at most"))
        if name in schema
    ]
    if "pattern" in schema:
        bounds.append(f"matches `{schema['pattern']}`")
    return _cell(", ".join([kind, *bounds]))


def _channels(event_type: EventType) -> str:
    return ", ".join(sorted(event_type.channels)) or "all"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
