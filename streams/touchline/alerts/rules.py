"""Alert rules as data: what is watched, when it is too much, and how often people are told.

What a rule computes is a function of the frictions and events that there are, by their own times (ms since
1970): never of the order in which they came. Four kinds:

- `threshold`: so many different customers, within a time, met one of the frictions or events.
- `change`: so many times as many frictions or events as in the same hour of earlier weeks.
- `absence`: no event, of a producer that used to send some, for longer than a time.
- `strike_out`: so many customers, within a time, whose journey came to so many strikes.

Each runs apart for every combination of the labels named in `by`, so that a storm is one incident.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from touchline.vocabulary.durations import DAY, SECOND, parse_duration

Severity = Literal["critical", "warning", "info"]
"""From what wakes somebody to what is good to know."""

FRICTION_LABELS = ("rule", "channel", "source", "factor")
"""What frictions can be told apart by."""

EVENT_LABELS = ("type", "channel", "source", "producer")
"""What events can be told apart by; a condition may name a field `data.NAME` as well."""

STRIKE_LABELS = ("channel", "source")
"""Of the friction with which a journey came to its strikes."""

LONGEST_WINDOW = DAY
LONGEST = 30 * DAY
LEAST_PACE = 10 * SECOND

_EVENT_TYPE = r"^(\*|[a-z][a-z0-9_]*(\.[a-z0-9_]+)*(\.\*)?)$"
_RULE_NAME = r"^(\*|[a-z][a-z0-9_]*)$"


def _span(text: Any) -> int:
    span = parse_duration(text)
    if not 0 <= span <= LONGEST:
        raise ValueError(f"'{text}' is longer than 30 days: write a shorter time")
    return span


def _pace(text: Any) -> int:
    span = _span(text)
    if span < LEAST_PACE:
        raise ValueError(f"'{text}' is shorter than 10s")
    return span


def _window(text: Any) -> int:
    span = parse_duration(text)
    if not 0 < span <= LONGEST_WINDOW:
        raise ValueError(f"'{text}' is not between 1s and 1d")
    return span


def _listed(given: Any) -> Any:
    """One value is short for a list of one."""
    if isinstance(given, str):
        return (given,)
    return tuple(given) if isinstance(given, list) else given


Span = Annotated[int, BeforeValidator(_span)]
Pace = Annotated[int, BeforeValidator(_pace)]
Window = Annotated[int, BeforeValidator(_window)]
Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Types = Annotated[tuple[Annotated[str, Field(pattern=_EVENT_TYPE)], ...], BeforeValidator(_listed)]
RuleNames = Annotated[tuple[Annotated[str, Field(pattern=_RULE_NAME)], ...], BeforeValidator(_listed)]


class AlertRuleModel(BaseModel):
    """What all kinds have. Durations are milliseconds."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    title: str = Field(min_length=1, max_length=120)
    why: str = ""
    owner: str = ""
    severity: Severity = "warning"
    where: dict[str, Names] = {}
    """Field to the values that it may have; all fields have to fit."""
    without: dict[str, Names] = {}
    """Field to values that it may not have."""
    by: Names = ()
    """Labels: each combination of their values is an incident of its own."""
    wait: Span = Field(default="30s", validate_default=True)
    """From the beginning to the first message: what comes at once is told at once."""
    interval: Pace = Field(default="5m", validate_default=True)
    """Between two messages where something has changed."""
    repeat: Pace = Field(default="4h", validate_default=True)
    """Between two messages where nothing has changed and it is not over."""
    cooldown: Span = Field(default="5m", validate_default=True)
    """So long it has to be quiet until it is over; what begins again within is the same incident."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that there are for this rule."""
        return EVENT_LABELS

    @model_validator(mode="after")
    def _fields_exist(self) -> Self:
        for name in self.by:
            if name not in self.labels:
                raise ValueError(
                    f"by: there is no label '{name}' here; write one of {', '.join(self.labels)}"
                )
        for part, fields in (("where", self.where), ("without", self.without)):
            for name in fields:
                if name not in self.labels and not (self.labels is EVENT_LABELS and name.startswith("data.")):
                    known = ", ".join(self.labels)
                    raise ValueError(f"{part}: there is no '{name}' here; write one of {known}")
        return self


class Watching(AlertRuleModel):
    """A rule on frictions (ids of friction rules, or `*`) or on events (types, `contact.*`, or `*`)."""

    frictions: RuleNames = ()
    events: Types = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """Those of frictions, or of events."""
        return FRICTION_LABELS if self.frictions else EVENT_LABELS

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if bool(self.frictions) == bool(self.events):
            raise ValueError("write either 'frictions' or 'events'")
        return self


class Threshold(Watching):
    """At least `customers` different ones in the last `within`."""

    kind: Literal["threshold"]
    customers: int = Field(ge=1)
    within: Window


class Change(Watching):
    """At least `at_least` in the last `within`, and `times` as many as is usual.

    Usual is the median of the same time of day and week in up to `weeks` weeks before, as far as the data
    go back; before they go back a week, the rule is silent. Counted by the minute, or by a twentieth of
    `within` if that is longer.
    """

    kind: Literal["change"]
    times: float = Field(default=2.0, gt=1.0)
    at_least: int = Field(default=10, ge=1)
    within: Window = Field(default="1h", validate_default=True)
    weeks: int = Field(default=4, ge=1, le=8)


class Absence(AlertRuleModel):
    """No event for longer than `longer_than`, where there was one before. After `forget` it is not missed."""

    kind: Literal["absence"]
    events: Types = ("*",)
    by: Names = ("producer",)
    longer_than: Window = Field(default="1h", validate_default=True)
    forget: Span = Field(default="7d", validate_default=True)
    cooldown: Span = Field(default="0s", validate_default=True)

    @model_validator(mode="after")
    def _over_at_once(self) -> Self:
        if self.cooldown:
            raise ValueError("an absence is over with the next event: leave cooldown out")
        return self


class StrikeOut(AlertRuleModel):
    """At least `customers` in the last `within` whose journey came to `strikes` strikes."""

    kind: Literal["strike_out"]
    strikes: int = Field(ge=1)
    customers: int = Field(default=1, ge=1)
    within: Window = Field(default="1h", validate_default=True)

    @property
    def labels(self) -> tuple[str, ...]:
        """Those of the friction that brought the last strike."""
        return STRIKE_LABELS


AlertRule = Annotated[Threshold | Change | Absence | StrikeOut, Field(discriminator="kind")]

KINDS: dict[str, type[AlertRuleModel]] = {
    "threshold": Threshold,
    "change": Change,
    "absence": Absence,
    "strike_out": StrikeOut,
}
"""Every kind by its name."""
