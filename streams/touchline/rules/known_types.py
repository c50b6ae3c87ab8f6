"""The event types that rules may select, and the fields that each has."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from touchline.documents import suggestion
from touchline.rules.rule import SelectorModel
from touchline.vocabulary.registry import EventType


class Field(NamedTuple):
    """A field of a type's data: its JSON types, its enumerated values, and whether it is a time."""

    kinds: frozenset[str]
    values: tuple[Any, ...]
    is_time: bool


class KnownTypes:
    """Event types by name: those of the vocabulary, or also those of a tracking plan."""

    def __init__(self, types: Mapping[str, EventType]) -> None:
        self.types = types
        self._fields: dict[str, Mapping[str, Field]] = {}

    def named(self, pattern: str) -> list[str]:
        """The types that a name or a pattern such as `contact.*` selects."""
        if pattern.endswith(".*"):
            return [name for name in self.types if name.startswith(pattern[:-1])]
        return [pattern] if pattern in self.types else []

    def selected(self, selector: SelectorModel) -> list[str] | None:
        """The types that a selector takes; None unless all of them are known."""
        if selector.types is None or any(name == "*" or not self.named(name) for name in selector.types):
            return None
        return [known for name in selector.types for known in self.named(name)]

    def lacking(self, selector: SelectorModel, path: str) -> list[str]:
        """The types of a selector without the data field; a family counts if all its types lack the field."""
        if not path.startswith("data.") or "." in path.removeprefix("data."):
            return []
        lacking = []
        for name in selector.types or ():
            known = self.named(name)
            if known and all(self.field(event_type, path) is None for event_type in known):
                lacking.append(known[0] if name.endswith(".*") else name)
        return lacking

    def unknown_field(self, name: str, path: str) -> str:
        """The warning that a type has no such field."""
        near = suggestion(path.removeprefix("data."), self.types[name].fields)
        return f"{path} is not a field of {name}{near}; keep it only if you send it"

    def field(self, name: str, path: str) -> Field | None:
        """A field of a type's data, by its path in rules; None if it has none."""
        if name not in self._fields:
            self._fields[name] = dict(_fields(self.types[name]))
        return self._fields[name].get(path.removeprefix("data.")) if path.startswith("data.") else None


def _fields(event_type: EventType) -> Iterator[tuple[str, Field]]:
    for name, about in event_type.model.model_json_schema().get("properties", {}).items():
        schemas = [schema for schema in about.get("anyOf", [about]) if schema.get("type") != "null"]
        yield (
            name,
            Field(
                kinds=frozenset(
                    schema["type"].replace("integer", "number") for schema in schemas if "type" in schema
                ),
                values=tuple(
                    value
                    for schema in schemas
                    for value in schema.get("enum", [schema["const"]] if "const" in schema else ())
                ),
                is_time=any(schema.get("format") == "date-time" for schema in schemas),
            ),
        )
