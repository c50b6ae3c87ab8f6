"""Rules as data: what a rules file may say, and what is wrong with one (SEMANTICS §2)."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from touchline.friction import conditions
from touchline.friction.calendar import Calendar
from touchline.friction.document import Document, Fault, suggestion
from touchline.friction.overrides import Entry, entries, overridden

_UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"(\d+)([smhd])\Z")
_BUSINESS = re.compile(r"([1-9]\d*) business (minute|hour)s?\Z")

Factor = Literal["people", "process", "technology", "culture"]


class RulesError(ValueError):
    """A rules file that cannot be used; the message says where and what to write instead, a fault a line."""


def duration(text: Any) -> int:
    """Milliseconds of a duration written `45s`, `30m`, `4h` or `7d`.

    Raises:
        ValueError: not a duration.
    """
    match = _DURATION.match(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{text!r} is no duration: write 45s, 30m, 4h or 7d")
    return int(match[1]) * _UNITS[match[2]]


def _calendar(name: Any, info: ValidationInfo) -> Any:
    known: Mapping[str, Calendar] = (info.context or {}).get("calendars", {})
    if not isinstance(name, str) or name not in known:
        raise ValueError(
            f"there is no calendar '{name}'{suggestion(name, known)}; write it under 'calendars'"
        )
    return known[name]


def _waiting(text: Any, info: ValidationInfo) -> int:
    calendar: Calendar | None = info.data.get("calendar")
    if not isinstance(text, str) or "business" not in text:
        if calendar is not None:
            raise ValueError("with a 'calendar' it is opening time that counts: write 8 business hours")
        return duration(text)
    match = _BUSINESS.match(text.strip())
    if match is None:
        raise ValueError(
            f"'{text}' is no business time: write 8 business hours or 90 business minutes "
            "(a business day is as long as its hours)"
        )
    if "calendar" in info.data and calendar is None:
        raise ValueError(f"'{text}' of which calendar? write calendar: NAME, and NAME under 'calendars'")
    within = int(match[1]) * _UNITS[match[2][0]]
    if calendar is not None and within > calendar.year_of_opening:
        raise ValueError(f"'{text}' are more than a year of the calendar's opening hours: write fewer")
    return within


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
        faults = [*self._type_faults(), *self._condition_faults()]
        if faults:
            # One error of pydantic's has one place; these have each their own.
            raise PydanticCustomError("selector", "not a selector", {"faults": faults})

    def _type_faults(self) -> Iterable[tuple[str, str | int, str]]:
        for number, name in enumerate(self.types or ()):
            if name.startswith("friction.") or name in ("*", "friction"):
                continue
            if "*" in name.removesuffix(".*"):
                yield "types", number, f"'{name}': a pattern is 'family.*' or '*'"

    def _condition_faults(self) -> Iterable[tuple[str, str | int, str]]:
        for path, wanted in self.where.items():
            for name in wanted if isinstance(wanted, dict) else ():
                if near := suggestion(name, conditions.OPERATORS) if name not in conditions.OPERATORS else "":
                    yield "where", path, f"unknown operator '{name}'{near}"
                    break
            else:
                try:
                    conditions.condition(path, wanted)
                except ValueError as error:
                    yield "where", path, str(error).removeprefix(f"{path}: ")


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
    def parts(self) -> list[tuple[str, SelectorModel]]:
        """Every selector of the rule, with the name of its part."""
        found = ((name, getattr(self, name)) for name in type(self).model_fields)
        return [(name, value) for name, value in found if isinstance(value, SelectorModel)]

    @property
    def selectors(self) -> list[SelectorModel]:
        """Every selector of the rule."""
        return [selector for _, selector in self.parts]

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
    """After one event another is expected within a time, or by a time that the event names.

    `within` is in ms: of opening time where there is a `calendar`, else of time.
    """

    kind: Literal["expect"]
    after: Selector
    then: Selector
    calendar: Annotated[Calendar | None, BeforeValidator(_calendar)] = None
    within: Annotated[int, BeforeValidator(_waiting)] | None = None
    by: Path | None = None
    unless: Selector | None = None
    restart: bool = False

    def model_post_init(self, _: Any) -> None:
        if (self.within is None) == (self.by is None):
            raise ValueError("write either 'within' (a duration) or 'by' (a field that holds the time)")
        if self.calendar is not None and self.within is None:
            raise ValueError("'by' is a time already: a 'calendar' goes with 'within'")


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


_RULE: TypeAdapter[Rule] = TypeAdapter(Rule)
_MODELS: dict[str, type[_Rule]] = {
    "match": MatchRule,
    "expect": ExpectRule,
    "repeat": RepeatRule,
    "sequence": SequenceRule,
}


class _File(_Strict):
    extends: str | None = None
    calendars: dict[str, Calendar] = {}
    rules: list[dict[str, Any]] = []
    change: dict[str, dict[str, Any]] = {}
    disable: list[str] = []
    examples: dict[str, Any] = {}


class RulesFile(NamedTuple):
    """What a rules file says, all that it extends included."""

    rules: tuple[Rule, ...]
    entries: tuple[Entry, ...]
    """The rules as they are written."""
    calendars: Mapping[str, Calendar]
    faults: tuple[Fault, ...]
    """With any of these the file cannot be used: `rules` lacks those that are at fault."""


def parse_rules(text: str, name: str = "rules", packs: Mapping[str, str] | None = None) -> tuple[Rule, ...]:
    """The rules of a YAML text; `name` is what messages call it, `packs` the texts that it may extend.

    Raises:
        RulesError: with every fault found, one a line, as `name:line:column: what is wrong`.
    """
    file = read_rules(Document(text, name), packs or {})
    if file.faults:
        raise RulesError("\n".join(map(str, file.faults)))
    return file.rules


def read_rules(document: Document, packs: Mapping[str, str]) -> RulesFile:
    """The rules of a document and all that is wrong with it; `packs` are the texts that it may extend."""
    file, faults = _file(document)
    written = entries(document, file.rules)
    calendars = file.calendars
    if file.extends is not None and file.extends in packs:
        base = read_rules(Document(packs[file.extends], f"{file.extends} pack"), {})
        written, over = overridden(list(base.entries), written, document, file.change, file.disable)
        faults += over
        calendars = {**base.calendars, **calendars}
    elif file.extends is not None:
        message = f"extends: there is no pack '{file.extends}'{suggestion(file.extends, packs)}"
        faults.append(document.fault(("extends",), message))
    elif file.change or file.disable:
        message = "there is nothing to change or to disable: write extends: default as well"
        faults.append(document.fault(("change" if file.change else "disable",), message, key=True))
    rules = []
    for entry in written:
        try:
            rules.append((_RULE.validate_python(entry.raw, context={"calendars": calendars}), entry))
        except ValidationError as error:
            faults += _rule_faults(error, entry)
    faults += _layer_faults(rules, {one.id for one in written})
    return RulesFile(tuple(rule for rule, _ in rules), tuple(written), calendars, tuple(faults))


def _file(document: Document) -> tuple[_File, list[Fault]]:
    faults = list(document.faults)
    raw = document.raw
    if not isinstance(raw, dict):
        if not faults:
            faults.append(document.fault((), "write a list of rules under 'rules'"))
        return _File(), faults
    if not raw.keys() & {"rules", "extends"} and not faults:
        faults.append(document.fault((), "there are no rules: write them under 'rules', or extends: default"))
    good = {}
    for name, value in raw.items():
        try:
            good[name] = getattr(_File.model_validate({name: value}), str(name))
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                loc = tuple(detail["loc"])
                known = Calendar.model_fields if loc[0] == "calendars" else _File.model_fields
                message = f"{'.'.join(map(str, loc))}: {explained(detail, known)}"
                faults.append(document.fault(loc, message, key=detail["type"] == "extra_forbidden"))
            if name == "calendars" and isinstance(value, dict):
                good[name] = dict.fromkeys(value, _ALWAYS)  # or each rule that names one would be at fault
    return _File.model_construct(**good), faults


_ALWAYS = Calendar.model_validate({"zone": "UTC", "hours": {"mon-sun": "00:00-24:00"}})


def _rule_faults(error: ValidationError, entry: Entry) -> Iterable[Fault]:
    for detail in error.errors(include_url=False):
        kind, *loc = detail["loc"] or ("",)
        if detail["type"] == "selector":
            for part, at, message in detail["ctx"]["faults"]:
                yield entry.fault((*loc, part, at), message)
            continue
        known = SelectorModel.model_fields if len(loc) > 1 else _MODELS.get(str(kind), _Rule).model_fields
        yield entry.fault(tuple(loc), explained(detail, known), key=detail["type"] == "extra_forbidden")


def explained(detail: ErrorDetails, known: Iterable[str]) -> str:
    """What is wrong, of an error of pydantic's; `known` are the keys that may stand there."""
    kinds = ", ".join(_MODELS)
    if detail["type"] == "extra_forbidden":
        word = detail["loc"][-1]
        return f"unknown key{suggestion(word, known) or '; write one of ' + ', '.join(known)}"
    if detail["type"] == "missing":
        return "is missing"
    if detail["type"] == "union_tag_not_found":
        return f"'kind' is missing; write one of {kinds}"
    if detail["type"] == "union_tag_invalid":
        tag = detail["ctx"]["tag"]
        return f"'{tag}' is no kind{suggestion(tag, _MODELS)}; write one of {kinds}"
    return detail["msg"].removeprefix("Value error, ")


def _layer_faults(rules: list[tuple[Rule, Entry]], known: set[str]) -> Iterable[Fault]:
    second = {rule.id for rule, _ in rules if rule.second_layer}
    seen: set[str] = set()
    for rule, entry in rules:
        if rule.id in seen:
            yield entry.fault(("id",), "is there twice: give one of them another id")
        seen.add(rule.id)
        for part, selector in rule.parts:
            for number, name in enumerate(selector.types or ()):
                target = name.removeprefix("friction.")
                if target == name or target == "*":
                    continue
                if target not in known:
                    near = suggestion(target, known)
                    yield entry.fault((part, "types", number), f"'{name}' names no rule of this file{near}")
                elif target in second:
                    message = f"'{name}' is itself of the second layer; name the rules that it hears instead"
                    yield entry.fault((part, "types", number), message)
