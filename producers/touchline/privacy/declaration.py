"""What a file of privacy rules says: the model of `privacy.yaml`."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from touchline.privacy.consent import Unstated
from touchline.privacy.fields import Action, FieldRule
from touchline.privacy.sealing import Storage

MOST_RULES: Final = 200
MOST_PATHS: Final = 200

_KIND = re.compile(r"[a-z][a-z0-9_]{0,31}\Z")
_TYPES = re.compile(r"(\*|[a-z][a-z0-9_]*\.(\*|[a-z0-9_]+(\.[a-z0-9_]+)*(\.\*)?))\Z")
_PATH = re.compile(r"(data|context)(\.[^.]+)*\Z")


def _kind(kind: str) -> str:
    if not _KIND.match(kind):
        raise ValueError(f"'{kind}' is not a kind: write up to 32 lower-case letters, digits and _")
    return kind


def _types(pattern: str) -> str:
    if not _TYPES.match(pattern):
        raise ValueError(f"'{pattern}' matches no type: write a type, family.* or *")
    return pattern


def _path(path: str) -> str:
    if not _PATH.match(path):
        raise ValueError(f"'{path}' is not a path: write such as data.comment, context.*.ip or data.**.email")
    return path


def _listed(given: Any) -> Any:
    return [given] if isinstance(given, str) else given


Paths = Annotated[
    list[Annotated[str, AfterValidator(_path)]],
    BeforeValidator(_listed),
    Field(min_length=1, max_length=MOST_PATHS),
]
TypePattern = Annotated[str, AfterValidator(_types)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class DeclaredFields(_Strict):
    """A rule for fields: what happens to them, and in events of which types."""

    deny: Paths | None = None
    redact: Paths | None = None
    allow: Paths | None = None
    types: Annotated[list[TypePattern], BeforeValidator(_listed), Field(min_length=1)] = ["*"]

    @model_validator(mode="after")
    def _one_action(self) -> "DeclaredFields":
        if sum(paths is not None for paths in (self.deny, self.redact, self.allow)) != 1:
            raise ValueError("write one of deny, redact and allow, with paths")
        return self

    @property
    def rule(self) -> FieldRule:
        """The rule."""
        declared: dict[Action, list[str] | None] = {
            "deny": self.deny,
            "redact": self.redact,
            "allow": self.allow,
        }
        ((action, paths),) = ((action, paths) for action, paths in declared.items() if paths is not None)
        return FieldRule(action, tuple(paths), tuple(self.types))


class DeclaredConsent(_Strict):
    """The purposes that events need."""

    purpose: str = ""
    types: Mapping[TypePattern, Annotated[str, Field(min_length=1)]] = {}
    unstated: Unstated = "store"


class Declared(_Strict):
    """All that the file says."""

    identifiers: Mapping[Annotated[str, AfterValidator(_kind)], Storage] = {}
    fields: Annotated[list[DeclaredFields], Field(max_length=MOST_RULES)] = []
    consent: DeclaredConsent = DeclaredConsent()
