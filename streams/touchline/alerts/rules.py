"""Alert rules as data: what a rule watches, when it fires, and how often it notifies.

The result of a rule is a function of the set of frictions and events and their own times (ms since 1970),
never of their order of arrival. Four kinds:

- `threshold`: a number of different customers had one of the frictions or events within a time.
- `change`: the count is a multiple of the count in the same hour of earlier weeks.
- `absence`: a producer that sent events sends none for longer than a time.
- `strike_out`: the journeys of a number of customers reached a number of strikes within a time.

A rule runs separately for each combination of the labels in `by`, so a storm of frictions is one incident.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from touchline.vocabulary.durations import DAY, SECOND, parse_duration

Severity = Literal["critical", "warning", "info"]
"""`critical` wakes on-call; `info` is good to know."""

FRICTION_LABELS = ("rule", "channel", "source", "factor")
"""Labels of a rule on frictions."""

EVENT_LABELS = ("type", "channel", "source", "producer")
"""Labels of a rule on events; a condition may name a field `data.NAME` as well."""

STRIKE_LABELS = ("channel", "source")
"""Labels of the friction with which a journey reached its strikes."""

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
    """A value that is no list, as a list of that value."""
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
    """The fields of every kind. Durations are in milliseconds."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    title: str = Field(min_length=1, max_length=120)
    why: str = ""
    owner: str = ""
    severity: Severity = "warning"
    where: dict[str, Names] = {}
    """Allowed values by field; all fields must match."""
    without: dict[str, Names] = {}
    """Excluded values by field."""
    by: Names = ()
    """Labels; each combination of their values is a separate incident."""
    wait: Span = Field(default="30s", validate_default=True)
    """From the opening to the first message, so that one message covers all that opens at once."""
    interval: Pace = Field(default="5m", validate_default=True)
    """Between two messages if the incident changed."""
    repeat: Pace = Field(default="4h", validate_default=True)
    """Between two messages if the incident is unchanged and still open."""
    cooldown: Span = Field(default="5m", validate_default=True)
    """Quiet time until the incident resolves; a recurrence within it belongs to the same incident."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that this rule may use."""
        return EVENT_LABELS

    @model_validator(mode="after")
    def _fields_exist(self) -> Self:
        for name in self.by:
            if name not in self.labels:
                raise ValueError(f"by: unknown label '{name}': write one of {', '.join(self.labels)}")
        for part, fields in (("where", self.where), ("without", self.without)):
            for name in fields:
                if name not in self.labels and not (self.labels is EVENT_LABELS and name.startswith("data.")):
                    known = ", ".join(self.labels)
                    raise ValueError(f"{part}: unknown field '{name}': write one of {known}")
        return self


class Watching(AlertRuleModel):
    """A rule on frictions (ids of friction rules, or `*`) or on events (types, `contact.*`, or `*`)."""

    frictions: RuleNames = ()
    events: Types = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of frictions, or of events."""
        return FRICTION_LABELS if self.frictions else EVENT_LABELS

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if bool(self.frictions) == bool(self.events):
            raise ValueError("write either 'frictions' or 'events'")
        return self


class Threshold(Watching):
    """At least `customers` different customers in the last `within`."""

    kind: Literal["threshold"]
    customers: int = Field(ge=1)
    within: Window


class Change(Watching):
    """At least `at_least` in the last `within`, and at least `times` the usual count.

    The usual count is the median of the same time of day and week in up to `weeks` earlier weeks with data.
    With less than a week of data the rule never fires. Counts are per minute, or per twentieth of `within` if
    that is longer.
    """

    kind: Literal["change"]
    times: float = Field(default=2.0, gt=1.0)
    at_least: int = Field(default=10, ge=1)
    within: Window = Field(default="1h", validate_default=True)
    weeks: int = Field(default=4, ge=1, le=8)


class Absence(AlertRuleModel):
    """No event for `longer_than` after an earlier one. After `forget` the absence is ignored."""

    kind: Literal["absence"]
    events: Types = ("*",)
    by: Names = ("producer",)
    longer_than: Window = Field(default="1h", validate_default=True)
    forget: Span = Field(default="7d", validate_default=True)
    cooldown: Span = Field(default="0s", validate_default=True)

    @model_validator(mode="after")
    def _over_at_once(self) -> Self:
        if self.cooldown:
            raise ValueError("an absence resolves with the next event: leave cooldown out")
        return self


class StrikeOut(AlertRuleModel):
    """At least `customers` customers reached `strikes` strikes in a journey in `within`."""

    kind: Literal["strike_out"]
    strikes: int = Field(ge=1)
    customers: int = Field(default=1, ge=1)
    within: Window = Field(default="1h", validate_default=True)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the friction that brought the last strike."""
        return STRIKE_LABELS


AlertRule = Annotated[Threshold | Change | Absence | StrikeOut, Field(discriminator="kind")]

KINDS: dict[str, type[AlertRuleModel]] = {
    "threshold": Threshold,
    "change": Change,
    "absence": Absence,
    "strike_out": StrikeOut,
}
"""Kinds by name."""
