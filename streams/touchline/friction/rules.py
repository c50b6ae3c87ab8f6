"""Rules as data: what a rules file may say, and what is wrong with one (SEMANTICS §2)."""

import hashlib
import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from touchline.friction import conditions

_UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"(\d+)([smhd])\Z")

Factor = Literal["people", "process", "technology", "culture"]


class RulesError(ValueError):
    """A rules file that cannot be used; the message says where and what to write instead."""


def duration(text: Any) -> int:
    """Milliseconds of a duration written `45s`, `30m`, `4h` or `7d`.

    Raises:
        ValueError: not a duration.
    """
    match = _DURATION.match(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{text!r} is no duration: write 45s, 30m, 4h or 7d")
    return int(match[1]) * _UNITS[match[2]]


def _path(path: str) -> str:
    conditions.field(path)
    return path


def _selector(value: Any) -> Any:
    if isinstance(value, str | list):
        value = {"types": value}
    if isinstance(value, dict) and isinstance(value.get("types"), str):
        value = {**value, "types": [value["types"]]}
    return value


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class SelectorModel(_Strict):
    """Which events, or signals of other rules, take a part in a rule."""

    types: list[str] | None = Field(default=None, min_length=1)
    where: dict[str, Any] = {}

    def model_post_init(self, _: Any) -> None:
        for path, wanted in self.where.items():
            conditions.condition(path, wanted)
        for name in self.types or ():
            if name.startswith("friction.") or name in ("*", "friction"):
                continue
            if "*" in name.removesuffix(".*"):
                raise ValueError(f"'{name}': a pattern is 'family.*' or '*'")


Selector = Annotated[SelectorModel, BeforeValidator(_selector)]
Duration = Annotated[int, BeforeValidator(duration)]
Path = Annotated[str, AfterValidator(_path)]


class _Rule(_Strict):
    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}$")
    weight: int = Field(default=10, ge=0, le=65_535)
    factor: Factor = "process"
    title: str = ""
    why: str = ""
    owner: str = ""
    channels: list[str] = []
    key: list[Path] = []

    @property
    def selectors(self) -> list[SelectorModel]:
        """Every selector of the rule."""
        found = (getattr(self, name) for name in type(self).model_fields)
        return [value for value in found if isinstance(value, SelectorModel)]

    @property
    def second_layer(self) -> bool:
        """Whether the rule hears signals of other rules."""
        return any(name.startswith("friction.") for one in self.selectors for name in one.types or ())

    @property
    def version(self) -> str:
        """A fingerprint of all that the rule says."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]


class MatchRule(_Rule):
    """Every matching event is a signal."""

    kind: Literal["match"]
    when: Selector


class ExpectRule(_Rule):
    """After one event another is expected within a time, or by a time that the event names."""

    kind: Literal["expect"]
    after: Selector
    then: Selector
    within: Duration | None = None
    by: Path | None = None
    unless: Selector | None = None
    restart: bool = False

    def model_post_init(self, _: Any) -> None:
        if (self.within is None) == (self.by is None):
            raise ValueError("write either 'within' (a duration) or 'by' (a field that holds the time)")


class RepeatRule(_Rule):
    """The same again, a number of times within a time."""

    kind: Literal["repeat"]
    of: Selector
    count: int = Field(ge=2)
    within: Duration
    distinct: Path | None = None


class SequenceRule(_Rule):
    """One event, and then another within a time."""

    kind: Literal["sequence"]
    first: Selector
    then: Selector
    within: Duration
    without: Selector | None = None


Rule = Annotated[MatchRule | ExpectRule | RepeatRule | SequenceRule, Field(discriminator="kind")]


class _RulesFile(_Strict):
    rules: list[Rule]


def parse_rules(text: str, name: str = "rules") -> tuple[Rule, ...]:
    """The rules of a YAML text; `name` is what messages call it.

    Raises:
        RulesError: with every fault found, one a line.
    """
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RulesError(f"{name}: not YAML: {error}") from error
    try:
        rules = tuple(_RulesFile.model_validate(raw).rules)
    except ValidationError as error:
        raise RulesError("\n".join(_faults(error, raw, name))) from error
    faults = [f"{name}: {fault}" for fault in _layer_faults(rules)]
    if faults:
        raise RulesError("\n".join(faults))
    return rules


def _layer_faults(rules: tuple[Rule, ...]) -> Iterable[str]:
    by_id = {rule.id: rule for rule in rules}
    if len(by_id) < len(rules):
        seen: set[str] = set()
        for rule in rules:
            if rule.id in seen:
                yield f"rule '{rule.id}' is there twice: give one of them another id"
            seen.add(rule.id)
    for rule in rules:
        for selector in rule.selectors:
            for name in selector.types or ():
                target = name.removeprefix("friction.")
                if target == name or target == "*":
                    continue
                if target not in by_id:
                    yield f"rule '{rule.id}': '{name}' names no rule of this file"
                elif by_id[target].second_layer:
                    yield (
                        f"rule '{rule.id}': '{name}' is itself of the second layer; "
                        "name the rules that it hears instead"
                    )


def _faults(error: ValidationError, raw: Any, name: str) -> Iterable[str]:
    for fault in error.errors(include_url=False):
        where = [part for part in fault["loc"] if part not in ("match", "expect", "repeat", "sequence")]
        label = ".".join(map(str, where))
        if len(where) > 1 and where[0] == "rules" and isinstance(where[1], int):
            entry = raw["rules"][where[1]]
            known = entry.get("id") if isinstance(entry, dict) else None
            label = ".".join([f"rule '{known or where[1] + 1}'", *map(str, where[2:])])
        message = fault["msg"].removeprefix("Value error, ")
        yield f"{name}: {label}: {message}" if label else f"{name}: {message}"
