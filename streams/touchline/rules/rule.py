"""The model of a rule: the kinds, their fields and the values of each (docs/semantics.md#friction)."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from touchline.documents import suggestion
from touchline.rules import conditions
from touchline.rules.calendar import Calendar
from touchline.vocabulary.durations import DAY, UNITS, parse_duration

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}\Z")
_BUSINESS = re.compile(r"([1-9]\d*) business (minute|hour)s?\Z")

LONGEST = 3_660 * DAY
"""The longest duration (ms) of a rule."""

Factor = Literal["people", "process", "technology", "culture"]


def _span(text: Any) -> int:
    span = parse_duration(text)
    if span > LONGEST:
        raise ValueError(f"'{text}' is longer than ten years: write a shorter duration")
    return span


def _calendar(name: Any, info: ValidationInfo) -> Any:
    known: Mapping[str, Calendar] = (info.context or {}).get("calendars", {})
    if not isinstance(name, str) or name not in known:
        raise ValueError(
            f"there is no calendar '{name}'{suggestion(name, known)}; define it under 'calendars'"
        )
    return known[name]


def _within(text: Any, info: ValidationInfo) -> int:
    calendar: Calendar | None = info.data.get("calendar")
    if not isinstance(text, str) or "business" not in text:
        if calendar is not None:
            raise ValueError("a 'calendar' counts business time: write a duration such as 8 business hours")
        return _span(text)
    match = _BUSINESS.match(text.strip())
    if match is None:
        raise ValueError(
            f"'{text}' is not a business time: write 8 business hours or 90 business minutes "
            "(business days are not supported: their length varies)"
        )
    if "calendar" in info.data and calendar is None:
        raise ValueError(f"'{text}' needs a calendar: add calendar: NAME, with NAME under 'calendars'")
    within = int(match[1]) * UNITS[match[2][0]]
    if calendar is not None and within > calendar.year_of_opening:
        raise ValueError(f"'{text}' exceeds a year of the calendar's opening hours: write less")
    return within


def check_id(text: str) -> str:
    """An id of a rule or another document.

    Raises:
        ValueError: it has other characters, or too many.
    """
    if not _ID.match(text):
        raise ValueError(
            f"'{text}' is not an id: write up to 64 of A-Z, a-z, 0-9, _, . and -, first a letter or digit"
        )
    return text


def _path(path: str) -> str:
    conditions.field(path)
    return path


def _selector(value: Any) -> Any:
    if isinstance(value, str | list):
        value = {"types": value}
    if not isinstance(value, dict):
        raise ValueError(
            f"{value!r} is not a selector: write a type, a list of types, or {{types: …, where: …}}"
        )
    return {**value, "types": [value["types"]]} if isinstance(value.get("types"), str) else value


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class SelectorModel(_Strict):
    """Selects events, or signals of other rules."""

    types: list[str] | None = Field(default=None, min_length=1)
    where: dict[str, Any] = {}

    def model_post_init(self, _: Any) -> None:
        faults = [*self._type_faults(), *self._condition_faults()]
        if faults:
            # A pydantic error has one location; each of these faults has its own.
            raise PydanticCustomError("selector", "not a selector", {"faults": faults})

    def _type_faults(self) -> Iterable[tuple[str, str | int, str]]:
        for number, name in enumerate(self.types or ()):
            if name.startswith("friction.") or name in ("*", "friction"):
                continue
            if "*" in name.removesuffix(".*"):
                yield "types", number, f"'{name}' is not a pattern: write 'family.*' or '*'"

    def _condition_faults(self) -> Iterable[tuple[str, str | int, str]]:
        for path, wanted in self.where.items():
            for name in conditions.operators(wanted):
                if near := suggestion(name, conditions.OPERATORS) if name not in conditions.OPERATORS else "":
                    yield "where", path, f"unknown operator '{name}'{near}"
                    break
            else:
                try:
                    conditions.condition(path, wanted)
                except ValueError as error:
                    yield "where", path, str(error).removeprefix(f"{path}: ")


Selector = Annotated[SelectorModel, BeforeValidator(_selector)]
Duration = Annotated[int, BeforeValidator(_span)]
Path = Annotated[str, AfterValidator(_path)]


class RuleModel(_Strict):
    """The fields of every kind of rule."""

    id: Annotated[str, AfterValidator(check_id)]
    weight: int = Field(default=10, ge=0, le=65_535)
    factor: Factor = "process"
    title: str = ""
    why: str = ""
    owner: str = ""
    channels: list[str] = []
    key: list[Path] = []

    @property
    def parts(self) -> list[tuple[str, SelectorModel]]:
        """Every selector of the rule, by the name of its field."""
        fields = ((name, getattr(self, name)) for name in type(self).model_fields)
        return [(name, value) for name, value in fields if isinstance(value, SelectorModel)]

    @property
    def selectors(self) -> list[SelectorModel]:
        """Every selector of the rule."""
        return [selector for _, selector in self.parts]

    @property
    def second_layer(self) -> bool:
        """Whether the rule selects signals of other rules."""
        types = (name for selector in self.selectors for name in selector.types or ())
        return any(name.startswith("friction.") for name in types)

    @property
    def version(self) -> str:
        """A fingerprint of all fields."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]


class MatchRule(RuleModel):
    """Every selected event is a signal."""

    kind: Literal["match"]
    when: Selector


class ExpectRule(RuleModel):
    """After an event, another must follow within a duration, or by a time that the event states.

    `within` is in ms: of opening hours if there is a `calendar`, otherwise of time.
    """

    kind: Literal["expect"]
    after: Selector
    then: Selector
    calendar: Annotated[Calendar | None, BeforeValidator(_calendar)] = None
    within: Annotated[int, BeforeValidator(_within)] | None = None
    by: Path | None = None
    unless: Selector | None = None
    restart: bool = False

    def model_post_init(self, _: Any) -> None:
        if (self.within is None) == (self.by is None):
            raise ValueError("write either 'within' (a duration) or 'by' (a field with the time)")
        if self.calendar is not None and self.within is None:
            raise ValueError("a 'calendar' needs 'within': 'by' is a point in time")


class RepeatRule(RuleModel):
    """A number of selected events within a duration."""

    kind: Literal["repeat"]
    of: Selector
    count: int = Field(ge=2)
    within: Duration
    distinct: Path | None = None


class SequenceRule(RuleModel):
    """One event, followed by another within a duration."""

    kind: Literal["sequence"]
    first: Selector
    then: Selector
    within: Duration
    without: Selector | None = None


MODELS: dict[str, type[RuleModel]] = {
    "match": MatchRule,
    "expect": ExpectRule,
    "repeat": RepeatRule,
    "sequence": SequenceRule,
}
"""The kinds of rule by name."""

Rule = Annotated[MatchRule | ExpectRule | RepeatRule | SequenceRule, Field(discriminator="kind")]
