"""Reads the JSON Schema of an event type's data, as pydantic writes it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from touchline.vocabulary.registry import EventType


class FieldSchema(NamedTuple):
    """A field of an event type's data: its JSON Schema without null, which stands for an absent field."""

    required: bool
    description: str
    schema: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """`time`, or the type in JSON Schema: `string`, `integer`, …; empty for any value."""
        return "time" if self.schema.get("format") == "date-time" else str(self.schema.get("type", ""))

    @property
    def words(self) -> tuple[Any, ...]:
        """The values that are allowed; empty if they are not listed."""
        return tuple(self.schema.get("enum", [self.schema["const"]] if "const" in self.schema else ()))


def field_schemas(event_type: EventType) -> dict[str, FieldSchema]:
    """The fields of an event type's data, by name, in their order."""
    schema = event_type.model.model_json_schema()
    required = schema.get("required", ())
    return {
        name: FieldSchema(name in required, about.get("description", ""), _without_null(about))
        for name, about in schema.get("properties", {}).items()
    }


def _without_null(about: Mapping[str, Any]) -> Mapping[str, Any]:
    return next((one for one in about.get("anyOf", [about]) if one.get("type") != "null"), about)
