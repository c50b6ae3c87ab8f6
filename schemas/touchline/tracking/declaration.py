"""What a tracking plan says of an event type: the model of `touchline.yaml`."""

import re
from collections.abc import Mapping
from keyword import iskeyword
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter
from pydantic_core import SchemaError

from touchline.documents import suggestion
from touchline.vocabulary.envelope import Channel
from touchline.vocabulary.registry import OWN_PHASE, Violations

FieldType = Literal["string", "id", "integer", "number", "boolean", "time", "currency", "list", "object"]
"""The type of a field: `id` is 1 to 256 characters, `time` RFC 3339 with a zone, `currency` of ISO 4217."""

MOST_TYPES: Final = 500
MOST_FIELDS: Final = 100

LONGEST_PATTERN: Final = 1_000
"""The longest regular expression of a field, in characters."""

CALL_ARGUMENTS: Final = ("channel", "context", "data", "id", "time")
"""Arguments of `track` in the SDK: a field with such a name could not be passed to a typed helper."""

_TYPE_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+\Z")
_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}\Z")


def check_type_name(name: str) -> str:
    """The name of an own type. Raises ValueError with what to write instead."""
    if not _TYPE_NAME.match(name) or len(name) > 128:
        raise ValueError(
            f"'{name}' is not a name of a type: write lower-case letters, digits and _ with a dot between "
            "family and verb, such as quote.requested"
        )
    if name.startswith("friction."):
        raise ValueError("'friction.' is kept for frictions: choose another family")
    return name


def _field_name(name: str) -> str:
    if not _FIELD_NAME.match(name) or iskeyword(name):
        raise ValueError(
            f"'{name}' is not a name of a field: write up to 64 letters, digits and _, first a letter, such "
            "as quote_id, and no keyword of Python"
        )
    if name in CALL_ARGUMENTS:
        raise ValueError(f"'{name}' is an argument of track(): choose another name, such as quote_{name}")
    return name


def _channel(name: Any) -> str:
    known = [channel.value for channel in Channel]
    if name not in known:
        raise ValueError(f"there is no channel '{name}'{suggestion(name, known)}; write {', '.join(known)}")
    return str(name)


def _pattern(text: str) -> str:
    if len(text) > LONGEST_PATTERN:
        raise ValueError(f"the pattern has {len(text):,} characters: write at most {LONGEST_PATTERN:,}")
    try:
        TypeAdapter(Annotated[str, Field(pattern=text)])
    except SchemaError:
        shown = text if len(text) <= 60 else f"{text[:60]}…"
        raise ValueError(
            f"'{shown}' is not a regular expression of linear time: write one without lookaround and "
            "backreferences"
        ) from None
    return text


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class FieldDeclaration(_Strict):
    """A field of a type's data; its type alone stands for an optional field of that type."""

    type: FieldType | None = None
    required: bool = False
    description: str = ""
    enum: list[str] | None = Field(default=None, min_length=1, max_length=200)
    min: Annotated[float, Field(allow_inf_nan=False)] | None = None
    max: Annotated[float, Field(allow_inf_nan=False)] | None = None
    pattern: Annotated[str, AfterValidator(_pattern)] | None = None

    def model_post_init(self, _: Any) -> None:
        if self.enum is not None and self.type not in (None, "string"):
            raise ValueError("'enum' lists texts: leave 'type' out, or write string")
        if self.pattern is not None and self.type not in (None, "string", "id"):
            raise ValueError("'pattern' is for texts: write type: string")
        if (self.min, self.max) != (None, None) and self.type not in (None, "integer", "number"):
            raise ValueError("'min' and 'max' are for numbers: write type: number or integer")
        if self.type == "integer" and not self.has_whole_bounds:
            raise ValueError("'min' and 'max' of an integer are whole numbers: round them")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("'min' is above 'max': no value fits")

    @property
    def has_whole_bounds(self) -> bool:
        """Whether the bounds suit an integer."""
        return all(bound is None or bound.is_integer() for bound in (self.min, self.max))


def _short(value: Any) -> Any:
    return {"type": value} if isinstance(value, str) else value


FieldName = Annotated[str, AfterValidator(_field_name)]
Declared = Annotated[FieldDeclaration, BeforeValidator(_short)]
Fields = Annotated[dict[FieldName, Declared], Field(max_length=MOST_FIELDS)]


class OwnType(_Strict):
    """A type of a team's own."""

    description: str = Field(min_length=1)
    owner: str = ""
    phase: int = Field(default=OWN_PHASE, ge=0, le=9)
    version: int = Field(default=1, ge=1, le=65_535)
    channels: list[Annotated[str, BeforeValidator(_channel)]] = []
    violations: Violations = "quarantine"
    fields: Fields = {}


class Tightening(_Strict):
    """Where a team is stricter with a type of the vocabulary: fields of it, further fields, channels."""

    owner: str = ""
    channels: list[Annotated[str, BeforeValidator(_channel)]] = []
    violations: Violations = "quarantine"
    required: list[str] = []
    fields: Fields = {}


class Plan(_Strict):
    """All that a plan says, by the names of types."""

    types: Mapping[str, OwnType] = {}
    tighten: Mapping[str, Tightening] = {}
